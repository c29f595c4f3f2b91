"""Passport numbers: those of China by their form, those of other countries where a word says that they are one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from beside.core.personal import Found
from beside.recognizers._around import last, near, of_a_thing

CHINESE = re.compile(r"(?<![0-9A-Za-z])(?:E[A-HJ-NP-Z]?|[GDSP]|PE|SE|DE)[ ]?\d{7,8}(?![0-9A-Za-z])", re.I)
ANY = re.compile(r"(?<![0-9A-Za-z])(?=[A-Za-z]{0,3}\d)[A-Za-z]{0,3}[ ]?\d{5,9}[A-Za-z]?(?![0-9A-Za-z]|[./\-]\d)")
MIXED = re.compile(r"(?<![0-9A-Za-z])(?=[A-Z]*[0-9])(?=[0-9]*[A-Z])[A-Z0-9]{8,9}(?![0-9A-Za-z])")  # of Germany, and the like
WORDS = ("护照", "护照号", "passport", "passports", "passport no")
LENGTHS = {1: (8,), 2: (7, 8)}  # letters -> digits


@dataclass(frozen=True, kw_only=True)
class Passport:
    """E and eight digits, or E, a letter and seven: ordinary; D, S, P: diplomatic, service, public affairs; G: until 2012."""

    zh: ClassVar[str] = "护照号码：中国护照按格式，外国护照按上下文"
    examples: ClassVar[tuple[str, ...]] = (
        "护照号[[E12345678]]，有效期十年",
        "护照：[[EA1234567]]",
        "My passport number is [[533401832]]",
        "passport [[GB1234567]] was lost",
    )
    misses: ClassVar[tuple[str, ...]] = (
        "型号 E12345678",
        "订单号G12345678",
        "E1234567",
        "护照办理需要5个工作日",
        "my passport expires 2031",
    )

    def find(self, text: str) -> Iterator[Found]:
        """Places in the text, in any order; they may overlap."""
        for hit in CHINESE.finditer(text):
            letters = sum(sign.isalpha() for sign in hit.group())
            if len(hit.group().replace(" ", "")) - letters not in LENGTHS[letters]:
                continue
            if near(text, *hit.span(), WORDS):
                yield Found(hit.start(), hit.end(), 0.95)
            elif hit.group()[0] in "EG" and not of_a_thing(text, hit.start()):
                yield Found(hit.start(), hit.end(), 0.6)
        lowered = text.lower()
        if "护照" in text or "passport" in lowered:
            for hit in ANY.finditer(text):
                if last(text, hit.start(), WORDS, 30) >= 0 and 6 <= len(hit.group()) <= 10:
                    yield Found(hit.start(), hit.end(), 0.75)
            for hit in MIXED.finditer(text):
                if last(text, hit.start(), WORDS, 12) >= 0:
                    yield Found(hit.start(), hit.end(), 0.7)


recognizer = Passport()
