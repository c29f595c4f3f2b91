"""Resident identity numbers with a good check character, of counties that do not exist; birth is shifted, the sex kept."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from beside.core.drawing import Draw, refilled, signs_of
from beside.surrogates._checks import resident
from beside.surrogates._dates import shifted


class ResidentId:
    """The province stays; the four digits of prefecture and county are zeros, which no person's number has."""

    zh: ClassVar[str] = "居民身份证号码：校验位正确，地区码不存在，出生日期平移，性别位保留"

    def make(self, value: str, draw: Draw) -> str:
        """Another number in the same form."""
        signs = signs_of(value)
        long = len(signs) == 18
        if len(signs) not in (15, 18) or not signs[:-1].isdigit():
            return draw.alike(value, "resident_id", signs)
        born = signs[6:14] if long else f"19{signs[6:12]}"
        try:
            day = shifted(date(int(born[:4]), int(born[4:6]), int(born[6:8])), draw).strftime("%Y%m%d")
        except ValueError:
            day = born
        parity = int(signs[16 if long else 14]) % 2
        order = draw.digits(2, "resident_id", signs) + str(2 * draw.number(5, "resident_id", signs, "sex") + parity)
        if not long:
            return refilled(value, signs[:2] + "0000" + day[2:] + order)
        start = signs[:2] + "0000" + day + order
        return refilled(value, start + resident(start))


surrogate = ResidentId()
