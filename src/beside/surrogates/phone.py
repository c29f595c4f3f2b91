"""Telephone numbers: of ranges kept for films or given to nobody where there are such, else other digits in the same form."""

from __future__ import annotations

import re
from typing import ClassVar

from beside.core.drawing import Draw, refilled, signs_of

CHINA = re.compile(r"(?:00)?(?:86)?(0?)1[3-9]\d{9}")
LANDLINE = re.compile(r"((?:00)?(?:86)?0?(?:10|2[0-57-9]|[3-9]\d{2}))(\d{7,8})(\d{0,6})")
AMERICA = re.compile(r"(1?|001)[2-9]\d{2}[2-9]\d{6}")
EXTENSION = re.compile(r" ?(?:转|分机|ext\.?|x|#) ?\d{1,6}$", re.I)
NUMERALS = "零一二三四五六七八九"
OTHER_NUMERALS = str.maketrans("〇幺", "零一")


class Phone:
    """Chinese mobiles begin with 154, which no operator was given; Chinese landlines go on with 9, which no subscriber has.

    North American numbers are 555-0100 to 555-0199, British ones Ofcom's for drama. Elsewhere country code and form stay.
    """

    zh: ClassVar[str] = "电话号码：尽可能取保留或未分配号段，其余保持国家代码与格式"

    def make(self, value: str, draw: Draw) -> str:
        """Another number in the same form."""
        if not any(sign.isascii() and sign.isdigit() for sign in value):
            known = "".join(str(NUMERALS.index(sign)) for sign in value.translate(OTHER_NUMERALS) if sign in NUMERALS)
            return "".join(NUMERALS[int(digit)] for digit in self.digits(known, False, draw))
        extension = EXTENSION.search(value)
        if extension and extension.start() > 0:
            return self.make(value[: extension.start()], draw) + draw.alike(extension.group(), "extension", value)
        signs = signs_of(value)
        return refilled(value, self.digits(signs, value.lstrip().startswith(("+", "00", "(+")), draw))

    def digits(self, signs: str, abroad: bool, draw: Draw) -> str:
        """Other digits for these."""
        if CHINA.fullmatch(signs):
            return signs[:-11] + "154" + draw.digits(8, "phone", signs[-11:])
        if abroad and signs.removeprefix("00").startswith("44"):
            at = signs.index("44") + 2
            start = ("7700900" if signs[at : at + 1] == "7" else "2079460")[: max(0, len(signs) - at)]
            return (signs[:at] + start + draw.digits(len(signs), "phone", signs[at:]))[: len(signs)]
        if AMERICA.fullmatch(signs) and signs[:3] not in ("400", "800"):
            area = f"{2 + draw.number(8, 'area', signs[-10:])}{draw.digits(2, 'area', signs[-10:])}"
            return signs[:-10] + area + "55501" + draw.digits(2, "phone", signs[-10:])
        if not abroad and (line := LANDLINE.fullmatch(signs)):
            return line[1] + "9" + draw.digits(len(line[2]) - 1, "phone", line[2]) + draw.digits(len(line[3]), "extension", line[3])
        kept = 4 if signs.startswith("00") else 2 if abroad else 3 if signs[:3] in ("400", "800") else 1
        return signs[:kept] + draw.alike(signs[kept:], "phone", signs)


surrogate = Phone()
