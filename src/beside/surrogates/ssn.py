"""Social security numbers of the United States that were never given out: 900 to 999, and no taxpayer number either."""

from __future__ import annotations

from typing import ClassVar

from beside.core.drawing import Draw, refilled, signs_of


class Ssn:
    """The group is 01 to 49: with 9 in front, groups from 50 on are taxpayer numbers."""

    zh: ClassVar[str] = "美国社会安全号码：取从未发放的 9xx 号段"

    def make(self, value: str, draw: Draw) -> str:
        """Another number in the same form."""
        signs = signs_of(value)
        if len(signs) != 9:
            return draw.alike(value, "ssn", signs)
        area, group, serial = (
            draw.number(below, "ssn", signs, part) for below, part in ((100, "area"), (49, "group"), (9999, "serial"))
        )
        return refilled(value, f"9{area:02d}{group + 1:02d}{serial + 1:04d}")


surrogate = Ssn()
