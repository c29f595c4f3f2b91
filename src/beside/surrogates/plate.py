"""Number plates of the same province and city, with other signs in the same places."""

from __future__ import annotations

import re
from typing import ClassVar

from beside.core.drawing import Draw, signs_of

SIGNS = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # plates have no I and no O
START = re.compile(r"^[^0-9A-Za-z]*(?:[A-Za-z](?=[ ·•・.\-]?[0-9A-Za-z]))?")


class Plate:
    """No plate is kept free; one may be somebody's by chance."""

    zh: ClassVar[str] = "机动车号牌：省份与发牌机关代号不变，序号替换"

    def make(self, value: str, draw: Draw) -> str:
        """Another plate in the same form."""
        start = START.match(value)
        kept = start.end() if start else 0
        return value[:kept] + draw.alike(value[kept:], "plate", value[:1], signs_of(value), letters=SIGNS)


surrogate = Plate()
