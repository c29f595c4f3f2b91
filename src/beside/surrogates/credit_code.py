"""Unified social credit codes with good check characters, registered in a place that does not exist."""

from __future__ import annotations

from typing import ClassVar

from beside.core.drawing import Draw, refilled, signs_of
from beside.surrogates._checks import CODE_SIGNS, credit, organisation


class CreditCode:
    """The two signs of office and category stay; the six digits of the place are zeros."""

    zh: ClassVar[str] = "统一社会信用代码：校验位正确，登记地区码不存在"

    def make(self, value: str, draw: Draw) -> str:
        """Another code in the same form."""
        signs = signs_of(value)
        if len(signs) != 18 or any(sign not in CODE_SIGNS for sign in signs[:2]):
            return draw.alike(value, "credit_code", signs)
        for attempt in range(100):
            code = "".join(draw.pick(CODE_SIGNS, "credit_code", signs, str(attempt), str(place)) for place in range(8))
            if (check := organisation(code)) in CODE_SIGNS:
                break
        start = f"{signs[:2]}000000{code}{check}"
        return refilled(value, start + credit(start))


surrogate = CreditCode()
