"""What stands around a value: words that speak for it, words that speak against it, and edges that Chinese does not hide.

`\\b` sees no edge between a Chinese character and a digit, so that a value that touches Chinese text would be missed; LEFT and
RIGHT do see it.
"""

from __future__ import annotations

import re
from functools import cache

LEFT, RIGHT = r"(?<![0-9A-Za-z])", r"(?![0-9A-Za-z])"
LEFT_DIGIT = r"(?<![0-9A-Za-z])(?<![0-9][.,/:\-])"  # of a number: nor the rest of a longer one, such as 1,234 or 12/24
RIGHT_DIGIT = r"(?![0-9A-Za-z])(?![.,/:\-][0-9])"
BEFORE, AFTER = 24, 10  # characters
LONGEST_WORD = 24  # characters

# numbers that belong to things, not to people
THINGS = (
    "订单",
    "运单",
    "快递",
    "物流",
    "单号",
    "流水",
    "编号",
    "批次",
    "货号",
    "型号",
    "序列",
    "发票",
    "合同号",
    "合同编号",
    "条码",
    "条形码",
    "金额",
    "版本",
    "验证码",
    "房号",
    "课程号",
    "库存",
    "工单",
    "取件码",
    "交易号",
    "凭证",
    "票号",
    "批号",
    "保单",
    "挂号",
    "病历",
    "学号",
    "工号",
    "设备",
    "order",
    "tracking",
    "invoice",
    "serial",
    "reference",
    "ref",
    "ticket",
    "version",
    "batch",
    "model",
    "sku",
    "amount",
    "part",
    "parcel",
    "shipment",
    "transaction",
    "isbn",
    "case",
)


@cache
def pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """A pattern that finds any of the words; words in Latin letters as whole words, whatever their case."""
    latin = "|".join(re.escape(word) for word in words if word.isascii())
    other = "|".join(re.escape(word) for word in words if not word.isascii())
    # <PHONE> stands where a telephone number stood; it says nothing of the number behind it
    whole = rf"(?<![A-Za-z])(?<!<(?=(?-i:[A-Z]{{2}})))(?:{latin})(?![A-Za-z])" if latin else ""
    return re.compile("|".join(part for part in (whole, other) if part), re.I)


def last(text: str, start: int, words: tuple[str, ...], reach: int = BEFORE) -> int:
    """How many characters before `start` the nearest of the words ends; -1 when there is none within reach."""
    found = -1
    for hit in pattern(words).finditer(text, max(0, start - reach - LONGEST_WORD), start):
        found = hit.end()
    return start - found if found >= max(0, start - reach) else -1


def near(text: str, start: int, end: int, words: tuple[str, ...], reach: int = BEFORE, after: int = AFTER) -> bool:
    """Whether one of the words stands shortly before or right after."""
    seek = pattern(words)
    return bool(seek.search(text, max(0, start - reach), start) or (after and seek.search(text, end, end + after)))


def of_a_thing(text: str, start: int, words: tuple[str, ...] = ()) -> bool:
    """Whether a number belongs to an order, a parcel or the like: such a word stands before it, and nearer than any of `words`."""
    thing = last(text, start, THINGS, 12)
    own = last(text, start, words, 30) if words else -1
    return thing >= 0 and not 0 <= own <= thing
