"""Passport numbers: the letters of the kind stay, the digits are others."""

from __future__ import annotations

import re
from typing import ClassVar

from beside.core.drawing import Draw, signs_of


class Passport:
    """No range of passport numbers is kept free; a number may be somebody's by chance."""

    zh: ClassVar[str] = "护照号码：字母前缀保留，数字替换"

    def make(self, value: str, draw: Draw) -> str:
        """Another number in the same form."""
        signs = signs_of(value)
        letters = re.match(r"[A-Za-z]*", value)
        kept = letters.end() if letters else 0
        return value[:kept] + draw.alike(value[kept:], "passport", signs)


surrogate = Passport()
