"""Permits of Hong Kong, Macau and Taiwan in the same form; identity cards with a good check character."""

from __future__ import annotations

import re
from typing import ClassVar

from beside.core.drawing import Draw, refilled, signs_of
from beside.surrogates._checks import hong_kong, taiwan

LETTERS = re.compile(r"[A-Z]*")


class Permit:
    """The letters of the kind stay. No range of numbers is kept free; a number may be somebody's by chance."""

    zh: ClassVar[str] = "港澳台证件：类别字母保留，身份证校验位正确"

    def make(self, value: str, draw: Draw) -> str:
        """Another number in the same form."""
        signs = signs_of(value)
        found = LETTERS.match(signs)
        letters = found.group() if found else ""
        if re.fullmatch(r"[A-Z]{1,2}\d{6}[0-9A]", signs) and "(" in value:
            start = letters + draw.digits(6, "permit", signs)
            return refilled(value, start + hong_kong(start))
        if re.fullmatch(r"[A-Z][1289]\d{8}", signs):
            start = signs[:2] + draw.digits(7, "permit", signs)
            return refilled(value, start + taiwan(start))
        return refilled(value, letters + draw.alike(signs[len(letters) :], "permit", signs))


surrogate = Permit()
