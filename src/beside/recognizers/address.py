"""Postal addresses: of China from a place or a road down to a room, and of other countries as a house number beside a street."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from beside.core.personal import Found
from beside.recognizers._latin_addresses import latin_addresses
from beside.recognizers._latin_places import latin_places
from beside.recognizers._lists import any_of

LATIN, HAN_THERE = re.compile("[A-Za-zÀ-ɏΑ-ώА-я]"), re.compile("[路街巷弄道同村区园里条段环县镇乡州市]")
NUMBER = r"[0-9零〇一二三四五六七八九十百]{1,5}"
PLACES = any_of("places", "provinces_zh", "cities_zh")
PLACE = rf"(?:{PLACES})(?:省|市|自治区|特别行政区)?"
HAN = "[\u4e00-\u9fff]"
AREA = rf"{HAN}{{1,6}}?(?:区|县|镇|乡|街道|新区|开发区|州|市)"
ROAD = rf"{HAN}{{1,8}}?(?:大道|大街|路|街|巷|弄|胡同|小区|花园|村|(?:道|里|条|段|环)(?=[0-9]))"
HOUSE = rf" ?{NUMBER}(?:-{NUMBER})?(?:号楼|号院|号|弄|栋|幢|座)(?:[甲乙丙丁])?"
BUILDING = rf"(?:{HAN}{{1,10}}?(?:广场|大厦|小区|花园|公寓|大楼|中心|家园|新村|宿舍|国宝|苑|城|府|舍))?"
ROOM = (
    rf"(?:[ ,，]?(?:[A-Za-z]?{NUMBER}|[A-Za-z])(?:-?{NUMBER})?(?:号楼|栋|幢|座|单元|层|楼|室|号|户)){{0,4}}"
    r"(?:(?<=[座栋幢元])[0-9]{3,4})?"
)
WHOLE = rf"{HOUSE}{BUILDING}{ROOM}"
# two patterns: one that begins with the name of a place is skipped fast wherever none begins
CHINA = (
    re.compile(rf"{PLACE}(?:{PLACE})?(?:(?:{AREA}){{0,3}}(?:{ROAD}){{1,2}}(?P<house>{WHOLE})?|{AREA}(?P<area>{WHOLE}))"),
    re.compile(rf"(?<=[住址到在：:寄往])(?!{HAN}{{0,4}}(?:{PLACES}))(?:{AREA}){{0,2}}{ROAD}(?P<own>{WHOLE})"),
)


@dataclass(frozen=True, kw_only=True)
class Address:
    """A city alone is no address: a road, a house or a street must be there too."""

    zh: ClassVar[str] = "通信地址：中国地址（省市区、路、门牌、室）与外国街道地址"
    examples: ClassVar[tuple[str, ...]] = (
        "住在[[北京市海淀区中关村大街27号]]",
        "寄到[[上海市浦东新区世纪大道100号5栋301室]]，谢谢",
        "[[杭州西湖区文三路90号]]",
        "I live at [[12 Baker Street, London]]",
        "ship it to [[742 Evergreen Terrace, Springfield, IL 62704]]",
    )
    misses: ClassVar[tuple[str, ...]] = ("北京的天气很好", "I was in 3 places", "上海和广州", "12 months in total", "3 May 2024")

    def find(self, text: str) -> Iterator[Found]:
        """Places in the text, in any order; they may overlap."""
        for seek in CHINA if HAN_THERE.search(text) else ():
            for hit in seek.finditer(text):
                yield Found(hit.start(), hit.end(), 0.95 if hit.lastgroup else 0.85)
        if LATIN.search(text):
            yield from latin_addresses(text)
            yield from latin_places(text)


recognizer = Address()
