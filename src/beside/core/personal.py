"""Spans of personal data in a text: what they are, how a text is read before they are looked for, and which of two wins.

Values are looked for in a plain copy of the text: full-width and other digits and letters in their ASCII form, one kind of dash and
of space, nothing invisible. The copy remembers where each of its characters stood, so that what is found is cut out of the original
whole, with whatever was hidden inside it.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

SURE = 0.5
SHORTEST = 2  # characters of a rest that are worth covering: less is a mark or a space
DASHES = "‐‑‒–—―−﹘﹣－"
SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
# never seen on a screen: zero-width, direction, joiners, soft hyphen, variation selectors, tags
HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]+"
)
# whether a text may hold anything that the plain copy writes otherwise; Chinese, kana and Latin letters with accents do not
ODD = re.compile(
    "[\u00a0\u00ad\u00b2\u00b3\u00b9\u034f\u0600-\u1fff\u2000-\u206f\u2070-\u20cf\u2100-\u2bff\u3000\ua600-\uabff\ufe00-\uffef\U00010000-\U0001ffff\U000e0000-\U000e0fff]"
)


class Found(NamedTuple):
    """What a recognizer found in a plain text."""

    start: int  # character, inclusive
    end: int  # character, exclusive
    score: float  # 0..1, how sure it is


class Span(NamedTuple):
    """A stretch of personal data in a text."""

    start: int  # character, inclusive
    end: int  # character, exclusive
    kind: str  # email, person, ...
    score: float  # 0..1
    recognizer: str  # who found it: a recognizer, or the id of a trained tagger


@cache
def plain_forms() -> dict[int, str]:
    """Code point -> the one ASCII character that it stands for."""
    found = {ord(dash): "-" for dash in DASHES} | {ord(space): " " for space in SPACES}
    for block in (
        range(0xB2, 0xBA),
        range(0x2070, 0x20A0),
        range(0x2100, 0x2150),
        range(0x2460, 0x2500),
        range(0xFF01, 0xFF0C),  # not the comma: it parts two numbers, as ASCII's parts the thousands of one
        range(0xFF0D, 0xFF5F),
        range(0x1D400, 0x1D800),
    ):
        for code in block:
            form = unicodedata.normalize("NFKC", chr(code))
            if len(form) == 1 and form < "\x7f":
                found.setdefault(code, form)
    for code in (*range(0x660, 0x1B60), *range(0xA620, 0xAC00), *range(0x10000, 0x1FC00)):
        digit = unicodedata.decimal(chr(code), None)
        if digit is not None:
            found.setdefault(code, str(digit))
    return found


@dataclass(frozen=True)
class Plain:
    """The plain copy of a text. `cuts` are places in the copy before which hidden characters stood; `shifts` how many so far."""

    text: str
    cuts: Sequence[int] = ()
    shifts: Sequence[int] = ()

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Where a stretch of the copy, at least one character, stands in the text itself."""
        return self._place(start), self._place(end - 1) + 1

    def _place(self, place: int) -> int:
        before = bisect_right(self.cuts, place)
        return place + (self.shifts[before - 1] if before else 0)


def plain(text: str) -> Plain:
    """The plain copy of a text; linear in its length."""
    if text.isascii() or not ODD.search(text):
        return Plain(text)
    copy = text.translate(plain_forms())
    cuts: list[int] = []
    shifts: list[int] = []
    gone = 0
    for hidden in HIDDEN.finditer(copy):
        cuts.append(hidden.start() - gone)
        gone += hidden.end() - hidden.start()
        shifts.append(gone)
    return Plain(HIDDEN.sub("", copy), cuts, shifts) if gone else Plain(copy)


def resolved(spans: Iterable[Span]) -> list[Span]:
    """Spans that do not overlap, in the order of the text.

    Of two that overlap the surer stays, then the longer, then the earlier, then the first by name. What a sure losing span (0.5 and
    above) covers beside the winner stays covered: taking it out of the list must not leave half a value behind.
    """
    found: list[Span] = []
    group: list[Span] = []
    end = -1
    for span in sorted(spans):
        if group and span.start >= end:
            found += settled(group)
            group = []
        group.append(span)
        end = max(end, span.end)
    return found + settled(group)


def settled(group: Sequence[Span]) -> list[Span]:
    """`resolved`, of spans that hang together."""
    if len(group) == 1:
        return list(group)
    chosen: list[Span] = []
    for span in sorted(group, key=lambda span: (-span.score, span.start - span.end, span.start, span.kind, span.recognizer)):
        taken = sorted(other for other in chosen if other.start < span.end and span.start < other.end)
        if not taken:
            chosen.append(span)
        elif span.score >= SURE:
            chosen += rests(span, taken)
    return sorted(chosen)


def rests(span: Span, taken: Sequence[Span]) -> list[Span]:
    """What of a span is left beside others, where that is more than a mark or a space."""
    parts, at = [], span.start
    for other in (*taken, span._replace(start=span.end)):
        if other.start - at >= SHORTEST:
            parts.append(span._replace(start=at, end=other.start))
        at = max(at, other.end)
    return parts
