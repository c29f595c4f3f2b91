"""Text, corpus -> the training rows nearest to it by embedding: what the model may have learned its answer from.

The embeddings of the rows are computed once for a model and a corpus, and kept as an artifact.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from beside.core.asking import Neighbour, Neighbours
from beside.core.errors import Altered, NotEnoughData, UnknownName
from beside.core.interfaces import Progress, Subject
from beside.core.pairs import shown
from beside.core.types import Example, content_id
from beside.store.artifacts import Artifacts
from beside.store.files import storage_errors, whole_file

SEE_ROWS = ("builder", "annotator", "reviewer", "privacy_officer")  # roles that may see training rows; an admin may anyway
MOST_ROWS = 20_000  # rows compared: embedding more takes minutes at the first question; `Neighbours.of` and `.total` say it
PIECE = 256  # rows embedded at once, so that progress moves


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Where the embeddings of one corpus by one model are kept.

    Args:
        model: id that names the model's weights.
        corpus: id that names the rows.
        artifacts: hold the embeddings.
        home: folder that remembers which artifact it is.
    """

    model: str
    corpus: str
    artifacts: Artifacts
    home: Path

    @property
    def pointer(self) -> Path:
        """The small file that names the artifact."""
        return self.home / f"{content_id('neighbours', [self.model, self.corpus, MOST_ROWS])}.json"

    def read(self, rows: int) -> np.ndarray | None:
        """The embeddings computed earlier; None when there are none, or they are damaged: then they are computed again."""
        try:
            content = self.artifacts.read_bytes(json.loads(self.pointer.read_text(encoding="utf-8"))["embeddings"])
            found: np.ndarray = np.load(io.BytesIO(content), allow_pickle=False)
        except (OSError, ValueError, KeyError, TypeError, Altered, UnknownName):
            return None
        return found if found.ndim == 2 and len(found) == rows else None

    def write(self, index: np.ndarray) -> None:
        """Keeps embeddings as an artifact, and which it is.

        Raises:
            StorageFailed: the disk does not take it.
        """
        stream = io.BytesIO()
        np.save(stream, index, allow_pickle=False)
        with storage_errors(f"'{self.home}'"):
            self.home.mkdir(parents=True, exist_ok=True)
        with whole_file(self.pointer) as file:
            file.write_text(json.dumps({"embeddings": self.artifacts.put_bytes(stream.getvalue())}), encoding="utf-8")


def neighbours(subject: Subject, text: str, rows: Sequence[Example], kept: Kept, *, count: int, progress: Progress) -> Neighbours:
    """The nearest training rows by cosine similarity, nearest first.

    Raises:
        NotEnoughData: the corpus has no training row.
    """
    if not rows:
        raise NotEnoughData("The corpus has no training rows.", "Import one with more rows.")
    compared = spread(rows)
    index_RH = kept.read(len(compared))
    if index_RH is None:
        index_RH = embedded(subject, [row.text for row in compared], progress)
        kept.write(index_RH)
    similarity_R = index_RH @ unit(subject.embed([text]))[0]
    best = np.argsort(-similarity_R, kind="stable")[:count]
    found = [
        Neighbour(id=compared[at].id, text=shown(compared[at].text), label=compared[at].target, similarity=float(similarity_R[at]))
        for at in best.tolist()
    ]
    return Neighbours(rows=tuple(found), of=len(compared), total=len(rows))


def spread(rows: Sequence[Example]) -> Sequence[Example]:
    """All rows, or of a large corpus every so-manieth one, always the same."""
    if len(rows) <= MOST_ROWS:
        return rows
    return [rows[place] for place in np.linspace(0, len(rows) - 1, MOST_ROWS).astype(int).tolist()]


def embedded(subject: Subject, texts: Sequence[str], progress: Progress) -> np.ndarray:
    """Embeddings at unit length, float32, shape (rows, hidden)."""
    pieces = []
    for start in range(0, len(texts), PIECE):
        pieces.append(unit(subject.embed(texts[start : start + PIECE])))
        progress.step("embed", min(len(texts), start + PIECE), len(texts))
    return np.concatenate(pieces)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors at length 1; a vector of zeros stays one."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)
