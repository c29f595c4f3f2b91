"""Names of organisations that end, or begin, with a word for what they are: companies, banks, schools, hospitals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from beside.core.personal import Found
from beside.recognizers._lists import any_of

PLACES = any_of("places", "provinces_zh", "cities_zh")
ENDINGS = "有限责任公司|股份有限公司|有限公司|公司|银行|大学|学院|中学|小学|医院|幼儿园|研究院|研究所|派出所|法院|律师事务所|事务所"
CHINA = re.compile(
    rf"(?:{PLACES})(?:省|市)?(?:(?!的|在|和|是|与|去|到)[\u4e00-\u9fff]){{0,12}}?(?:{ENDINGS})(?:(?:{PLACES})?分行|(?:{PLACES})?分公司)?"
)
ABROAD = re.compile(
    r"(?<![0-9A-Za-z])(?:[A-Z][\w'&\-]{0,24},? ){1,4}"
    r"(?:Inc|Ltd|LLC|LLP|PLC|Corp|Corporation|GmbH|AG|Group|Bank|University|College|Hospital)\b\.?"
    r"|(?<![0-9A-Za-z])(?:University|Bank) of (?:[A-Z][a-z]{1,20})(?: [A-Z][a-z]{1,20})?(?![0-9A-Za-z])"
)


@dataclass(frozen=True, kw_only=True)
class Organisation:
    """A Chinese name must begin with a place, as registered names do; a name without any such word is left to a trained tagger."""

    zh: ClassVar[str] = "机构名称：公司、银行、学校、医院等"
    examples: ClassVar[tuple[str, ...]] = (
        "在[[深圳市腾讯计算机系统有限公司]]上班",
        "[[北京大学]]的学生",
        "he works for [[Acme Widgets Ltd]]",
        "a degree from the [[University of Leeds]]",
    )
    misses: ClassVar[tuple[str, ...]] = ("这家公司很好", "my bank is closed", "北京的天气", "去银行办业务")

    def find(self, text: str) -> Iterator[Found]:
        """Places in the text, in any order; they may overlap."""
        for hit in CHINA.finditer(text):
            yield Found(hit.start(), hit.end(), 0.7)
        for hit in ABROAD.finditer(text):
            yield Found(hit.start(), hit.end(), 0.6)


recognizer = Organisation()
