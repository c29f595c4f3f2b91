"""Full-width and half-width letters and marks exchanged, as Chinese and Japanese input methods leave them: ＡＰＰ, hello，"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from beside.perturbations._words import HAN, fixed, free, words

SHIFT = 0xFEE0  # from `!` (U+0021) to `！` (U+FF01): the Halfwidth and Fullwidth Forms block of Unicode
HALF, FULL = ",?!:;()", "，？！：；（）"
STOPS = {"。": ".", "．": "."}
TO_FULL = {**{chr(code): chr(code + SHIFT) for code in (*range(65, 91), *range(97, 123))}, **dict(zip(HALF, FULL, strict=True))}
TO_HALF = {full: half for half, full in TO_FULL.items()} | STOPS
MARK = re.compile(rf"(?<!\d)(?:[{re.escape(HALF + FULL)}。．]|(?<=[{HAN}])\.)(?!\d)")


@dataclass(frozen=True, kw_only=True)
class Widths:
    """A stretch of the words and marks that have another width get it; digits stay, so that no amount is touched.

    Unicode calls both widths the same character (NFKC), so the meaning cannot change.
    """

    share: float = field(default=0.5, metadata={"unit": "share of words and marks", "reason": "the keyboard is switched half-way"})

    examples: ClassVar[tuple[str, ...]] = (
        "我的转账250元，怎么还没有到账？",
        "Where is my transfer, please?",
        "ＡＴＭ吞卡了，怎么办？",
    )

    def edit(self, text: str, rng: np.random.Generator) -> str:
        """One edited copy; the text itself when nothing in it can be edited."""
        if not any(char.isalpha() for char in text):
            return text
        taken = fixed(text)
        inside = (spot.span() for spot in words(text) if all(char in TO_FULL or char in TO_HALF for char in spot.group()))
        marks = (spot.span() for spot in MARK.finditer(text) if free(*spot.span(), taken))
        spots = sorted({*inside, *marks})
        if not spots:
            return text
        length = max(1, round(self.share * len(spots)))
        first = int(rng.integers(len(spots) - length + 1))
        chars = list(text)
        for start, end in spots[first : first + length]:
            chars[start:end] = [other(char) for char in text[start:end]]
        return "".join(chars)


def other(char: str) -> str:
    """The same character in the other width; `.` after a Chinese character becomes `。`."""
    return "。" if char == "." else TO_FULL.get(char) or TO_HALF[char]


perturbation = Widths()
