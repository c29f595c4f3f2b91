"""Personal data in a text: found by the recognizers, resolved to spans that do not overlap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

from beside.core.interfaces import Recognizer
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
    asked = [(kind, recognizer(kind)) for kind in (every() if kinds is None else kinds)]
    found = set()
    for at in range(0, len(copy.text), WINDOW):
        low = max(0, at - MARGIN)
        window = copy.text[low : at + WINDOW + MARGIN]
        for kind, one in asked:
            for start, end, score in inside(one, window, at - low):
                if score >= SURE:
                    found.add(Span(*copy.original(low + start, low + end), kind, score, kind))
    return resolved(found)


def inside(one: Recognizer, window: str, begin: int) -> Iterator[Found]:
    """What a recognizer finds in a window: it sees some text on both sides, and what begins inside is kept."""
    for found in one.find(window):
        if begin <= found.start < begin + WINDOW and found.end > found.start:
            yield found


@cache
def every() -> tuple[str, ...]:
    """The names of all recognizers. Listing the folder for each text would take ten times as long as reading the text."""
    return tuple(names("recognizers"))


@cache
def recognizer(kind: str) -> Recognizer:
    """A recognizer, loaded once."""
    found: Recognizer = load("recognizers", kind)
    return found
