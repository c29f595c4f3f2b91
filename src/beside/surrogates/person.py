"""Names of people, part by part: the same surname becomes the same surname; script, length, and sex where it is told, stay."""

from __future__ import annotations

import re
from typing import ClassVar

from beside.core.drawing import Draw
from beside.surrogates._latin import latin
from beside.surrogates._lists import signs, words

HAN = re.compile("[\u3400-\u9fff〇]")
HAN_RUN, DOT = re.compile("[\u3400-\u9fff〇]+"), re.compile("[·•・]")
WORD = re.compile(r"[^\W\d_]+(?:[’'][^\W\d_]+)?")


class Person:
    """`Anna Berger`, `Anna` and `Ms Berger` stay one person; two parts that are on a list never become the same."""

    zh: ClassVar[str] = "人名：按姓与名分别一致替换，保留文字、字数与可辨的性别"

    def make(self, value: str, draw: Draw) -> str:
        """Another name."""
        if HAN.search(value):
            return foreign(value, draw) if DOT.search(value) else HAN_RUN.sub(lambda part: chinese(part.group(), draw), value)
        return WORD.sub(lambda word: latin(word.group(), draw), value)


def foreign(value: str, draw: Draw) -> str:
    """A name that was put into Chinese characters, 卡尔·马克思."""
    return re.sub(r"[^·•・]+", lambda part: draw.another("foreign", words("zh", "foreign"), part.group()), value)


def chinese(name: str, draw: Draw) -> str:
    """A Chinese name of a surname, a given name, or both."""
    surnames, compound = signs("zh", "surnames"), words("zh", "compound")
    size = 2 if name[:2] in compound else 1 if name[0] in surnames or len(name) > 2 or len(name) == 1 else 0
    family = name[:size]
    if size:
        family = draw.another("compound", compound, family) if size == 2 else draw.another("surnames", surnames, family)
    return family + "".join(given_sign(sign, draw) for sign in name[size:])


def given_sign(sign: str, draw: Draw) -> str:
    """One character of a given name."""
    for kind in ("female", "male"):
        if sign in signs("zh", kind):
            return draw.another(f"zh {kind}", signs("zh", kind), sign)
    return draw.another("zh neutral", signs("zh", "neutral"), sign)


surrogate = Person()
