"""Words replaced by words that mean the same: from a thesaurus that the user has, or from a table of near words."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import ClassVar

import numpy as np

from beside.core import wording
from beside.perturbations._thesaurus import Groups, thesaurus
from beside.perturbations._words import Spot, chinese_words, kept, known, like, may_change, negates, swapped, words

PLACE = "BESIDE_SYNONYMS"  # environment variable: files or folders, with the system's path separator between them
NEGATING = ("un", "in", "im", "ir", "il", "dis", "non", "不", "没", "无", "非", "未")
# words of grammar, and forms whose base form is another word: their thesaurus entries are about something else
GRAMMATICAL = """
the and but yet for nor with what when where which who whom whose why how that this these those there then than are was were
been being has have had having does did done will would could should must may might can shall let get got make made take took
taken give gave come came went gone know knew known think thought see saw seen say said tell told want need please thank thanks
hello dear sorry here now again still just only also too very more most much many some any all both each few other another same
such own about after before above below over under into onto from upon off out down through because while until since though
although if else ever even quite rather well yes men women people one once times bones things lot lots kind sort way he him his
she her hers they them their theirs it its you your yours we us our ours i me my mine himself herself zero two three four five
six seven eight nine ten eleven twelve twenty thirty fifty hundred thousand million half double first second third last next
monday tuesday wednesday thursday friday saturday sunday january february march april june july august september october
november december day days week weeks month months year years hour hours minute minutes today yesterday tomorrow tonight
morning evening night afternoon euro euros dollar dollars pound pounds cent cents left right north south east west
还有 怎样 怎么 什么 为什么 可以 不过 但是 如果 因为 所以 或者 而且 然后 就是 这个 那个 这样 那样 这么 那么 现在 时候 这里 那里
哪里 我们 你们 他们 她们 自己 大家 已经 一下 一直 一样 一些 有点 请问 谢谢 你好 您好 对于 关于 以后 以前 以上 以下 是不是
"""
GRAMMAR = frozenset(GRAMMATICAL.split())
USUAL = 200  # times a Chinese word occurs in the counts behind jieba's dictionary, for one that everybody uses
FEW = 3  # of a sense's members, those that may be taken


@dataclass(frozen=True, kw_only=True)
class Synonyms:
    """One word in so many replaced; negations, numbers and addresses stay, `a` and `an` follow the new word.

    A word with more senses than `senses` is left alone, for nothing here can tell which one is meant. Of a sense's members
    those with most senses are taken, for frequent words have most (Zipf 1945, "The Meaning-Frequency Relationship of Words"),
    so that plain words are not replaced by learned ones; with a `vocabulary` only words in it are. Only base forms are known:
    an inflected word stays as it is, and so do words of grammar.
    """

    words_per_edit: int = field(default=6, metadata={"unit": "words", "reason": "one or two in a short sentence"})
    senses: int = field(
        default=1, metadata={"unit": "senses", "reason": "with two, one replacement in two may be of the wrong one"}
    )
    resource: str = field(default="", metadata={"unit": "path", "reason": f"empty: what {PLACE} names"})
    neighbours: Mapping[str, Sequence[str]] = field(
        default_factory=dict, metadata={"unit": "words", "reason": "word -> words that may replace it, for lack of a thesaurus"}
    )
    vocabulary: frozenset[str] = field(
        default=frozenset(),
        metadata={"unit": "words", "reason": "what may come in, for instance the corpus's own words; empty: all"},
    )
    inflected: bool = field(
        default=False, metadata={"unit": "yes or no", "reason": "whether neighbours may replace bones, stopped, finer as well"}
    )

    examples: ClassVar[tuple[str, ...]] = ()  # without a thesaurus nothing is known

    def edit(self, text: str, rng: np.random.Generator) -> str:
        """One edited copy; the text itself when nothing in it has a known synonym.

        Raises:
            BadInput: the thesaurus cannot be read.
        """
        spots = self.spots(text)
        if not spots:
            return text
        length = sum(1 for word in wording.words(text) if word.text.isalpha())
        return swapped(text, spots, max(1, round(length / self.words_per_edit)), rng)

    def spots(self, text: str) -> list[Spot]:
        """Where words with synonyms stand, each with its synonyms. Raises as `edit` does."""
        table = {} if self.neighbours else table_of(tuple(self.paths()))
        return [*self.alphabetic(text, table), *self.chinese(text, table)]

    def paths(self) -> list[str]:
        """The files or folders of the thesaurus; none when the user has none."""
        return [path for path in (self.resource or os.environ.get(PLACE, "")).split(os.pathsep) if path]

    def alphabetic(self, text: str, table: Mapping[str, Groups]) -> Iterator[Spot]:
        """Where a word in letters stands that has a synonym; a name, capital within the sentence, stays."""
        shouting = text.isupper()
        for spot in words(text):
            word = spot.group()
            name = word[:1].isupper() and not shouting and text[: spot.start()].rstrip()[-1:] not in ("", ".", "!", "?", "\n")
            others = () if name or len(word) < 3 else self.others(word.casefold(), table)
            if others:
                yield *spot.span(), [like(other, word) for other in others]

    def chinese(self, text: str, table: Mapping[str, Groups]) -> Iterator[Spot]:
        """Where a Chinese word of two or more characters stands that has a synonym."""
        for word in chinese_words(text):
            if may_change(text, word.start) and not any(map(kept, word.text)) and (others := self.others(word.text, table)):
                yield word.start, word.end, others

    def others(self, word: str, table: Mapping[str, Groups]) -> list[str]:
        """What may stand in a word's place, the plainest first."""
        if word in GRAMMAR or (not self.inflected and any(base in table or base in self.neighbours for base in bases(word))):
            return []
        # a near word in a table is often only another form of the same word, or one that does not fit the sentence
        groups = [self.neighbours.get(word, ())] if self.neighbours else table.get(word, ())
        listed = [other for group in groups for other in group if fits(word, other)] if len(groups) <= self.senses else []
        usual = [other for other in dict.fromkeys(listed) if self.usual(other)]
        if self.neighbours:
            return [other for other in usual if other not in GRAMMAR and interchangeable(word, other)]
        return sorted(usual, key=lambda other: -len(table.get(other.casefold(), ())))[:FEW]

    def usual(self, word: str) -> bool:
        """Whether people write the word: it is in the vocabulary; without one, a Chinese word must be frequent."""
        if self.vocabulary:
            return word.casefold() in self.vocabulary
        return not is_han(word) or known(word) >= USUAL


