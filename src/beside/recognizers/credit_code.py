"""Unified social credit codes of companies and institutions in China, 18 characters with their check character."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from beside.core.personal import Found
from beside.recognizers._around import near
from beside.recognizers._checksums import credit_check

SIGN = "0-9A-HJ-NPQRTUWXY"
CODE = re.compile(
    rf"(?<![0-9A-Za-z])(?=[1-9A-NY])[{SIGN}]{{2}}[ \-]?\d{{6}}[ \-]?[{SIGN}]{{5}}[ \-]?[{SIGN}]{{5}}(?![0-9A-Za-z])", re.I
)
WORDS = ("信用代码", "统一代码", "纳税人识别号", "税号", "credit code", "uscc", "营业执照", "机构代码")


@dataclass(frozen=True, kw_only=True)
class CreditCode:
    """The code of a sole trader leads to a person; where a word names it, one with a slip in it counts as well."""

    zh: ClassVar[str] = "统一社会信用代码（18 位，含校验位）"
    examples: ClassVar[tuple[str, ...]] = (
        "统一社会信用代码：[[91350100M000100Y43]]",
        "税号[[91110108MA01D6RR0R]]开票",
        "纳税人识别号 [[91350100M000100Y44]] 有误",
    )
    misses: ClassVar[tuple[str, ...]] = (
        "序列号 91350100M000100Y44",
        "91350100M000100Y431",
        "订单 202401151234567890",
        "ISBN 9787302511625",
    )

    def find(self, text: str) -> Iterator[Found]:
        """Places in the text, in any order; they may overlap."""
        for hit in CODE.finditer(text):
            value = re.sub(r"[ \-]", "", hit.group()).upper()
            told = near(text, *hit.span(), WORDS)
            if credit_check(value[:17]) == value[17]:
                yield Found(hit.start(), hit.end(), 0.97 if told or not value.isdigit() else 0.6)
            elif told:
                yield Found(hit.start(), hit.end(), 0.65)


recognizer = CreditCode()
