"""Characters that look alike exchanged: 己 已 巳, 未 末; in other writings 0 for o, rn for m, Cyrillic а for Latin a."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import ClassVar

import numpy as np

from beside.perturbations._words import PERSONS, Spot, chinese_words, kept, known, may_change, swapped, words

# our own list of characters that differ by a stroke or one part; negations and numerals in it never change, see `similar`
LISTED = """
己已巳 未末 日曰 土士 干于 人入 大太犬 天夭 王玉主 木本术 田由甲申 目且 午牛 今令 乌鸟 刀力 万方 兔免 师帅
史吏 享亨 侯候 拔拨 辨辩辫瓣 徒徙 晴睛 喝渴揭竭 清情请晴 很狠恨 跟根 抱饱泡炮跑袍 低底抵 坐座 快块决 历厉 折拆析
栽裁载戴 拢扰 刺剌 券卷 赢嬴 茶荼 戌戍戊 弋戈 仓仑 轮抡 沧沦 延廷 诞涎 蓝篮 账帐胀 帖贴 圆园 货贷 赁货 款欸
收攻 改攻 付什 户尸 帮绑 挂桂 转砖 洵询 费资 额颔 服眼 务芬 理埋 退追 这运 观现规 钱线 钓钩 铁铗 惜借措 姐组
祖租粗阻 值植置 直真 具县 员贡 页贞 项顷顶 须顺 预颂 领颁 频颇 题提堤 明朋 期斯欺棋 酒洒 洗冼 泠冷 冶治 话活
括刮 和种 科料 秒抄 砂沙纱妙 吵炒 冲仲 决诀 况祝 凉谅 凌陵 减喊 感惑 忘忙 思恩 总恐 息恳垦 意竟竞章 音暗 普晋
暑署著 者老考孝 季李 学字 宇字 完宗 定宝 实买卖 读续 结拮 给拾 恰洽 纪记 汽讫 油抽柚 神伸 押抻 拥佣 用甩 角甬
通诵桶 远运 迟尺 连莲 达迏 迭送 选先 造适 逛狂 速束 遗遣遭 遥摇谣 避壁璧 臂劈僻 部陪倍培赔 邮油 郊效 郎朗狼浪
行街 彻砌 征证 待侍诗 持特 等筹 笨体休 作昨炸诈 做故敌 教数 整正 修候 保堡 使便更硬 偿尝赏 掌常堂 当挡档 傍榜膀
膝漆 腾胜 报投 役设 股般搬船 盘盆盒 盗监 滋磁慈 幕墓慕募暮 漠模摸膜 密蜜 察擦 寨塞赛寒 家蒙 豪毫 高亭 停享 厂广
床庆 庄压 应庆 站沾粘战 址扯 场扬肠 汤扬 坡坟 坏怀 杯怀 访防仿 坊妨 幻幼 巨臣 巾币 斤斥 瓜爪 睡唾 锤捶 摄慑
矛予 戒戎 肓盲 冠寇 析晰 竖坚 梁粱 拴栓 捡检险验 俭剑 狐孤弧 抓爬 渡度 诉斥 柳卯
"""
GROUPS = LISTED.split()
SHAPES: dict[str, tuple[str, ...]] = {
    "a": ("а",), "c": ("с",), "e": ("е",), "i": ("1", "l", "і"), "l": ("1", "I"), "o": ("0", "о"), "p": ("р",), "s": ("ѕ",),
    "x": ("х",), "y": ("у",), "m": ("rn",), "w": ("vv",), "d": ("cl",), "rn": ("m",), "vv": ("w",), "cl": ("d",),
    "A": ("А",), "B": ("В", "8"), "C": ("С",), "E": ("Е",), "H": ("Н",), "I": ("l", "1"), "K": ("К",), "M": ("М",), "O": ("0", "О"),
    "P": ("Р",), "S": ("5", "Ѕ"), "T": ("Т",), "X": ("Х",), "а": ("a",), "е": ("e",), "о": ("o", "0"), "р": ("p",), "с": ("c",),
    "у": ("y",), "х": ("x",), "З": ("3",), "б": ("6",),
}  # fmt: skip
LETTERS = 3  # that weigh as much as one Chinese character
SHAPE = re.compile("|".join(sorted(SHAPES, key=len, reverse=True)))


@dataclass(frozen=True, kw_only=True)
class Glyphs:
    """One character in so many replaced by one that looks like it; digits, negations and pronouns stay as they are.

    Chinese groups are our own; visually similar characters cause about a third of the wrong characters that people write (Liu
    et al. 2010). Latin and Cyrillic look-alikes are some of those that Unicode Technical Standard 39 calls confusable, as used
    to get words past a filter (Boucher et al. 2022, "Bad Characters").
    """

    characters_per_edit: int = field(default=12, metadata={"unit": "characters", "reason": "about one in a short sentence"})

    examples: ClassVar[tuple[str, ...]] = ("我的转账250元怎么还没有到账？", "Where is my transfer of 250 euros?", "Где мой перевод")

    def edit(self, text: str, rng: np.random.Generator) -> str:
        """One edited copy; the text itself when nothing in it looks like something else."""
        spots = self.spots(text)
        if not spots:
            return text
        letters = sum(len(spot.group()) for spot in words(text))
        length = sum(char >= "\u3400" for char in text) + letters / LETTERS
        return swapped(text, spots, max(1, round(length / self.characters_per_edit)), rng)

    def spots(self, text: str) -> list[Spot]:
        """Where characters stand that look like others, each with those."""
        return [*han(text), *latin(text)]


@cache
def similar() -> dict[str, tuple[str, ...]]:
    """Character -> those that look like it, without negations and numerals."""
    found: dict[str, set[str]] = {}
    for group in GROUPS:
        for char in group:
            if not kept(char) and char not in PERSONS:
                found.setdefault(char, set()).update(other for other in group if other != char and not kept(other))
    return {char: tuple(sorted(others)) for char, others in found.items() if others}


def han(text: str) -> Iterator[Spot]:
    """Where a Chinese character stands that looks like another; never so that a second word of the dictionary comes out."""
    for word in chinese_words(text):
        for place, old in enumerate(word.text):
            others = [new for new in similar().get(old, ()) if not known(word.text[:place] + new + word.text[place + 1 :])]
            if others and may_change(text, word.start + place):
                yield word.start + place, word.start + place + 1, others


def latin(text: str) -> Iterator[Spot]:
    """Where letters stand that look like others, in words of three letters or more."""
    for word in words(text):
        for spot in SHAPE.finditer(word.group()) if len(word.group()) > 2 else ():
            yield word.start() + spot.start(), word.start() + spot.end(), SHAPES[spot.group()]


perturbation = Glyphs()