@lru_cache(maxsize=4)
def table_of(paths: tuple[str, ...]) -> dict[str, Groups]:
    """Every word of the user's thesauri with its senses."""
    return {word: groups for path in paths for word, groups in thesaurus(path).items()}


def interchangeable(word: str, other: str) -> bool:
    """Whether two English words have the same ending and are not forms, nor opposites, of one word; true for Chinese words."""
    if is_han(word):
        return not set(word) & set("不没无非未") and len(word) == len(other)
    stems, others = {word, *bases(word)}, {other, *bases(other)}
    related = stems & others or any(before + one in others for before in NEGATING for one in stems)
    related = related or any(before + one in stems for before in NEGATING for one in others)
    endings = [next((end for end in ("ing", "ed", "ly", "s") if one.endswith(end)), "") for one in (word, other)]
    return not related and endings[0] == endings[1]


def bases(word: str) -> list[str]:
    """What an English word may be a form of: bones -> bone, stopped -> stop, tries -> try."""
    cut = [(word.removesuffix(end), end) for end in ("s", "es", "ed", "d", "ing", "er", "est") if word.endswith(end)]
    stems = [stem for stem, _ in cut if len(stem) > 2]
    doubled = [stem[:-1] for stem in stems if stem[-1] == stem[-2]]
    return [*stems, *doubled, *(stem + "e" for stem in stems), *(stem[:-1] + "y" for stem in stems if stem.endswith("i"))]


def fits(word: str, other: str) -> bool:
    """Whether a word may replace another: in the same writing, no name, no negation, not the same word with un- or 不 before it."""
    if other.casefold() == word or any(char.isupper() for char in other) or not 0 < len(other.split()) <= 2:
        return False
    if any(map(kept, other)) or any(negates(part) for part in other.split()) or len(other) < 2:
        return False
    opposite = any(first == before + second for before in NEGATING for first, second in ((word, other), (other, word)))
    opposite = opposite or {word[-1:], other[-1:]} == {"来", "去"}  # Cilin puts 回来 and 回去 together
    return not opposite and is_han(word) == is_han(other)


def is_han(word: str) -> bool:
    """Whether a word is written in Chinese characters."""
    return bool(word) and all("\u3400" <= char <= "\u9fff" or ord(char) >= 0x20000 for char in word)


perturbation = Synonyms()
