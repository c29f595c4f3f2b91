"""International bank account numbers: the length of the country and the check digits (ISO 13616)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from beside.core.personal import Found
from beside.recognizers._around import near
from beside.recognizers._checksums import iban

LISTED = """AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18
FO18 FR27 GB22 GE22
GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 MC27 MD24 ME22 MK19 MR27
MT31 MU30 NL18
NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20"""
LENGTHS = {one[:2]: int(one[2:]) for one in LISTED.split()}
START = re.compile(r"(?<![0-9A-Za-z])[A-Za-z]{2}\d{2}(?=[ \-]?[0-9A-Za-z]{3})")
SIGN = re.compile(r"[ \-]?[0-9A-Za-z]")


@dataclass(frozen=True, kw_only=True)
class Iban:
    """Written in one piece or in groups; where the word IBAN stands before it, one with a slip in it counts as well."""

    zh: ClassVar[str] = "国际银行账号 IBAN（国家长度与校验位）"
    examples: ClassVar[tuple[str, ...]] = (
        "IBAN [[DE89 3704 0044 0532 0130 00]], please",
        "汇到[[GB82WEST12345698765432]]即可",
        "my iban is [[fr1420041010050500013m02606]]",
        "IBAN: [[DE89370400440532013001]]",
    )
    misses: ClassVar[tuple[str, ...]] = ("DE89370400440532013001", "GB82 is a code", "ZZ8212345698765432", "AB12 CD34 EF56")

    def find(self, text: str) -> Iterator[Found]:
        """Places in the text, in any order; they may overlap."""
        for hit in START.finditer(text):
            length = LENGTHS.get(hit.group()[:2].upper())
            if length and (end := ending(text, hit.end(), length - 4)):
                value = re.sub(r"[ \-]", "", text[hit.start() : end]).upper()
                if iban(value):
                    yield Found(hit.start(), end, 0.98)
                elif near(text, hit.start(), end, ("iban",)):
                    yield Found(hit.start(), end, 0.65)


def ending(text: str, at: int, count: int) -> int:
    """Where `count` more letters and digits end, with single gaps between them; 0 when there are not as many, or more."""
    for _ in range(count):
        sign = SIGN.match(text, at)
        if sign is None:
            return 0
        at = sign.end()
    return 0 if text[at : at + 1].isascii() and text[at : at + 1].isalnum() else at


recognizer = Iban()
