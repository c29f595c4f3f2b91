"""Card numbers with a good check digit, beginning as the numbers do that each network publishes for tests."""

from __future__ import annotations

from typing import ClassVar

from beside.core.drawing import Draw, refilled, signs_of
from beside.surrogates._checks import luhn

# first digits of a network's cards -> those of its published test numbers; the longest that fits counts
TESTS = {
    "4": "411111",
    "5": "555555",
    "2": "222300",
    "34": "378282",
    "37": "378282",
    "30": "305693",
    "36": "305693",
    "35": "356600",
    "62": "620000",
    "60": "601111",
}


class BankCard:
    """The length stays. No range of card numbers belongs to nobody for certain; these belong to tests."""

    zh: ClassVar[str] = "银行卡号：校验位正确，前缀取各卡组织公布的测试号段，长度不变"

    def make(self, value: str, draw: Draw) -> str:
        """Another number in the same form."""
        signs = signs_of(value)
        if len(signs) < 8 or not signs.isdigit():
            return draw.alike(value, "bank_card", signs)
        start = TESTS.get(signs[:2]) or TESTS.get(signs[0]) or signs[:1]
        body = start + draw.digits(len(signs) - len(start) - 1, "bank_card", signs)
        return refilled(value, body + luhn(body))


surrogate = BankCard()
