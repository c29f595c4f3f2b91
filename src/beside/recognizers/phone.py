"""Telephone numbers: mainland China mobile and landline, Hong Kong, Macau and Taiwan, and those of any other country."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from beside.core.personal import Found
from beside.recognizers._around import last, near, of_a_thing

EXTENSION = r"(?: ?(?:转|分机|ext\.?|x|-|#) ?\d{1,6}(?!\d))?"
CHINA = r"(?:(?:\+ ?|00)?86[ \-)]{0,2}|\(\+?86\) ?)?"
GAP = r"[ .\-]{0,2}"
# a comma parts two of these: they have too many digits to be the thousands of a number
MOBILE = re.compile(rf"(?<![0-9A-Za-z])(?<![0-9][.\-/]){CHINA}0?1[3-9]\d{GAP}\d{{4}}{GAP}\d{{4}}(?![0-9A-Za-z]|\.\d)")
MOBILE_ODD = re.compile(
    r"(?<![0-9A-Za-z])(?<![0-9][.,\-/])1[3-9](?:[ .\-·]?\d){9}(?![0-9A-Za-z]|[.,]\d)"
)  # other groups: 138 001 380 00
LANDLINE = re.compile(
    rf"(?<![0-9A-Za-z])(?<![0-9][.,\-/]){CHINA}(?:\(0?(?:10|2[0-57-9]|[3-9]\d{{2}})\)|0?"
    rf"(?:10|2[0-57-9]|[3-9]\d{{2}})[ \-]|0(?:10|2[0-57-9]|[3-9]\d{{2}}))"
    rf"{GAP}[2-8]\d{{2,3}}{GAP}\d{{4}}{EXTENSION}(?![0-9A-Za-z]|[.,/]\d)"
)
SERVICE = re.compile(rf"(?<![0-9A-Za-z])[48]00[ \-]?\d{{3,4}}[ \-]?\d{{3,4}}{EXTENSION}(?![0-9A-Za-z]|[.,]\d)")
CHINESE_DIGITS = re.compile(r"[一幺][三四五六七八九][零〇一幺二三四五六七八九]{9}(?![零〇一幺二三四五六七八九十百千万])")
# E.164: a plus or two zeros, a country code, at most 15 digits
ABROAD = re.compile(
    rf"(?<![0-9A-Za-z])(?:\+ ?|00[ \-]?|001[ \-])[1-9]\d{{0,2}}"
    rf"(?:[ .\-/]?\(0?\d{{0,4}}\))?(?:[ .\-/]?\d){{5,13}}{EXTENSION}(?![0-9A-Za-z])"
)
# groups as people write them in their own country
GROUPS = re.compile(
    rf"(?<![0-9A-Za-z])(?<![0-9][.,/:\-])(?:\(\d{{1,5}}\)[ .\-]?|\d{{2,5}}[ .\-]{{1,2}})"
    rf"(?:\d{{2,4}}[ .\-]){{0,4}}\d{{2,8}}{EXTENSION}(?![0-9A-Za-z]|[.,/:\-]\d)"
)
RUN = re.compile(rf"(?<![0-9A-Za-z])(?<![0-9][.,/:\-])\d{{6,12}}{EXTENSION}(?![0-9A-Za-z]|[.,/:\-]\d)")
WORDS = (
    "电话",
    "手机",
    "联系方式",
    "拨打",
    "致电",
    "座机",
    "热线",
    "电话号码",
    "手机号码",
    "固话",
    "来电",
    "打给",
    "联系",
    "传真",
    "回电",
    "微信",
    "短信",
    "call",
    "called",
    "phone",
    "tel",
    "telephone",
    "mobile",
    "cell",
    "fax",
    "number",
    "reach",
    "contact",
    "ring",
    "dial",
    "text",
    "sms",
    "whatsapp",
    "answering",
    "answer",
    "messages",
    "message",
    "office",
    "desk",
    "direct",
    "hotline",
    "line",
    "voicemail",
    "home",
    "work",
    "ph",
    "m",
    "t",
    "p",
)
DATE = re.compile(
    r"(?:19|20)\d{2}[ .\-]\d{1,2}[ .\-]\d{1,2}|\d{1,2}[ .\-]\d{1,2}[ .\-](?:19|20)\d{2}|(?:19|20)\d{2} ?- ?(?:19|20)\d{2}"
)
NORTH_AMERICAN = re.compile(r"\(?[2-9]\d{2}\)?[ .\-]?[2-9]\d{2}[ .\-]\d{4}")


@dataclass(frozen=True, kw_only=True)
class Phone:
    """A mobile number of China stands for itself; a number in loose groups needs the form of its country, or a word beside it."""

    zh: ClassVar[str] = "电话号码：中国大陆手机与座机、港澳台及世界各国号码"
    examples: ClassVar[tuple[str, ...]] = (
        "手机[[13800138000]]，微信同号",
        "打[[+86 138-0013-8000]]找我",
        "座机[[010-62781234]]转前台",
        "电话：[[(0571) 8765 4321]]",
        "Call me on [[(212) 555-0143]] please",
        "from abroad: [[+44 20 7946 0958]]",
        "They're not answering at [[516 466 638]]",
        "客服[[400-820-8820]]",
        "手机号一三八是假的，真的是[[一三九零零一三八零零零]]",
    )
    misses: ClassVar[tuple[str, ...]] = (
        "共1380013800100元",
        "2024-01-15",
        "运单号13800138000123",
        "合计 1 000 000 元",
        "order 555 123 4567",
        "12800138000",
        "from 1990-2020",
    )

    def find(self, text: str) -> Iterator[Found]:
        """Places in the text, in any order; they may overlap."""
        for seek in (MOBILE, MOBILE_ODD):
            for hit in seek.finditer(text):
                thing = of_a_thing(text, hit.start(), WORDS)
                if not thing or seek is MOBILE:
                    yield Found(hit.start(), hit.end(), 0.3 if thing else 0.95 if seek is MOBILE else 0.75)
        for hit in CHINESE_DIGITS.finditer(text):
            yield Found(hit.start(), hit.end(), 0.9)
        for seek, alone in ((LANDLINE, 0.8), (SERVICE, 0.75), (ABROAD, 0.8), (GROUPS, 0.0), (RUN, 0.0)):
            for hit in seek.finditer(text):
                if score := self.score(text, hit, alone):
                    yield Found(hit.start(), hit.end(), score)

    def score(self, text: str, hit: re.Match[str], alone: float) -> float:
        """How sure one is that a number is a telephone's; 0 = it is none."""
        value = hit.group()
        digits = sum(sign.isdigit() for sign in value)
        if DATE.match(value) or not 6 <= digits <= 18 or (not alone and digits > 14):
            return 0.0
        told = near(text, *hit.span(), WORDS, 40, 12)
        if of_a_thing(text, hit.start(), WORDS) and not value.startswith("+"):
            return 0.0
        if alone:
            return max(alone, 0.9 * told)
        if NORTH_AMERICAN.fullmatch(value) or value[0] == "(":
            return 0.85 if told else 0.6
        if hit.re is RUN:  # a run of digits: only where the word stands close before it
            return 0.7 if 0 <= last(text, hit.start(), WORDS, 12) <= 6 and digits >= 7 else 0.0
        return 0.75 if told else 0.5 if value[0] == "0" and digits >= 9 else 0.0


recognizer = Phone()
