"""Words that sound alike exchanged: 再 for 在, 帐 for 账 (same pinyin and tone); in English their and there, wait and weight."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import ClassVar

import numpy as np

from beside.core import wording
from beside.perturbations._words import PERSONS, Spot, chinese_words, kept, known, like, may_change, swapped, words

# groups that sound alike in most accents; no negation (know, no), no number (two, to), no word for a person (mail, male)
LISTED = """
their/there/they're your/you're its/it's whose/who's to/too here/hear buy/by write/right piece/peace weather/whether
wait/weight week/weak wear/where/ware were/where been/bean sent/cent/scent sell/cell break/brake new/knew see/sea meet/meat
our/hour whole/hole would/wood great/grate threw/through steal/steel plane/plain fair/fare role/roll principal/principle
stationary/stationery complement/compliment affect/effect lose/loose passed/past site/sight waist/waste way/weigh tail/tale
pair/pear bear/bare ad/add aloud/allowed bored/board queue/cue guest/guessed missed/mist poor/pour rain/reign root/route
sale/sail some/sum tide/tied wrap/rap witch/which wine/whine check/cheque seen/scene made/maid paid/payed side/sighed
seem/seam need/knead night/knight flour/flower feet/feat road/rode stair/stare stake/steak real/reel read/reed blew/blue
cast/caste course/coarse die/dye find/fined heal/heel loan/lone mode/mowed pause/paws pole/poll then/than
"""
PAIRS = LISTED.split()
# single characters that people take for each other as words of their own
ALONE = {
    char: group.replace(char, "") for group in ("的地得", "在再", "做作", "以已", "帐账", "象像", "那哪", "座坐") for char in group
}
COMMONEST = 5  # homophones of a character that may be taken, the commonest first


@dataclass(frozen=True, kw_only=True)
class Homophones:
    """One word in so many replaced by one of the same sound.

    In Chinese one character of a word of two or more, read in its context (pypinyin, MIT), becomes one of the commonest
    characters with the same pinyin and tone, as in slips of pinyin input (Liu et al. 2010, "Visually and Phonologically
    Similar Characters in Incorrect Simplified Chinese Words"); never into another word of the dictionary, so that readers hear
    the one that was meant. Common characters are those of GB 2312 level 1, ranked by their words in jieba's dictionary.
    """

    words_per_edit: int = field(default=8, metadata={"unit": "words", "reason": "about one slip per short sentence"})

    examples: ClassVar[tuple[str, ...]] = (
        "我的银行卡昨天在地铁站丢了",
        "我的转账250元怎么还没有到账？",
        "I want to know where their office is",
    )

    def edit(self, text: str, rng: np.random.Generator) -> str:
        """One edited copy; the text itself when nothing in it has a homophone."""
        spots = self.spots(text)
        if not spots:
            return text
        length = sum(1 for word in wording.words(text) if word.text.isalpha())
        return swapped(text, spots, max(1, round(length / self.words_per_edit)), rng)

    def spots(self, text: str) -> list[Spot]:
        """Where words and characters stand that sound like others, each with those."""
        return [*english(text), *chinese(text)]


@cache
def alike() -> dict[str, list[str]]:
    """English word -> the words that sound like it."""
    groups = [group.split("/") for group in PAIRS]
    return {
        word: sorted({other for group in groups if word in group for other in group} - {word}) for group in groups for word in group
    }


def english(text: str) -> list[Spot]:
    """Where an English word stands that has a homophone."""
    found = ((spot, alike().get(spot.group().casefold().replace("’", "'"))) for spot in words(text))
    return [(*spot.span(), [like(other, spot.group()) for other in others]) for spot, others in found if others]


def chinese(text: str) -> Iterator[Spot]:
    """Where a Chinese character stands that may be taken for another of its sound."""
    from pypinyin import Style, lazy_pinyin

    yield from ((at, at + 1, ALONE[char]) for at, char in enumerate(text) if char in ALONE and stands_alone(text, at))
    known_by_sound = sounds_of()
    for word in chinese_words(text):
        sounds = lazy_pinyin(word.text, style=Style.TONE3)
        for place, sound in enumerate(sounds if len(sounds) == len(word.text) else ()):
            old = word.text[place]
            others = [char for char in known_by_sound.get(sound, ()) if char != old]
            others = [char for char in others if not known(word.text[:place] + char + word.text[place + 1 :])]
            if others and old in common() and may_change(text, word.start + place):
                yield word.start + place, word.start + place + 1, others


def stands_alone(text: str, place: int) -> bool:
    """Whether a character is a word of its own and may change."""
    return may_change(text, place) and all(
        word.text == text[place] for word in wording.words(text) if word.start <= place < word.end
    )


@cache
def common() -> frozenset[str]:
    """The 3,755 characters of GB 2312 level 1."""
    places = ((row, cell) for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF) if (row, cell) < (0xD7, 0xFA))
    return frozenset(bytes(place).decode("gb2312") for place in places)


@cache
def sounds_of() -> dict[str, tuple[str, ...]]:
    """Pinyin with its tone -> the common characters read so, the commonest first."""
    from pypinyin import Style, lazy_pinyin

    often: Counter[str] = Counter()
    for word, count in wording.chinese().FREQ.items():
        for char in word:
            often[char] += count
    groups: dict[str, list[str]] = {}
    for char in sorted(common(), key=lambda char: (-often[char], char)):
        if not kept(char) and char not in PERSONS:
            groups.setdefault(lazy_pinyin(char, style=Style.TONE3)[0], []).append(char)
    return {sound: tuple(chars[:COMMONEST]) for sound, chars in groups.items()}


perturbation = Homophones()
