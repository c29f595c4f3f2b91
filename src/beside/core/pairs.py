"""Two texts that are asked about together travel as one: with U+001F between them, which `clean` takes out of every text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from beside.core.cleaning import BETWEEN
from beside.core.types import Example

SHOWN = " ⇄ "  # what a person sees between them


def joined(text: str, pair: str | None) -> str:
    """What a model is asked: the text, or both of a pair."""
    return text if pair is None else f"{text}{BETWEEN}{pair}"


def apart(asked: str) -> tuple[str, str | None]:
    """The text and, of a pair, the second text."""
    text, between, pair = asked.partition(BETWEEN)
    return text, pair if between else None


def is_pair(asked: str) -> bool:
    """Whether these are two texts."""
    return BETWEEN in asked


def whole(examples: Iterable[Example]) -> list[Example]:
    """The same rows, each with all that the model is asked as its `text`; rows without a pair stay the very same objects."""
    return [
        row if row.pair is None else row.model_copy(update={"text": joined(row.text, row.pair), "pair": None}) for row in examples
    ]


def halves(example: Example) -> Example:
    """A row as it is stored, the second text in `pair` again."""
    if not is_pair(example.text):
        return example
    text, pair = apart(example.text)
    return example.model_copy(update={"text": text, "pair": pair})


def shown(asked: str) -> str:
    """For a person's eyes."""
    return asked.replace(BETWEEN, SHOWN)


def readable(evidence: Any) -> Any:
    """The same evidence, both texts of a pair as a person reads them."""
    if isinstance(evidence, str):
        return shown(evidence)
    if isinstance(evidence, Mapping):
        return {key: readable(value) for key, value in evidence.items()}
    return [readable(value) for value in evidence] if isinstance(evidence, list) else evidence
