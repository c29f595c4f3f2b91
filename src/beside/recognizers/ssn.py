"""Social security numbers of the United States."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from beside.core.personal import Found
from beside.recognizers._around import near, of_a_thing

GROUPED = re.compile(r"(?<![0-9A-Za-z])(?<![0-9][.\-/])(?!000|666)\d{3}([ .\-])(?!00)\d{2}\1(?!0000)\d{4}(?![0-9A-Za-z]|[.\-/]\d)")
WHOLE = re.compile(r"(?<![0-9A-Za-z])(?<![0-9][.,\-/])(?!000|666)\d{3}(?!00)\d{2}(?!0000)\d{4}(?![0-9A-Za-z]|[.,\-/]\d)")
WORDS = ("ssn", "social security", "social", "social insurance", "taxpayer", "itin", "社会安全号", "社会安全号码")


@dataclass(frozen=True, kw_only=True)
class Ssn:
    """Numbers that were never given out (000, 666, a group or serial of zeros) do not count; nine digits in a row need a word."""

    zh: ClassVar[str] = "美国社会安全号码"
    examples: ClassVar[tuple[str, ...]] = (
        "His social security number is [[853-37-1694]]",
        "SSN: [[219099999]]",
        "社会安全号[[219-09-9998]]",
    )
    misses: ClassVar[tuple[str, ...]] = (
        "000-12-3456",
        "666-12-3456",
        "123-00-4567",
        "219099999",
        "order 123-45-6789",
        "2024-01-15",
    )

    def find(self, text: str) -> Iterator[Found]:
        """Places in the text, in any order; they may overlap."""
        for hit in GROUPED.finditer(text):
            told = near(text, *hit.span(), WORDS)
            if told or not of_a_thing(text, hit.start()):
                yield Found(hit.start(), hit.end(), 0.95 if told else 0.85 if hit.group(1) == "-" else 0.5)
        for hit in WHOLE.finditer(text):
            if near(text, *hit.span(), WORDS, after=0):
                yield Found(hit.start(), hit.end(), 0.8)


recognizer = Ssn()
