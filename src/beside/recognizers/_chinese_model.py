"""How likely a word of Chinese text is a certain word of the dictionary, and how likely a person's name.

jieba's dictionary (MIT) tells how often a word is written, and lists some sixty thousand names: of these the signs of given names
are counted. The share of each surname falls with its rank in our own list, the commonest first.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from beside.core import wording
from beside.recognizers._lists import signs, table, words

NAMES = 0.05  # share of names among the words of a text
ALONE, PAIR = 0.16, 0.84  # given names of one sign and of two
RARE, COMPOUND = 2e-4, 1e-3  # share of a rare surname, and of each with two signs
FLOOR = 4e-6  # share of a sign that no listed name has
TWICE = 0.06  # share of given names that say one sign twice
PLACES = "区县市镇村路街山河湖江海州省院油书金营"  # a listed name that ends so is a place or a thing
LISTED = 40  # a sign of our list of given names weighs as much as one in so many listed names


class Model(NamedTuple):
    """Shares: of surnames among names, of signs among given names with one sign, first and second of two."""

    surname: dict[str, float]
    alone: dict[str, float]
    first: dict[str, float]
    second: dict[str, float]


@cache
def model() -> Model:
    """Counted once, when the first Chinese text comes."""
    ranked = [sign for sign in table("names_zh")["surnames"] if not sign.isspace()]
    rare = signs("names_zh", "rare")
    surname = dict.fromkeys(words("names_zh", "compound"), COMPOUND) | dict.fromkeys(rare, RARE)
    surname |= {sign: 0.12 / (rank + 2) for rank, sign in enumerate(ranked) if sign not in rare}
    alone, first, second = Counter[str](), Counter[str](), Counter[str]()
    for line in files("jieba").joinpath("dict.txt").read_text(encoding="utf-8").splitlines():
        if line.endswith(" nr") and line[0] in surname and line[0] not in rare:
            name = line.split(" ", 1)[0]
            if len(name) == 3:
                first[name[1]] += 1
                second[name[2]] += 1
            elif len(name) == 2:
                alone[name[1]] += 1
    return Model(surname, *(shares(counts) for counts in (alone + second, first, second)))


def shares(counts: Counter[str]) -> dict[str, float]:
    """Sign -> its share, the signs of our own list among them."""
    own = signs("names_zh", "given")
    total = sum(counts.values())
    return {sign: counts[sign] / total + FLOOR + (sign in own) / (LISTED * 1000) for sign in {*counts, *own}}


def name_share(name: str, size: int) -> float:
    """How often a name is written among all words of a text; its surname has `size` signs."""
    told = model()
    found = NAMES * told.surname[name[:size]]
    if len(name) == size + 1:
        return found * ALONE * told.alone.get(name[size], FLOOR)
    pair = told.first.get(name[size], FLOOR) * told.second.get(name[size + 1], FLOOR)
    if name[size] == name[size + 1]:
        pair = max(pair, TWICE * told.first.get(name[size], FLOOR))
    return found * PAIR * pair


@cache
def people() -> frozenset[str]:
    """Words that jieba's dictionary calls names of people and that begin with a surname: they count as names, not as words."""
    starts = model().surname
    found = set()
    for line in files("jieba").joinpath("dict.txt").read_text(encoding="utf-8").splitlines():
        if line.endswith((" nr", " nrfg")):
            name = line.split(" ", 1)[0]
            if 2 <= len(name) <= 4 and name[-1] not in PLACES and (name[0] in starts or name[:2] in starts):
                found.add(name)
    return frozenset(found) - words("names_zh", "no_person")


@cache
def dictionary() -> tuple[dict[str, int], float]:
    """Word -> how often it was counted (0: only the beginning of a word), and the sum of all."""
    made = wording.chinese()
    return made.FREQ, float(made.total)
