"""Dates of birth: a date that a word calls one, such as born, DOB, 出生 or 生日."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from beside.core.personal import Found

MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug"
    r"(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
SHAPES = (
    r"(?:1[89]|20)\d{2} ?[-/.年] ?(?:0?[1-9]|1[0-2]) ?[-/.月] ?"
    r"(?:0?[1-9]|[12]\d|3[01])(?: ?[日号])?(?!\d)",  # 1990-1-2, 1990年1月2日
    r"(?:1[89]|20)\d{2} ?年 ?(?:0?[1-9]|1[0-2]) ?月份?",
    r"(?<!\d)\d{2} ?年 ?(?:0?[1-9]|1[0-2]) ?月(?: ?(?:0?[1-9]|[12]\d|3[01]) ?[日号])?",
    r"(?<!\d)(?:1[89]|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)",  # 19900102
    r"(?<!\d)(?:0?[1-9]|[12]\d|3[01]) ?[-/.] ?"
    r"(?:0?[1-9]|[12]\d|3[01]) ?[-/.] ?(?:(?:1[89]|20)\d{2}|\d{2})(?!\d)",  # 2/1/1990, 1.2.90
    rf"(?<![A-Za-z]){MONTH} (?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?,? (?:1[89]|20)\d{{2}}(?!\d)",
    rf"(?<!\d)(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?(?: of)?[ \-]{MONTH},?[ \-](?:1[89]|20)\d{{2}}(?!\d)",
    rf"(?<![A-Za-z]){MONTH} (?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?(?![\d,])",
    r"[一二三四五六七八九〇零○]{2,4}年(?:十[一二]?|[一二三四五六七八九])月(?:[一二三]?十[一二三四五六七八九]?|[一二三四五六七八九]|初[一二三四五六七八九十])[日号]?",
    r"(?:农历|阴历|阳历)?(?:[正腊冬]|十[一二]?|[一二三四五六七八九])月(?:初[一二三四五六七八九十]|[一二三]?十[一二三四五六七八九]?|廿[一二三四五六七八九]?)",
    r"(?<!\d)(?:0?[1-9]|1[0-2]) ?月 ?(?:0?[1-9]|[12]\d|3[01]) ?[日号]",
)
DATE = re.compile("|".join(SHAPES), re.I)
# the word and what may stand between it and the date: no other date, no end of the sentence
BEFORE = re.compile(
    r"(?:出生日期|出生年月日?|出生时间|出生于|出生在|出生|生日|诞辰|生于|诞生于|生辰|(?<![A-Za-z])"
    r"(?:date of birth|birth ?date|birth ?day|birth|born|d\.?o\.?b\.?))"
    r"(?:[^\d。；;.!?！？一二三四五六七八九十]|(?<=[bB])\.|(?<=[oO])\.){0,18}$",
    re.I,
)
AFTER = re.compile(
    r" ?(?:出生|(?:这个|这天|那天)生日|生人|诞生|(?:的|是)?(?:[我他她]的)?生日|过生日|降生|生(?=[，,。；;、）) ]|$)|"
    r"\(?(?:birth|born|dob)\b)",
    re.I,
)
OTHER = re.compile(
    r"入职|入学|就诊|办理|交易|下单|签订|签署|入院|出院|到期|截止|有效期|开户|毕业|手术|预约|体检|注册|结婚|issued|expires?|opened|visit|admitted|joined|ordered|due|valid",
    re.I,
)


WORD = re.compile("[生诞]|[bB](?:irth|orn|IRTH|ORN)|[dD]\\.?[oO]\\.?[bB]")
REACH = 60  # characters between the word and the date


@dataclass(frozen=True, kw_only=True)
class BirthDate:
    """Any other date, of an order, a visit or a contract, is none."""

    zh: ClassVar[str] = "出生日期：由“出生”“生日”等上下文说明的日期"
    examples: ClassVar[tuple[str, ...]] = (
        "出生日期：[[1990年5月3日]]",
        "她是[[1985-12-01]]出生的",
        "孩子生日是[[2015/6/7]]",
        "Date of birth: [[12/03/1984]]",
        "I was born on [[3 May 1990]]",
        "DOB [[May 3, 1990]]",
        "患者生于[[一九六三年八月十五日]]",
    )
    misses: ClassVar[tuple[str, ...]] = (
        "2024年5月3日下单",
        "就诊日期：2024-05-03",
        "the meeting is on May 3, 2024",
        "合同到期日2025/12/31",
        "出生证明已办好。办理日期2024-05-03",
    )

    def find(self, text: str) -> Iterator[Found]:
        """Places in the text, in any order; they may overlap."""
        for cue in WORD.finditer(text):
            for hit in DATE.finditer(text, max(0, cue.start() - REACH), cue.end() + REACH):
                before = text[max(0, hit.start() - 40) : hit.start()]
                after = text[hit.end() : hit.end() + 12]
                if AFTER.match(after) or ((said := BEFORE.search(before)) and not OTHER.search(said.group())):
                    yield Found(hit.start(), hit.end(), 0.95)


recognizer = BirthDate()
