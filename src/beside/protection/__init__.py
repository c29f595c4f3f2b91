"""Personal data in a text: found by the recognizers, resolved to spans that do not overlap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from beside.core.personal import SURE, Found, Span, plain, resolved
from beside.core.registry import load, names

WINDOW, MARGIN = 65_536, 4_096  # characters; no value is longer than the margin


def spans(text: str, kinds: Sequence[str] | None = None) -> list[Span]:
    """Personal data of a text, sorted, without overlaps; time linear in its length.

    Args:
        text: any text.
        kinds: names of recognizers; None: all of them.

    Raises:
        UnknownName: if there is no such recognizer.
    """
    copy = plain(text)
    found = set()
    for kind in names("recognizers") if kinds is None else kinds:
        for start, end, score in hits(kind, copy.text):
            if score >= SURE:
                found.add(Span(*copy.original(start, end), kind, score, kind))
    return resolved(found)


def hits(kind: str, text: str) -> Iterator[Found]:
    """What one recognizer finds, window by window: each sees some text on both sides, and keeps what begins inside it."""
    recognizer = load("recognizers", kind)
    for at in range(0, len(text), WINDOW):
        low = max(0, at - MARGIN)
        for start, end, score in recognizer.find(text[low : at + WINDOW + MARGIN]):
            if at <= low + start < at + WINDOW and end > start:
                yield Found(low + start, low + end, score)
