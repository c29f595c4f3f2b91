"""Made-up names of organisations; the word that says what they are stays."""

from __future__ import annotations

import re
from typing import ClassVar

from beside.core.drawing import Draw
from beside.surrogates._lists import words

HAN = re.compile("[\u3400-\u9fff]")
ENDING = re.compile(
    "(?:有限责任公司|股份有限公司|有限公司|公司|银行|大学|学院|中学|小学|医院|幼儿园|研究院|研究所|派出所|法院|律师事务所|事务所)(?:.{0,6}分行|.{0,6}分公司|支行)?$"
)
KIND = re.compile(r"(?:Inc|Ltd|LLC|LLP|PLC|Corp|Corporation|GmbH|AG|Group|Bank|University|College|Hospital)\b\.?$")
OF = re.compile(r"^(University|Bank) of ")


class Organisation:
    """The place in a Chinese name is another one as well."""

    zh: ClassVar[str] = "机构名称：名称另取，保留类型（公司、银行、大学等）"

    def make(self, value: str, draw: Draw) -> str:
        """Another name of the same kind."""
        known = " ".join(value.casefold().split())
        if HAN.search(value):
            ending = ENDING.search(value)
            place = draw.pick(words("zh", "cities"), "place", known)
            kind = re.sub(r"(?<=[行司]).*(?=分行|分公司)", "", ending.group()) if ending else ""
            return f"{place}{draw.pick(words('zh', 'companies'), 'organisation', known)}{kind}"
        if of := OF.match(value):
            return of.group() + draw.pick(words("en", "cities"), "organisation", known)
        ending = KIND.search(value)
        name = draw.pick(words("en", "companies"), "organisation", known)
        return f"{name} {ending.group()}" if ending else name


surrogate = Organisation()
