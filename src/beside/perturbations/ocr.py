"""Slips of optical character recognition: rn for m, 0 for O, 1 for l, c for e; in Chinese 己 已 巳, 未 末, 日 曰."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import ClassVar

import numpy as np

from beside.perturbations._words import PERSONS, Spot, chinese_words, kept, known, may_change, swapped, words

# pairs that engines confuse in print, both ways; what they confuse with punctuation or digits is read in words only
CONFUSED = "rn-m cl-d vv-w ii-u li-h nn-m ri-n c-e h-b n-u f-t i-l v-y a-o g-q E-F O-Q C-G M-N B-R H-N P-F D-O U-V"
PAIRS = [pair.split("-") for pair in CONFUSED.split()]
DIGITS = {"l": "1", "I": "1", "o": "0", "O": "0", "S": "5", "B": "8", "Z": "2", "s": "5", "z": "2", "g": "9"}
# our own list: characters that differ by the length or the place of one stroke, or by a part that print fills in
LISTED = """
己已巳 未末 日曰 土士 干于千 人入 大太犬 天夭 王玉主 木本术 田由甲申 目且 午牛 今令 乌鸟 刀力 万方 兔免 师帅 史吏 享亨 侯候
晴睛 清情 折拆析 栽裁载 刺剌 券卷 戌戍戊 仓仑 延廷 蓝篮 贷货 拨拔 辨辩辫 徒徙 很狠 低底 庆厌 压庄 圆园圃 团困因囚 问间
闪闭 白自 百白 口囗日 见贝 几凡 儿几 九丸 上土 工土 开井 夫失 矢失 处外 厂广 户尸 巾币 斤斥 戒戎 治冶 洗冼 凉谅 候侯
崇祟 毫亳 茶荼 冒昌 昨咋 味昧 侍待 持待 抱拖 抓爪 抢枪 扬杨 捡检 拒柜 赔陪 账帐 借惜 偿尝 项顶 须顺 题提 预顸
"""
SHAPE = re.compile("|".join(sorted({side for pair in PAIRS for side in pair} | DIGITS.keys(), key=len, reverse=True)))
READABLE = 4  # letters of the shortest word in which a slip makes no other word: bad, had


@dataclass(frozen=True, kw_only=True)
class Ocr:
    """One character in so many read wrongly, as from a scan; numbers, negations, pronouns and addresses stay as they are.

    The pairs are those that studies of scanned print count most often (Rice, Nartker & Nagy 1999, "Optical Character Recognition:
    An Illustrated Guide to the Frontier"; Nguyen et al. 2019, "Deep Statistical Analysis of OCR Errors"): one shape for
    another and two letters for one. In Chinese no slip makes another word of the dictionary.
    """

    characters_per_slip: int = field(default=20, metadata={"unit": "characters", "reason": "95 % right, as on a poor scan"})

    examples: ClassVar[tuple[str, ...]] = (
        "Where is my transfer of 250 euros?",
        "我已经申请退款，钱却没有到账",
        "The modern kitchen was burnt",
    )

    def edit(self, text: str, rng: np.random.Generator) -> str:
        """One edited copy; the text itself when nothing in it is easily misread."""
        spots = self.spots(text)
        if not spots:
            return text
        length = sum(char >= "\u3400" for char in text) + sum(len(spot.group()) for spot in words(text))
        return swapped(text, spots, max(1, round(length / self.characters_per_slip)), rng)

    def spots(self, text: str) -> list[Spot]:
        """Where letters and characters stand that are easily misread, each with what is read instead."""
        return [*letters(text), *characters(text)]


@cache
def misread() -> dict[str, tuple[str, ...]]:
    """Letters -> what is read for them."""
    found: dict[str, list[str]] = {}
    for one, other in PAIRS:
        found.setdefault(one, []).append(other)
        found.setdefault(other, []).append(one)
    for letter, digit in DIGITS.items():
        found.setdefault(letter, []).append(digit)
    return {old: tuple(new) for old, new in found.items()}


@cache
def similar() -> dict[str, tuple[str, ...]]:
    """Chinese character -> what is read for it, without negations, numerals and pronouns."""
    found: dict[str, set[str]] = {}
    for group in LISTED.split():
        for char in group:
            if not kept(char) and char not in PERSONS:
                found.setdefault(char, set()).update(other for other in group if other != char and not kept(other))
    return {char: tuple(sorted(others)) for char, others in found.items() if others}


def letters(text: str) -> Iterator[Spot]:
    """Where letters stand that are misread, in words of four letters or more."""
    for word in words(text):
        for spot in SHAPE.finditer(word.group()) if len(word.group()) >= READABLE else ():
            yield word.start() + spot.start(), word.start() + spot.end(), misread()[spot.group()]


def characters(text: str) -> Iterator[Spot]:
    """Where a Chinese character stands that is misread; never so that another word of the dictionary comes out."""
    for word in chinese_words(text):
        for place, old in enumerate(word.text):
            others = [new for new in similar().get(old, ()) if not known(word.text[:place] + new + word.text[place + 1 :])]
            if others and may_change(text, word.start + place):
                yield word.start + place, word.start + place + 1, others


perturbation = Ocr()
