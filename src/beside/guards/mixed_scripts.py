"""A word hides letters of another script, or characters that nobody sees."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from beside.core.guarding import Action, Reason
from beside.core.interfaces import Subject
from beside.guards._lookalikes import ALIKE

WORD = re.compile(r"[^\W\d_]{2,}")  # letters of whatever script
LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")
OTHER = re.compile(r"[\u0370-\u03ff\u0400-\u052f\u0530-\u058f\u13a0-\u13ff]")  # Greek, Cyrillic, Armenian, Cherokee
ODD = re.compile(r"[\u0370-\u058f\u13a0-\u13ff\u200b\u2060\ufeff\U0001d400-\U0001d7ff]")  # what there must be for a second look
WITHIN = re.compile(r"[A-Za-z][\u200b\u2060\ufeff]+[A-Za-z]")
DRAWN = re.compile(r"[\U0001d400-\U0001d7ff]{3}")  # mathematical alphabets in place of plain letters
SHORTEST = 4  # letters of a word that mixes: `Δt` and `kΩ` are what people write
FIRST = 3  # letters of a word that is all of lookalikes


class MixedScripts:
    """Looks for homoglyphs (Unicode Technical Standard 39): a word of Latin letters with Cyrillic, Greek, Armenian or Cherokee ones
    that look like them, a word made of such letters alone in a Latin text, letters of mathematical alphabets, and characters
    without width inside a word. Chinese and English side by side, full-width letters, Russian endings on foreign words and single
    Greek letters of formulas are ordinary.
    """

    zh: ClassVar[str] = "单词里藏有另一种文字的字母，或看不见的字符。"
    default: ClassVar[Action] = "flag"

    def applies(self, subject: Subject) -> bool:
        return True

    def why_not(self, subject: Subject) -> Reason | None:
        return None

    def judge(self, subject: Subject, texts: Sequence[str]) -> list[Reason | None]:
        return [reason(text) for text in texts]


def reason(text: str) -> Reason | None:
    """What is wrong with the letters of a text, if anything is."""
    if text.isascii() or not ODD.search(text):
        return None
    if WITHIN.search(text):
        return Reason("There are characters without width inside of a word.", "单词内部有不可见字符。")
    if DRAWN.search(text):
        return Reason("Words are written in letters of mathematical alphabets.", "单词用数学字母符号写成。")
    words = WORD.findall(text)
    latin = sum(len(LATIN.findall(word)) for word in words)
    mostly_latin = latin >= sum(len(OTHER.findall(word)) for word in words)
    hidden = sum(mixes(word, mostly_latin) for word in words)
    if not hidden:
        return None
    return Reason(
        f"Words with letters of another script that look like Latin ones: {hidden}.",
        f"混入形似拉丁字母的其他文字字母的单词：{hidden} 个。",
    )


def mixes(word: str, mostly_latin: bool) -> bool:
    """Whether a word has lookalikes among Latin letters, or is made of them in a text that is mostly Latin."""
    other = OTHER.findall(word)
    if not other:
        return False
    alike = all(letter in ALIKE or letter >= "\u13a0" for letter in other)
    if len(other) == len(word):
        return mostly_latin and alike and len(word) >= FIRST and any("a" <= ALIKE.get(letter, "") <= "z" for letter in other)
    if len(word) < SHORTEST or not LATIN.search(word):
        return False
    return alike if mostly_latin else alike and not ends_foreign(word)


def ends_foreign(word: str) -> bool:
    """Whether a Latin word has another script's ending, as Russian inflects foreign names."""
    first = next(place for place, letter in enumerate(word) if OTHER.match(letter))
    return first > 0 and all(OTHER.match(letter) for letter in word[first:])


guard = MixedScripts()
