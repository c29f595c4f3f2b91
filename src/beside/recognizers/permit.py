"""Travel permits and identity cards of Hong Kong, Macau and Taiwan, and the permanent residence card of foreigners in China."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from beside.core.personal import Found
from beside.recognizers._around import near, of_a_thing
from beside.recognizers._checksums import hong_kong, taiwan

HOME_RETURN = re.compile(r"(?<![0-9A-Za-z])[HM]\d{8}(?:\d{2})?(?![0-9A-Za-z])", re.I)  # residents of Hong Kong and Macau
OUTWARD = re.compile(r"(?<![0-9A-Za-z])(?:[CWLT]\d{8}|C[A-HJ-NP-Z]\d{7})(?![0-9A-Za-z])", re.I)  # residents of the mainland
COMPATRIOT = re.compile(
    r"(?<![0-9A-Za-z.,/\-])\d{8}(?:\d{2}(?:[A-Z(]|(?![0-9A-Za-z])))?(?![0-9A-Za-z]|[.,/\-]\d)"
)  # residents of Taiwan
HONG_KONG = re.compile(r"(?<![0-9A-Za-z])([A-Z]{1,2}\d{6}) ?[(（]([0-9A])[)）]", re.I)
MACAU = re.compile(r"(?<![0-9A-Za-z])[157]/?\d{6}/? ?[(（]\d[)）]")
TAIWAN = re.compile(r"(?<![0-9A-Za-z])[A-Z][1289]\d{8}(?![0-9A-Za-z])")
FOREIGNER = re.compile(r"(?<![0-9A-Za-z])[A-Z]{3}\d{12}(?![0-9A-Za-z])")
BACK = ("回乡证", "来往内地", "港澳居民", "通行证", "home return", "mainland travel", "permit")
OUT = ("通行证", "港澳", "往来", "台湾", "签注", "permit")
TAIPEI = ("台胞证", "来往大陆", "台湾居民", "台湾同胞")
CARD = ("身份证", "身份證", "identity", "hkid", "香港", "澳门", "id card", "id")
STAY = ("永久居留", "外国人", "居留", "residence")


@dataclass(frozen=True, kw_only=True)
class Permit:
    """Permits have no check digit: most need a word beside them. Identity cards of Hong Kong and Taiwan have one."""

    zh: ClassVar[str] = "港澳台通行证、台胞证、回乡证、香港与台湾身份证、外国人永久居留身份证"
    examples: ClassVar[tuple[str, ...]] = (
        "港澳居民来往内地通行证[[H12345678]]",
        "回乡证号码[[M0123456701]]",
        "台胞证：[[12345678]]",
        "往来港澳通行证[[C12345678]]快到期了",
        "香港身份证[[A123456(3)]]",
        "他是台湾人，证号[[A123456789]]",
        "永久居留证[[CAN110108010101]]",
    )
    misses: ClassVar[tuple[str, ...]] = ("型号H12345678", "A123456(7)", "电话12345678", "C12345678", "编号 A123456788")

    def find(self, text: str) -> Iterator[Found]:
        """Places in the text, in any order; they may overlap."""
        for seek, words, alone in ((HOME_RETURN, BACK, 0.5), (OUTWARD, OUT, 0.0), (FOREIGNER, STAY, 0.5)):
            for hit in seek.finditer(text):
                if near(text, *hit.span(), words):
                    yield Found(hit.start(), hit.end(), 0.95)
                elif alone and len(hit.group()) != 9 and not of_a_thing(text, hit.start()):
                    yield Found(hit.start(), hit.end(), alone)
        if any(word in text for word in TAIPEI):
            for hit in COMPATRIOT.finditer(text):
                if near(text, *hit.span(), TAIPEI, after=0):
                    yield Found(hit.start(), hit.end(), 0.9)
        for hit in HONG_KONG.finditer(text):
            sound = hong_kong(hit.group(1).upper() + hit.group(2).upper())
            if sound or near(text, *hit.span(), CARD, after=0):
                yield Found(hit.start(), hit.end(), 0.95 if sound else 0.65)
        for hit in MACAU.finditer(text):
            if near(text, *hit.span(), ("澳门", "身份证", "macau", "macao")):
                yield Found(hit.start(), hit.end(), 0.9)
        for hit in TAIWAN.finditer(text):
            if taiwan(hit.group()):
                yield Found(hit.start(), hit.end(), 0.9)


recognizer = Permit()
