"""What several perturbations share: what may not be touched, the case of a word, `a` before it or `an`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from beside.core import wording
from beside.core.edits import Spot as Spot
from beside.core.edits import like as like
from beside.core.edits import put as put

HAN = r"\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
# a lost "not" changes what a person would answer
NEGATIONS_ZH = "不没沒無无未非别別莫勿否"
NEGATING = """
not no never none nobody nothing nowhere neither nor without cannot dont doesnt didnt isnt arent wasnt werent wont cant
couldnt wouldnt shouldnt havent hasnt hadnt aint hardly unless
"""
NEGATIONS_EN = frozenset(NEGATING.split())
COUNTERS = "两兩半双雙几幾"  # amounts that Unicode does not call numeric
# addresses, account names, order numbers, amounts: whatever holds a digit, `@` or `://`
FIXED = re.compile(r"\S*(?:@|://|www\.)[^\s，。；！？、]+|[#@]\w+|[A-Za-z_-]*\d[\w.,:/%-]*")
WORD = re.compile(rf"(?:(?![{HAN}])[^\W\d_])+(?:['’](?:(?![{HAN}])[^\W\d_])+)*")
PERSONS = "他她它您你我们們"  # another pronoun is another person


def fixed(text: str) -> list[tuple[int, int]]:
    """Where addresses, codes and amounts stand; nothing is edited there."""
    return [spot.span() for spot in FIXED.finditer(text)]


def untouchable(text: str) -> list[tuple[int, int]]:
    """Where addresses, codes, amounts and English negations stand."""
    return fixed(text) + [spot.span() for spot in WORD.finditer(text) if negates(spot.group())]


def free(start: int, end: int, taken: list[tuple[int, int]]) -> bool:
    """Whether a span overlaps none of the spans."""
    return all(end <= first or start >= last for first, last in taken)


def words(text: str) -> Iterator[re.Match[str]]:
    """Words in alphabetic writing that may be edited: no negation, no address or code."""
    taken = fixed(text)
    for spot in WORD.finditer(text):
        if not negates(spot.group()) and not any(char.isnumeric() for char in spot.group()) and free(*spot.span(), taken):
            yield spot


def negates(word: str) -> bool:
    """Whether an English word is a negation, in any spelling: not, don't, DON’T, cannot."""
    plain = word.casefold().replace("’", "'")
    return plain.replace("'", "") in NEGATIONS_EN or plain.endswith("n't")


def kept(char: str) -> bool:
    """Whether a character is a negation, a numeral or a counting word."""
    return char in NEGATIONS_ZH or char in COUNTERS or char.isnumeric()


def chinese_words(text: str) -> Iterator[wording.Word]:
    """The words of two or more Chinese characters, by the product's one segmentation."""
    return (word for word in wording.words(text) if len(word.text) > 1 and re.fullmatch(f"[{HAN}]+", word.text))


def known(word: str) -> int:
    """How often a Chinese word occurs in jieba's dictionary (MIT); 0 when it is none."""
    return int(wording.chinese().FREQ.get(word, 0))


def may_change(text: str, place: int) -> bool:
    """Whether a Chinese character may become another: no negation, numeral or pronoun, no unit right behind a number."""
    return not kept(text[place]) and text[place] not in PERSONS and not (place and kept(text[place - 1]))


def swapped(text: str, spots: Sequence[Spot], wanted: int, rng: np.random.Generator) -> str:
    """The text with so many of the spots, drawn at random, filled by one of their others."""
    chosen = rng.choice(len(spots), size=min(len(spots), wanted), replace=False)
    for start, end, others in sorted((spots[int(place)] for place in chosen), reverse=True):  # from the end: offsets stay true
        text = put(text, start, end, others[int(rng.integers(len(others)))])
    return text
