"""Typing slips: a neighbouring key, a swap, a dropped or doubled letter; in Chinese two characters swapped or one dropped."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from beside.core.edits import Spot
from beside.perturbations._words import free, untouchable

KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
HAN = r"\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
# what may not be touched: a lost "not" changes what a person would answer; numerals are left out below
KEPT = "不没無无未非别莫勿否两兩"
SPOT = re.compile(rf"(?P<pair>(?:(?![{KEPT}])[{HAN}]){{2}})|(?P<word>(?:(?![{HAN}])[^\W\d_]){{2,}})")
LETTERS = 4  # of the shortest word whose inner letters are edited, as in Pruthi et al. 2019


def neighbours() -> dict[str, str]:
    """Letter -> the letters on the keys around it (QWERTY, rows offset by half a key)."""
    around: dict[str, str] = {}
    for row, keys in enumerate(KEYBOARD):
        for column, key in enumerate(keys):
            steps = ((0, -1), (0, 1), (-1, 0), (-1, 1), (1, -1), (1, 0))
            places = [(row + down, column + right) for down, right in steps]
            around[key] = "".join(KEYBOARD[r][c] for r, c in places if 0 <= r < len(KEYBOARD) and 0 <= c < len(KEYBOARD[r]))
    return around


NEIGHBOURS = neighbours()


@dataclass(frozen=True, kw_only=True)
class Typos:
    """One slip per so many words, at least one; numerals, negations, addresses and codes stay as they are.

    Letters are edited inside words of at least four letters, so that the first and last stay (Pruthi et al. 2019, "Combating
    Adversarial Misspellings"); shorter words only where a text has no longer one. Works on any alphabet; neighbouring keys are
    known for a-z.
    """

    words_per_typo: int = field(default=8, metadata={"unit": "words", "reason": "about one slip per short sentence"})

    examples: ClassVar[tuple[str, ...]] = (
        "Where is my transfer of 250 euros?",
        "我的转账250元怎么还没有到账？",
        "私のカードはどこですか",
        "Где мой перевод",
    )

    def edit(self, text: str, rng: np.random.Generator) -> str:
        """One edited copy; the text itself when nothing in it can be edited."""
        spots = places(text)
        if not spots:
            return text
        wanted = max(1, round(len(spots) / self.words_per_typo))
        spots = [spot for spot in spots if spot["pair"] or len(spot["word"]) >= LETTERS] or spots
        chosen = sorted(rng.choice(len(spots), size=min(wanted, len(spots)), replace=False), reverse=True)
        for spot in (spots[index] for index in chosen):  # from the end, so that earlier offsets stay true
            kinds = [kind for kind in (slips_of_pair(spot["pair"]) if spot["pair"] else slips_of_word(spot["word"])) if kind]
            kind = kinds[int(rng.integers(len(kinds)))]
            text = text[: spot.start()] + kind[int(rng.integers(len(kind)))] + text[spot.end() :]
        return text

    def spots(self, text: str) -> list[Spot]:
        """Where words and pairs of Chinese characters stand that can be mistyped, each with its slips."""
        found = [spot for spot in places(text) if spot["pair"] or len(spot["word"]) >= LETTERS]
        slips = [(spot, slips_of_pair(spot["pair"]) if spot["pair"] else slips_of_word(spot["word"])) for spot in found]
        return [(*spot.span(), sorted({one for kind in kinds for one in kind})) for spot, kinds in slips]


def places(text: str) -> list[re.Match[str]]:
    """What can be mistyped: words and pairs of Chinese characters, no numeral, negation, address or code."""
    taken = untouchable(text)
    return [spot for spot in SPOT.finditer(text) if not any(map(str.isnumeric, spot.group())) and free(*spot.span(), taken)]


def slips_of_pair(pair: str) -> list[list[str]]:
    """Ways to mistype two Chinese characters, by kind: swapped, one dropped."""
    return [[pair[::-1]] if pair[0] != pair[1] else [], [pair[0], pair[1]]]


def slips_of_word(word: str) -> list[list[str]]:
    """Ways to mistype a word, by kind: letters swapped, dropped, doubled, hit beside; each differs from the word."""
    inner = range(1, len(word) - 1) if len(word) >= LETTERS else range(len(word))
    swapped = [word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in inner[:-1] if word[i] != word[i + 1]]
    dropped = [word[:i] + word[i + 1 :] for i in inner]
    doubled = [word[:i] + word[i] + word[i:] for i in inner]
    beside = [word[:i] + key + word[i + 1 :] for i in inner for key in keys_around(word[i])]
    return [swapped, dropped, doubled, beside]


def keys_around(letter: str) -> str:
    """The letters next to this one on the keyboard, in its case; none for letters outside a-z."""
    around = NEIGHBOURS.get(letter.lower(), "")
    return around.upper() if letter.isupper() else around


perturbation = Typos()
