"""The candidates of a corpus, kept in the model's folder: a query alone then finds its answer among them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from beside.core.errors import BadInput, StorageFailed
from beside.core.interfaces import Progress
from beside.core.lexical import BM25

TEXTS, VECTORS = "candidates.json", "candidates.safetensors"
PIECE = 256  # candidates embedded at once, so that progress moves


class Catalogue:
    """Candidates to search in.

    Args:
        texts: each once.
        vectors_CH: at unit length; None where the model reads a pair together, and words make the first choice.
    """

    def __init__(self, texts: Sequence[str], vectors_CH: np.ndarray | None) -> None:
        self.texts, self.vectors_CH = list(texts), vectors_CH

    @cached_property
    def words(self) -> BM25:
        """The index of their words."""
        return BM25(self.texts)

    @cached_property
    def place(self) -> dict[str, int]:
        """Text -> where it stands."""
        return {text: at for at, text in enumerate(self.texts)}

    def completed(self, texts: Sequence[str], embed: Callable[[Sequence[str]], np.ndarray]) -> np.ndarray:
        """Vectors of the texts: those that are kept, and of the others what `embed` makes of them."""
        fresh = list(dict.fromkeys(text for text in texts if text not in self.place))
        made = dict(zip(fresh, embed(fresh), strict=True))
        assert self.vectors_CH is not None
        return np.stack([made[text] if text in made else self.vectors_CH[self.place[text]] for text in texts])


def keep(folder: Path, subject: Any, texts: Sequence[str], progress: Progress) -> None:
    """Writes the candidates of a trained model beside its weights, with their vectors where it has such.

    Raises:
        StorageFailed: the disk does not take them.
    """
    apart = subject.task.apart
    vectors = [np.empty((0, subject.model.width), dtype=np.float32)]
    for start in range(0, len(texts) if apart else 0, PIECE):
        vectors.append(subject.embed(texts[start : start + PIECE]))
        progress.step("embed", min(len(texts), start + PIECE), len(texts))
    try:
        (folder / TEXTS).write_text(json.dumps(list(texts), ensure_ascii=False, indent=0), encoding="utf-8")
        if apart:
            save_file({"vectors": np.concatenate(vectors)}, folder / VECTORS)
    except (OSError, SafetensorError) as error:
        raise StorageFailed(f"Cannot save the candidates: {error}.", "Free disk space, then: beside train --resume") from error
    progress.say(f"{len(texts)} candidates are kept with the model, their texts readable; with keep_candidates=false they are not.")


def there(file: Path) -> bool:
    """Whether something was kept in a file; an empty one only waits for it, in the memory of a workspace that encrypts."""
    return file.is_file() and file.stat().st_size > 0


def load_catalogue(folder: Path) -> Catalogue | None:
    """What `keep` wrote; None when nothing was kept.

    Raises:
        BadInput: it cannot be read.
    """
    if not there(folder / TEXTS):
        return None
    try:
        texts = json.loads((folder / TEXTS).read_text(encoding="utf-8"))
        vectors_CH = load_file(folder / VECTORS)["vectors"] if there(folder / VECTORS) else None
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise BadInput(f"Cannot read the candidates in '{folder.name}': {error}", "Train it again.") from error
    if vectors_CH is not None and len(vectors_CH) != len(texts):
        raise BadInput(f"'{folder.name}' holds {len(texts)} candidates and {len(vectors_CH)} vectors.", "Train it again.")
    return Catalogue(texts, vectors_CH)
