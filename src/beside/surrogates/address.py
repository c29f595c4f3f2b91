"""Postal addresses of made-up streets; numbers of houses and rooms get other digits in the same form."""

from __future__ import annotations

import re
from typing import ClassVar

from beside.core.drawing import Draw
from beside.surrogates._lists import words

HAN = re.compile("[\u3400-\u9fff]")
NUMBERS = re.compile(r"[0-9０-９]|[零〇一二三四五六七八九十百]+(?=号|弄|栋|幢|座|单元|层|楼|室|户)")
STREET = re.compile(
    r"(\d+\w?,? )((?:[A-Z][\w'.\-]* )+)(Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Place|Pl|Square|Sq|"
    r"Terrace|Way|Highway|Hwy|Parkway|Pkwy|Close|Crescent|Row|Trail|Circle)\b"
)


class Address:
    """City, district and street are taken from a list: the place may exist, the house there is nobody's that is known."""

    zh: ClassVar[str] = "通信地址：城市、区与道路另取，门牌号替换"

    def make(self, value: str, draw: Draw) -> str:
        """Another address in the same form."""
        known = " ".join(value.casefold().split())
        if HAN.search(value):
            house = NUMBERS.search(value)
            parts = (draw.pick(words("zh", name), "address", name, known) for name in ("cities", "districts", "roads"))
            return "".join(parts) + (renumbered(value[house.start() :], known, draw) if house else "")
        street = STREET.search(value)
        if not street:
            return f"{1 + draw.number(200, 'address', known)} {draw.pick(words('en', 'streets'), 'address', known)} Street"
        rest = re.sub(
            r"\b[A-Z][a-z]+(?: [A-Z][a-z]+)*", lambda _: draw.pick(words("en", "cities"), "city", known), value[street.end() :]
        )
        rest = re.sub(r"\b[A-Z]{2}\b", draw.pick(words("en", "states"), "state", known), rest)
        name = draw.pick(words("en", "streets"), "street", known)
        return f"{renumbered(street[1], known, draw)}{name} {street[3]}{renumbered(rest, known, draw)}"


def renumbered(text: str, known: str, draw: Draw) -> str:
    """The same text with other numbers; no number begins with a zero."""

    def other(hit: re.Match[str]) -> str:
        at = str(hit.start())
        first = hit.start() == 0 or not text[hit.start() - 1].isdigit()
        if not hit.group().isdigit():
            return "一二三四五六七八九"[draw.number(9, "house", known, at)]
        return str(1 + draw.number(9, "house", known, at)) if first else str(draw.number(10, "house", known, at))

    return NUMBERS.sub(other, text)


surrogate = Address()
