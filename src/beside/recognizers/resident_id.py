"""Chinese resident identity numbers of 18 and of 15 digits, with their check character, also with separators inside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from beside.core.personal import Found
from beside.recognizers._around import near, of_a_thing
from beside.recognizers._checksums import day, resident_check

GAP = r"[ .\-_·]{0,2}"
PROVINCES = frozenset(
    [
        "11",
        "12",
        "13",
        "14",
        "15",
        "21",
        "22",
        "23",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
        "37",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "50",
        "51",
        "52",
        "53",
        "54",
        "61",
        "62",
        "63",
        "64",
        "65",
        "71",
        "81",
        "82",
        "83",
    ]
)
NUMBER = re.compile(rf"(?<![0-9A-Za-z])(?=[1-8])(?:\d{GAP}){{14}}(?:\d(?:{GAP}\d{GAP}\d{GAP}[0-9Xx])?)(?![0-9A-Za-z])")
WORDS = ("身份证", "身份号码", "身份证号", "证件号", "证件", "公民身份", "id", "identity", "resident", "身份")


@dataclass(frozen=True, kw_only=True)
class ResidentId:
    """Province, day of birth and check character (GB 11643-1999) are all looked at.

    One whose check character is wrong is a number with a slip in it, and still a person's: it counts, with a lower score.
    """

    broken: bool = field(default=True, metadata={"unit": "yes or no", "reason": "a mistyped number still tells whose it is"})

    zh: ClassVar[str] = "居民身份证号码（18 位与 15 位），校验省份、出生日期与校验位，允许中间有分隔符"
    examples: ClassVar[tuple[str, ...]] = (
        "身份证号[[11010519491231002X]]，请核对",
        "证件：[[440308 19900307 7714]]",
        "身份证[[130503670401001]]是老证",
        "ID [[110105-19491231-002x]] please",
        "我的[[110105194912310021]]填错了一位",
    )
    misses: ClassVar[tuple[str, ...]] = (
        "订单号202401151234567890",
        "流水号 990105194912310021",
        "110105194913310021",
        "11010519491231002X7",
        "快递单号 773012345678901",
    )

    def find(self, text: str) -> Iterator[Found]:
        """Places in the text, in any order; they may overlap."""
        for hit in NUMBER.finditer(text):
            score = self.score(text, hit)
            if score:
                yield Found(hit.start(), hit.end(), score)

    def score(self, text: str, hit: re.Match[str]) -> float:
        """How sure one is that this number is a person's; 0 = it is not."""
        value = re.sub(r"[^0-9Xx]", "", hit.group()).upper()
        if value[:2] not in PROVINCES:
            return 0.0
        if len(value) == 15:
            if not day(1900 + int(value[6:8]), int(value[8:10]), int(value[10:12])):
                return 0.0
            told = near(text, *hit.span(), WORDS)
            return 0.9 if told else 0.0 if of_a_thing(text, hit.start()) else 0.5
        if not day(int(value[6:10]), int(value[10:12]), int(value[12:14])):
            return 0.0
        if resident_check(value[:17]) == value[17]:
            return 0.99
        if of_a_thing(text, hit.start(), WORDS):
            return 0.0
        return 0.7 * self.broken


recognizer = ResidentId()
