"""What a person says stands in a row: the word that counts when the row is protected, and what a recognizer can learn from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Literal

from beside.core.errors import BadInput
from beside.core.personal import Span
from beside.core.registry import names, unknown
from beside.core.types import Example, Value

Part = Literal["text", "pair"]
REVIEWED = "review"  # what a span of a person calls its recognizer


class PartSpan(Value):
    """A stretch of personal data in a row."""

    part: Part
    start: int
    end: int
    kind: str


class SpanReview(Value):
    """All that stands in a row, as one person says it."""

    corpus_id: str
    example_id: str
    spans: tuple[PartSpan, ...]
    who: str
    at: datetime


def part_of(example: Example, part: Part) -> str:
    """One text of a row."""
    return example.text if part == "text" else example.pair or ""


def checked(example: Example, spans: Iterable[PartSpan]) -> tuple[PartSpan, ...]:
    """The spans in the order of the row.

    Raises:
        UnknownName: no such kind of personal data.
        BadInput: a span outside its text, or one that overlaps another.
    """
    ordered = sorted(set(spans), key=lambda span: (span.part != "text", span.start, span.end))
    for span in ordered:
        if span.kind not in names("recognizers"):
            raise unknown("kind of personal data", span.kind, names("recognizers"))
        length = len(part_of(example, span.part))
        if not 0 <= span.start < span.end <= length:
            raise BadInput(f"The span {span.start}..{span.end} is not in the {span.part} of {length} characters.", "Mark it again.")
    for one, other in pairwise(ordered):
        if one.part == other.part and other.start < one.end:
            raise BadInput("Two marked stretches overlap.", "Each character may belong to one: take one of them away.")
    return tuple(ordered)


def places(example: Example, words: str, kind: str, beside: Sequence[PartSpan]) -> list[PartSpan]:
    """Every place of a row in which these very words stand, outside of other spans.

    Raises:
        BadInput: they stand nowhere, or only where something is marked already.
    """
    found = []
    for part in ("text", "pair"):
        text, at = part_of(example, part), 0
        while words and (start := text.find(words, at)) >= 0:
            at = start + len(words)
            if not any(one.part == part and one.start < at and start < one.end for one in beside):
                found.append(PartSpan(part=part, start=start, end=at, kind=kind))
    if not found:
        raise BadInput(
            "These words do not stand in the row, or are marked already.", "Copy them from the row exactly as they stand."
        )
    return found


def as_spans(spans: Iterable[PartSpan], part: Part) -> list[Span]:
    """What a person marked in one text, as recognizers tell it."""
    return [Span(span.start, span.end, span.kind, 1.0, REVIEWED) for span in spans if span.part == part]
