"""Simplified Chinese written in traditional characters, and traditional in simplified (OpenCC)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar

import numpy as np

from beside.perturbations._words import HAN

CHINESE = re.compile(f"[{HAN}]+")
OTHER_WRITING = re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")  # kana and Hangul: their characters are not Chinese text


@dataclass(frozen=True, kw_only=True)
class Scripts:
    """The whole text in the other writing; phrases decide between characters that fell together (发 -> 發 or 髮).

    The words stay the same ones: `tw` and `hk` choose the characters usual there, not other words. Negations and numerals
    keep their meaning in their other form (没 -> 沒, 万 -> 萬).
    """

    traditional: str = field(
        default="tw", metadata={"unit": "t, tw or hk", "reason": "為 and 裡 are read by most; t writes 爲, 裏"}
    )

    examples: ClassVar[tuple[str, ...]] = ("我的转账怎么还没有到账？", "我的轉帳怎麼還沒有到帳？")

    def edit(self, text: str, rng: np.random.Generator) -> str:
        """The text in the other writing; the text itself when it has no character that differs, or is no Chinese."""
        if OTHER_WRITING.search(text):
            return text
        traditional, simplified = (converted(text, name) for name in (f"s2{self.traditional}", f"{self.traditional}2s"))
        return traditional if differing(text, traditional) >= differing(text, simplified) else simplified


def converted(text: str, name: str) -> str:
    """The Chinese parts of a text through OpenCC; it cannot take a lone surrogate, which may stand in the rest."""
    return CHINESE.sub(lambda run: converter(name).convert(run.group()), text)


def differing(first: str, second: str) -> int:
    """How many characters differ; the text is in the writing that fewer conversions would change."""
    return sum(one != other for one, other in zip(first, second, strict=False)) + abs(len(first) - len(second))


@cache
def converter(name: str) -> Any:
    """OpenCC's converter of that name; reading its dictionaries takes a moment, so it is kept."""
    from opencc import OpenCC

    return OpenCC(name)


perturbation = Scripts()
