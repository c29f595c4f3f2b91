"""Edits of a text: places where something else may stand, and the text with some of them filled."""

from __future__ import annotations

import re
from collections.abc import Sequence

Spot = tuple[int, int, Sequence[str]]  # start, end, what may stand there instead; start == end puts something in
Chosen = tuple[tuple[int, int], ...]  # which of its others stands in which spot, by number, in order

AN = re.compile(r"(?!uni[^nm]|us[aeiu]|uk|ur[aeiou]|ut[aeiou]|ubi|eu|one\b|once\b)[aeiou]|hour|honest|honou?r|heir", re.IGNORECASE)
ARTICLE = re.compile(r"\b([Aa])n?( +)$")


def like(word: str, model: str) -> str:
    """`word` in the case of `model`: `Where` -> `Wear`."""
    if len(model) > 1 and model.isupper():
        return word.upper()
    return word[:1].upper() + word[1:] if model[:1].isupper() else word


def put(text: str, start: int, end: int, new: str) -> str:
    """The text with `new` in the place, and `a` or `an` before it as its first sound asks; other text stays."""
    return article_for(text[:start], text[start:end], new) + new + text[end:]


def article_for(before: str, old: str, new: str) -> str:
    """What stands before a word, with the article that fits `new` instead of `old`."""
    article = ARTICLE.search(before)
    if article and bool(AN.match(old)) != bool(AN.match(new)):
        return before[: article.start()] + article[1] + ("n" if AN.match(new) else "") + article[2]
    return before


def without(text: str, start: int, end: int) -> str:
    """The text without a word, nor one of the two spaces that it leaves."""
    return filled(text, [(start, end, ("",))], ((0, 0),))


def apart(spots: Sequence[Spot], text: str) -> list[Spot]:
    """Spots in order, each with an other that differs from what stands there; of two that overlap the first stays."""
    kept: list[Spot] = []
    for start, end, others in sorted(spots, key=lambda spot: spot[:2]):
        new = [other for other in dict.fromkeys(others) if other != text[start:end]]
        if new and (not kept or start >= kept[-1][1]):
            kept.append((start, end, new))
    return kept


def filled(text: str, spots: Sequence[Spot], chosen: Chosen) -> str:
    """The text with the chosen others in their spots, an empty one as `without` tells; the spots must not overlap."""
    made, last = "", 0
    for place, other in sorted(chosen):
        start, end, others = spots[place]
        new = others[other]
        made += article_for(text[last:start], text[start:end], new) + new if new else text[last:start]
        spare = not new and text.startswith(" ", end) and (not made or made.endswith(" "))
        last = end + spare
    return made + text[last:]
