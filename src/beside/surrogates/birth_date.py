"""Dates of birth: shifted by 20 to 365 days, the same for all dates of a person, and written as they were."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import ClassVar, NamedTuple

from beside.core.drawing import Draw
from beside.surrogates._dates import shifted

MONTHS = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"]
NUMERALS = "〇一二三四五六七八九"
NAMED = re.compile(r"[A-Za-z]{3,9}")
CHINESE = re.compile(r"[零〇○一二三四五六七八九十正腊冬廿初]+")


class Part(NamedTuple):
    """A year, month or day where it stands."""

    what: str
    start: int
    end: int
    number: int


class BirthDate:
    """A part that is not there, such as the year, is not added; what cannot be read as a date gets other digits."""

    zh: ClassVar[str] = "出生日期：同一人的日期平移相同天数，写法不变"

    def make(self, value: str, draw: Draw) -> str:
        """The shifted date, written as it was."""
        parts = list(parts_of(value))
        known = {part.what: part.number for part in parts}
        try:
            year = known.get("year", 2000)
            whole = year if year > 99 else 1900 + year if year > 30 else 2000 + year
            moved = shifted(
                date(whole, known.get("month", 6), min(known.get("day", 15), 28 if known.get("month") == 2 else 31)), draw
            )
        except (ValueError, OverflowError):
            return draw.alike(value, "birth_date", value) if any("0" <= sign <= "9" for sign in value) else "某日"
        if len(parts) < 2:
            return draw.alike(value, "birth_date", value) if any("0" <= sign <= "9" for sign in value) else "某日"
        made, at = [], 0
        for part in parts:
            made += [value[at : part.start], written(value[part.start : part.end], part.what, getattr(moved, part.what))]
            at = part.end
        return "".join([*made, value[at:]])


def parts_of(value: str) -> Iterator[Part]:
    """Year, month and day of a date as people write it, in the order of the text."""
    if re.fullmatch(r"\d{8}", value):
        yield from (Part(what, a, b, int(value[a:b])) for what, a, b in (("year", 0, 4), ("month", 4, 6), ("day", 6, 8)))
        return
    numbers = [(hit.start(), hit.end(), int(hit.group())) for hit in re.finditer(r"[0-9]+", value)]
    if not numbers:
        yield from chinese(value)
        return
    month = next((hit for hit in NAMED.finditer(value) if month_of(hit.group())), None)
    if month:
        found = [Part("month", month.start(), month.end(), month_of(month.group()))]
        found += [Part("year" if number > 31 else "day", start, end, number) for start, end, number in numbers[:2]]
        yield from sorted(found, key=lambda part: part.start)
        return
    if len(numbers) == 3:
        first, second = numbers[0][2], numbers[1][2]
        if first > 31 or "年" in value:
            order = ("year", "month", "day")
        else:
            order = ("month", "day", "year") if second > 12 else ("day", "month", "year")
    else:
        order = ("year", "month") if "年" in value or (numbers and numbers[0][2] > 31) else ("month", "day")  # type: ignore[assignment]
    yield from (Part(what, start, end, number) for what, (start, end, number) in zip(order, numbers, strict=False))


def chinese(value: str) -> Iterator[Part]:
    """Parts written in Chinese numerals: 一九六三年八月十五日."""
    for what, sign in (("year", "年"), ("month", "月"), ("day", "[日号]?$")):
        hit = re.search(rf"([零〇○一二三四五六七八九十正腊冬廿初]+){sign}", value)
        if hit:
            number = numeral(hit.group(1), what == "year")
            if number:
                yield Part(what, hit.start(1), hit.end(1), number)


def numeral(said: str, digit_by_digit: bool) -> int:
    """A Chinese numeral as a number; 0 when it is none."""
    said = said.translate(str.maketrans("零○", "〇〇"))
    if digit_by_digit:
        return int("".join(str(NUMERALS.index(sign)) for sign in said)) if all(sign in NUMERALS for sign in said) else 0
    said = said.replace("初", "").replace("廿", "二十").replace("正", "一").replace("腊", "十二").replace("冬", "十一")
    tens, ten, ones = said.rpartition("十")
    if not ten:
        return NUMERALS.find(said) if len(said) == 1 else 0
    return 10 * (NUMERALS.find(tens) if tens else 1) + (NUMERALS.find(ones) if ones else 0)


def month_of(word: str) -> int:
    """The number of a month by its name or its beginning; 0 = it is none."""
    low = word.lower()
    return next((place for place, month in enumerate(MONTHS, 1) if month.startswith(low) or low == f"{month[:3]}t"), 0)


def written(old: str, what: str, number: int) -> str:
    """A number as the old one was written: zeros before it, the name of a month, Chinese numerals."""
    if old.isascii() and old.isdigit():
        return (
            f"{number % 100 if what == 'year' and len(old) == 2 else number:0{len(old) if old[0] == '0' or len(old) > 1 else 1}d}"
        )
    if old.isascii():
        name = MONTHS[number - 1].capitalize()
        name = name[:3] if len(old) <= 4 and old.lower() not in MONTHS else name
        return name.lower() if old.islower() else name.upper() if old.isupper() else name
    if what == "year":
        return "".join(NUMERALS[int(digit)] for digit in f"{number:04d}"[-len(old) :])
    tens, ones = divmod(number, 10)
    return ("" if tens == 0 else "十" if tens == 1 else f"{NUMERALS[tens]}十") + (NUMERALS[ones] if ones or not tens else "")


surrogate = BirthDate()
