"""Canaries: rows made up to be learned, so that how well a model remembers them tells how well it remembers anybody's.

A training that has some plants about half of them among its rows, each by the toss of a coin; the others are known to nobody and
stand by for comparison. What is planted follows from a seed alone, never from the rows of the corpus. Words of the corpus's
language are drawn at random: nobody asks a model such a text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from beside.core.errors import BadOption
from beside.core.interfaces import Task
from beside.core.languages import spoken
from beside.core.recipe import Recipe
from beside.core.types import Example

ORIGIN = "canary"
WORDS = 8  # of a text
DIGITS = 8  # of a secret, each a token by itself in any tokenizer
LOOKED_AT = 200  # rows whose language is asked
ENGLISH = (
    "anchor apple arrow autumn badge bamboo basket beacon bell blanket bottle branch bridge bronze bucket button cabin "
    "camel candle canyon carpet castle cedar chalk chapel cherry circle clock cloud clover cobalt comet copper coral cotton "
    "cradle crane crystal curtain dagger desert diamond dolphin donkey dragon eagle ember engine falcon feather fiddle flag "
    "flint forest fountain fox garden ginger glacier globe granite hammer harbour harvest hazel helmet honey island ivory "
    "jacket jasmine kettle ladder lantern lemon lily lion magnet maple marble meadow mirror mountain needle nickel ocean "
    "olive orchid otter paddle panther pebble pepper pigeon pillow planet pocket rabbit raven ribbon river saddle salmon "
    "silver spider"
)
CHINESE = (
    "苹果 竹子 铃铛 毯子 瓶子 树枝 桥梁 青铜 水桶 纽扣 木屋 骆驼 蜡烛 峡谷 地毯 城堡 雪松 粉笔 "
    "樱桃 圆圈 时钟 白云 彗星 紫铜 珊瑚 棉花 摇篮 白鹤 水晶 窗帘 沙漠 钻石 海豚 毛驴 老鹰 火星 "
    "引擎 羽毛 提琴 旗帜 森林 喷泉 狐狸 花园 生姜 冰川 地球 花岗 锤子 港口 榛子 头盔 蜂蜜 岛屿 "
    "象牙 夹克 茉莉 水壶 梯子 灯笼 柠檬 百合 狮子 磁铁 枫叶 大理 草地 镜子 高山 针线 海洋 橄榄 "
    "兰花 水獭 船桨 黑豹 卵石 胡椒 鸽子 枕头 行星 口袋 白兔 乌鸦 丝带 河流 马鞍 鲑鱼 白银 蜘蛛"
)


@dataclass(frozen=True, kw_only=True)
class Canary:
    """A made-up row, and whether it was planted."""

    text: str
    target: str
    planted: bool


@dataclass(frozen=True, kw_only=True)
class Canaries:
    """All canaries of a training. Kept with the model as plain data, so that an audit makes the same again.

    Args:
        seed: decides words, secrets and tosses.
        count: how many there are, planted or not.
        copies: how often each planted one stands among the rows.
        labels: of which each one has one by chance; none: its target is a secret of digits.
        language: en or zh.
    """

    seed: int
    count: int
    copies: int
    labels: tuple[str, ...]
    language: str

    def rows(self) -> list[Canary]:
        """Each canary, planted or not."""
        rng = np.random.default_rng([self.seed, 1])
        return [self.made(rng, bool(rng.integers(2))) for _ in range(self.count)]

    def others(self, count: int, rng: np.random.Generator) -> list[Canary]:
        """As many more, drawn in the same way and never planted."""
        return [self.made(rng, False) for _ in range(count)]

    def secrets(self, count: int, rng: np.random.Generator) -> list[str]:
        """Targets that another canary with the same text might have had."""
        return [self.target(rng) for _ in range(count)]

    def made(self, rng: np.random.Generator, planted: bool) -> Canary:
        """One canary."""
        words = (CHINESE if self.language == "zh" else ENGLISH).split()
        drawn = [words[place] for place in rng.integers(0, len(words), WORDS)]
        return Canary(text=("" if self.language == "zh" else " ").join(drawn), target=self.target(rng), planted=planted)

    def target(self, rng: np.random.Generator) -> str:
        """A label by chance, or a secret."""
        if self.labels:
            return self.labels[int(rng.integers(len(self.labels)))]
        return " ".join(map(str, rng.integers(0, 10, DIGITS)))

    def planted(self) -> list[Example]:
        """The rows that join those to learn from; the copies of one are one person's."""
        return [
            Example(
                id=f"{ORIGIN}-{place}-{copy}",
                text=one.text,
                target=one.target,
                person=f"{ORIGIN}-{place}",
                origin=ORIGIN,
            )
            for place, one in enumerate(self.rows())
            if one.planted
            for copy in range(self.copies)
        ]

    def told(self) -> str:
        """One line for a person."""
        there = sum(one.planted for one in self.rows())
        times = f", {self.copies} times each" if self.copies > 1 else ""
        return f"Canaries: {there} of {self.count} made-up rows are planted among the training rows{times}; no other row is one."

    def plain(self) -> dict[str, Any]:
        """As it is kept with the model."""
        return {**vars(self), "labels": list(self.labels)}


def canaries_for(examples: Sequence[Example], labels: Sequence[str], task: Task, recipe: Recipe) -> Canaries | None:
    """The canaries of a training; None when its recipe asks for none.

    Args:
        examples: rows to learn from; only in which language most of the first ones are is looked at.

    Raises:
        BadOption: the task has no canaries, or its promise of epsilon does not hold for them.
    """
    if not recipe.canaries:
        if recipe.canary_copies != 1:
            raise BadOption(
                "Setting canary_copies has no effect without canaries.", "Set canaries as well, for example canaries=64."
            )
        return None
    if not (task.single or task.writes) or task.pairs == "must":
        raise BadOption(
            "Cannot set canaries for this task: its answers are neither one label nor written text.", "Leave canaries out."
        )
    if recipe.rounds:
        raise BadOption("Cannot set canaries for a training across sites: each would plant its own.", "Leave canaries out.")
    if recipe.epsilon is not None and recipe.canary_copies > 1 and recipe.privacy_unit == "row":
        raise BadOption(
            "Cannot set canary_copies with epsilon for rows: the copies would be rows of their own, which no promise joins.",
            "Leave canary_copies out, or set privacy_unit=person.",
        )
    usual = Counter(spoken([row.text for row in examples[:LOOKED_AT]])).most_common(1)
    language = "zh" if usual and usual[0][0] == "Chinese" else "en"
    kept = () if task.writes else tuple(labels)
    return Canaries(seed=recipe.seed, count=recipe.canaries, copies=recipe.canary_copies, labels=kept, language=language)


def canaries_of(subject: Any) -> Canaries | None:
    """The canaries that a model was trained with, from what is kept with it; None when there were none."""
    kept: Mapping[str, Any] = getattr(getattr(subject, "facts", None), "canaries", None) or {}
    return Canaries(**{**kept, "labels": tuple(kept["labels"])}) if kept else None
