"""Names of people, in Latin letters and in Chinese, in one text together; titles such as Dr or 先生 are not part of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from beside.core.personal import Found
from beside.recognizers._chinese_names import chinese_names
from beside.recognizers._latin_names import latin_names

HAN, LATIN = re.compile("[\u3400-\u9fff]"), re.compile("[A-Za-zÀ-ɏΑ-ώА-я]")


@dataclass(frozen=True, kw_only=True)
class Person:
    """By lists of names, by what stands around them and by how names are built. A trained tagger finds what lists do not hold."""

    zh: ClassVar[str] = "人名，中英文混排均可；称谓（先生、Dr）不算在内"
    examples: ClassVar[tuple[str, ...]] = (
        "我叫[[王小明]]，想查一下余额",
        "患者[[李建国]]今天入院",
        "[[张伟]]先生的账户被冻结了",
        "请联系[[欧阳娜娜]]老师",
        "[[Anna Schmidt]] called twice",
        "Dear Mr. [[Baker]], your card is ready",
        "my name is [[borna jerković]]",
        "客户[[刘洋]]与[[Peter Miller]]一起来的",
        "Hi [[Matthew]], how are you?",
    )
    misses: ClassVar[tuple[str, ...]] = (
        "高兴地说今天周末",
        "The Bank of England is closed on Monday",
        "王府井和黄金都在涨",
        "Please Call Me Back",
        "时间安排由经理通知",
        "I flew to New York in March",
        "金额和方式以后再说",
    )

    def find(self, text: str) -> Iterator[Found]:
        """Places in the text, in any order; they may overlap."""
        if HAN.search(text):
            yield from chinese_names(text)
        if LATIN.search(text):
            yield from latin_names(text)


recognizer = Person()
