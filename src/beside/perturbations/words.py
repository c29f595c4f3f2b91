"""Words that carry no meaning left out, put in, or exchanged with their neighbour, as people write in haste."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar

import numpy as np

from beside.core import wording
from beside.core.errors import BadOption
from beside.perturbations._words import Spot, chinese_words, kept, may_change, negates, swapped, words

# without them, or with them, a sentence asks for the same and praises or blames the same
SPARE = """
the a an very really quite just so also then please even still already actually basically simply indeed well oh hello hi hey dear
"""
SPARE_EN = frozenset(SPARE.split())
SPARE_CHINESE = "的 了 呢 啊 呀 哦 嘛 啦 就 也 都 还 很 请 一下 其实 真的 已经 非常 十分 那个 这个 然后 有点 现在"
SPARE_ZH = frozenset(SPARE_CHINESE.split())
OPENERS_EN = ("well, ", "so, ", "actually, ", "honestly, ", "you know, ", "in fact, ", "anyway, ")
OPENERS_ZH = ("其实", "那个，", "嗯，", "说实话，", "话说", "就是说，")
# first words that lose their capital behind an opener; others may be names
FIRST = """
the a an it this that there these those my your our his her their what when where which who why how is are was were do does did can
could will would if in on at for from with to and but he she they we you please have has had one
"""
OPENING = frozenset(FIRST.split())
KINDS = ("delete", "swap", "insert")


@dataclass(frozen=True, kw_only=True)
class Words:
    """One place in so many words edited; negations, numbers, names of persons and addresses stay where they are.

    The edits are those of EDA (Wei & Zou 2019, "Easy Data Augmentation"), which deletes, swaps and inserts any word; here only
    words that carry no meaning are deleted and put in, and only neighbours swapped, so that a person answers alike.
    """

    words_per_edit: int = field(default=10, metadata={"unit": "words", "reason": "EDA's share of one word in ten"})
    kinds: tuple[str, ...] = field(default=KINDS, metadata={"unit": "edits", "reason": "people do all three"})

    examples: ClassVar[tuple[str, ...]] = (
        "Where is my transfer of 250 euros?",
        "我的银行卡昨天在地铁站丢了，请帮我挂失",
        "it was just wonderful",
    )

    def __post_init__(self) -> None:
        if odd := [kind for kind in self.kinds if kind not in KINDS]:
            raise BadOption(f"There is no edit of words '{odd[0]}'.", f"There are: {', '.join(KINDS)}.")

    def edit(self, text: str, rng: np.random.Generator) -> str:
        """One edited copy; the text itself when nothing in it can be edited."""
        kinds = [some for kind in self.kinds if (some := list(WAYS[kind](text)))]
        if not kinds:
            return text
        length = sum(1 for word in wording.words(text) if word.text.isalpha())
        spots = kinds[int(rng.integers(len(kinds)))]
        chosen: list[Spot] = []
        for place in rng.permutation(len(spots))[: max(1, round(length / self.words_per_edit))]:
            start, end, _ = spots[place]
            if all(end <= first or start >= last for first, last, _ in chosen):  # two swaps may want the same word
                chosen.append(spots[place])
        return swapped(text, chosen, len(chosen), rng)

    def spots(self, text: str) -> list[Spot]:
        """Every place that can be edited, with what may stand there."""
        return [spot for kind in self.kinds for spot in WAYS[kind](text)]


def deletions(text: str) -> Iterator[Spot]:
    """Words that can be spared; of two spaces around one the second goes with it."""
    for spot in words(text):
        start, end = spot.span()
        if spot.group().casefold() in SPARE_EN and text[end : end + 1] == " " and not before_negation(text, end):
            yield start, end + 1, ("",)
    for word in wording.words(text):
        if word.text in SPARE_ZH and word.start > 0 and word.end < len(text) and not kept(text[word.start - 1]):
            yield word.start, word.end, ("",)


def swaps(text: str) -> Iterator[Spot]:
    """Two neighbouring words with only a space between them, or two Chinese words; none right behind a negation."""
    spots = list(words(text))
    for first, second in pairwise(spots):
        gap = text[first.end() : second.start()]
        if gap == " " and not after_negation(text, first.start()) and first.group().casefold() != second.group().casefold():
            yield first.start(), second.end(), (second.group() + gap + first.group(),)
    whole = [word for word in chinese_words(text) if may_change(text, word.start) and not any(map(kept, word.text))]
    for one, other in pairwise(whole):
        if one.end == other.start and not (one.start and kept(text[one.start - 1])):
            yield one.start, other.end, (other.text + one.text,)


def insertions(text: str) -> Iterator[Spot]:
    """A few words before a text that say nothing."""
    found = wording.words(text)
    first = next((word for word in found if word.text.isalpha()), None)
    if first is None or len(found) < 2 or first.start != found[0].start or first.start != len(text) - len(text.lstrip()):
        return
    if first.text.isascii():
        start, lower = first.start, first.text.casefold() in OPENING
        head = first.text[:1].lower() if lower else first.text[:1]
        yield start, start + 1, tuple(cased(opener, first.text) + head for opener in OPENERS_EN)
    elif any(word.start == first.start for word in chinese_words(text)):
        yield first.start, first.start, OPENERS_ZH


def cased(opener: str, model: str) -> str:
    """An opener with a capital where the text began with one."""
    return opener[:1].upper() + opener[1:] if model[:1].isupper() else opener


def after_negation(text: str, place: int) -> bool:
    """Whether the word before a place is a negation."""
    before = text[:place].split()
    return bool(before) and negates(before[-1].strip(".,;:!?\"'"))


def before_negation(text: str, place: int) -> bool:
    """Whether the word behind a place is a negation."""
    behind = text[place:].split(maxsplit=1)
    return bool(behind) and negates(behind[0].strip(".,;:!?\"'"))


WAYS: dict[str, Callable[[str], Iterator[Spot]]] = {"delete": deletions, "swap": swaps, "insert": insertions}

perturbation = Words()
