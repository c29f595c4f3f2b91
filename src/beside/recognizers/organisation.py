"""Names of organisations that end, or begin, with a word for what they are: companies, banks, schools, hospitals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from beside.core.personal import Found
from beside.recognizers._lists import any_of, words

PLACES = any_of("places", "provinces_zh", "cities_zh")
ENDINGS = (
    "有限责任公司|股份有限公司|有限公司|公司|集团|银行|大学|学院|中学|小学|学校|医院|幼儿园|研究院|研究所|设计院|派出所|法院|检察院|律师事务所|事务所|酒店|饭店|宾馆|"
    "基金会|检验中心|度假区|五金厂|制衣厂|机械厂|加工厂|电视台|出版社|合作社"
)
BREAK = "的|在|是|与|去|到|了|从|来|被|把|给|向|让"
AFTER = r"(?:附属(?:第[一二三四五六])?[\u4e00-\u9fff]{0,8}?(?:医院|学校|中学|小学))?(?:[\u4e00-\u9fff]{1,6}?(?:分行|支行|分公司))?"
CHINA = re.compile(
    rf"(?:{PLACES}|中国|中华|国家)(?:省|市)?(?:协和|共和|(?!{BREAK}|和)[\u4e00-\u9fff]){{0,14}}?(?:{ENDINGS})(?:(?<=大学)(?:[\u4e00-\u9fff]{{1,6}}?(?:医院|学院)))?{AFTER}"
)
FORMS = "Incorporated|Inc|Limited|Ltd|LLC|LLP|PLC|Corporation|Corp|GmbH|AG|Group|Bank|University|College|Hospital"
TRADES = (
    "Capital|Partners|Research|Systems|Software|Technologies|Solutions|Analytics|Markets|Agency|Services|Service|Consulting|Finance|Lines|Associates|Holdings|Ventures|Labs|"
    "Media|Networks|Energy|Insurance|Airlines|Foundation|Institute|Association|Council|Industries|International|Company|Trust|Movers|Engineering|Reports|Insight|Logistics"
)
WORD = r"[A-Z][\w'&\-]{1,24}"
ABROAD = re.compile(
    rf"(?<![0-9A-Za-z])(?:\d{{1,2}} )?(?:{WORD},? ){{1,4}}(?:{FORMS})\b\.?"
    rf"|(?<![0-9A-Za-z])(?:{WORD} ){{1,3}}(?:{TRADES})(?![A-Za-z])"
    rf"|(?<![0-9A-Za-z])(?:University|Bank) of {WORD}(?: {WORD})?(?![0-9A-Za-z])"
    rf"|(?<![0-9A-Za-z])(?:{WORD},? ){{1,3}}(?:and|&) (?:Sons|Brothers|Partners|Co)\b\.?"
)
SMALL = re.compile(r"(?<![0-9A-Za-z])(?:[a-z][a-z'&\-]{1,24} ){1,2}(?:inc|ltd|llc|plc|gmbh|corp)\b\.?")
CUED = re.compile(
    rf"(?<![A-Za-z])(?:(?:[Ww]ork(?:s|ed|ing)? (?:for|at)|[Ee]mployed (?:by|at)|[Jj]ob at|CEO of|CFO of|CTO of|"
    r"founder of|employee of|[Cc]ompany(?: name)?:?|[Ee]mployer:?)"
    rf" ((?:\d{{1,2}} )?{WORD}(?: {WORD}){{0,3}})|[Tt]he ({WORD}(?: {WORD}){{0,3}}) (?:office|website|branch|headquarters)\b)"
)
PAIR = re.compile(
    r"(?<![0-9A-Za-z\-])([A-Z][a-z']{2,20})-([A-Z][a-z']{2,20})(?![A-Za-z\-])|(?<![0-9A-Za-z\-])([a-z]{3,20})-([a-z]{3,20})(?![A-Za-z\-])"
)
FIRM = re.compile(rf"(?<![0-9A-Za-z])({WORD}), ({WORD}),? (?:and|&) ({WORD})(?![0-9A-Za-z])")


def abroad(text: str) -> Iterator[Found]:
    """Organisations in Latin letters: by their form, by words before them, and partners' surnames joined."""
    for seek in (ABROAD, SMALL):
        for hit in seek.finditer(text):
            yield Found(hit.start(), hit.end(), 0.7 if seek is ABROAD else 0.6)
    for hit in CUED.finditer(text):
        yield Found(*hit.span(hit.lastindex or 0), 0.6)
    surnames = words("names_en", "surnames")
    for hit in PAIR.finditer(text):
        if all(part.lower() in surnames for part in hit.groups() if part):
            yield Found(hit.start(), hit.end(), 0.6)
    for hit in FIRM.finditer(text):
        if sum(part.lower() in surnames for part in hit.groups()) >= 2:
            yield Found(hit.start(), hit.end(), 0.72)


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
            yield Found(hit.start(), hit.end(), 0.94)
        yield from abroad(text)


recognizer = Organisation()
