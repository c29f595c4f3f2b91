"""International bank account numbers of the same country and length, with good check digits."""

from __future__ import annotations

from typing import ClassVar

from beside.core.drawing import Draw, refilled, signs_of
from beside.surrogates._checks import iban


class Iban:
    """Letters become letters, digits digits; that no bank has given the number out cannot be promised."""

    zh: ClassVar[str] = "国际银行账号 IBAN：国家与长度不变，校验位正确"

    def make(self, value: str, draw: Draw) -> str:
        """Another number in the same form."""
        signs = signs_of(value)
        country, account = signs[:2], draw.alike(signs[4:], "iban", signs)
        new = refilled(value, country + iban(country, account) + account)
        return new.lower() if value.islower() else new


surrogate = Iban()
