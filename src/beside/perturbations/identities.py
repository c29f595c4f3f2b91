"""One person made another: name, gender, region, age or religion exchanged through the whole text, pronouns with it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from beside.core import wording
from beside.perturbations._words import HAN, fixed, free, like, put

TABLES = Path(__file__).parent.parent / "data" / "identities"
KINDS = ("gender", "names", "region", "age", "religion")
OTHER = re.compile(r"[其吉利维].|.?他[人们乡日]|他[人们乡日]")  # words in which 他 is no person: 其他, 吉他, 他人
CHINESE = re.compile(f"[{HAN}]")
# behind these "her" is an object (I called her yesterday), before anything else it is a possessive (her card)
OBJECT = re.compile(
    r"\s*(?:$|[^\w\s'’]|(?:and|or|but|to|for|from|with|about|in|on|at|by|of|as|if|when|why|how|what|that|who|because|so|then|now|"
    r"today|yesterday|tomorrow|again|back|up|off|out|is|was|has|had|will|would|can|could|should|not|never|a|an|the|my|your|our|"
    r"their|this|these|every|all|some|any|twice|once|please|too|i|you|he|she|it|we|they)\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Identities:
    """One kind of identity that the text holds is drawn, and every word of it changes in the same way throughout.

    Gender turns round as a whole: pronouns, kinship, forms of address and known first names together, with he, him and his
    kept apart. Names change for others of the same gender but, where there is one, of another origin. Tables are our own
    (`data/identities`), for English and Chinese; after "counterfactual token fairness" (Garg et al. 2019).
    """

    kinds: tuple[str, ...] = field(default=KINDS, metadata={"unit": "kinds", "reason": "all that the tables know"})

    examples: ClassVar[tuple[str, ...]] = (
        "My wife lost her card and she is worried",
        "我老公的卡丢了，他很着急",
        "Emily cannot log in",
        "我是河南人，能开户吗",
        "I am a Muslim pensioner from Nigeria",
    )

    def edit(self, text: str, rng: np.random.Generator) -> str:
        """One edited copy; the text itself when it holds no word of these kinds."""
        held = [kind for kind in self.kinds if holds(text, kind)]
        return swap(text, held[int(rng.integers(len(held)))], rng) if held else text


def holds(text: str, kind: str) -> bool:
    """Whether a text holds a word of that kind."""
    return bool(spots(text, kind))


def swap(text: str, kind: str, rng: np.random.Generator) -> str:
    """The text with every word of a kind exchanged, the same word always for the same other."""
    chosen: dict[str, str] = {}
    for start, end in reversed(spots(text, kind)):  # from the end, so that earlier offsets stay true
        word = text[start:end]
        if word.casefold() not in chosen:
            others = [other for other in table(language(word), kind)[word.casefold()] if other not in chosen.values()]
            others = others or list(table(language(word), kind)[word.casefold()])
            chosen[word.casefold()] = others[int(rng.integers(len(others)))]
        text = put(text, start, end, like(pronoun(word, text[end:]) or chosen[word.casefold()], word))
    return text


def spots(text: str, kind: str) -> list[tuple[int, int]]:
    """Where words of a kind stand; the longest at each place, in Chinese only where the segmentation has a border."""
    taken, borders = fixed(text), None
    found: list[tuple[int, int]] = []
    for spot in pattern(kind).finditer(text):
        start, end = spot.span()
        if not free(start, end, taken):
            continue
        if CHINESE.match(spot.group()):
            borders = edges(text) if borders is None else borders
            inside = OTHER.match(text, max(0, start - 1)) if spot.group() in "他她" else start not in borders or end not in borders
            if inside:
                continue
        elif needs_capital(spot.group(), kind):
            continue
        found.append((start, end))
    return found


def edges(text: str) -> set[int]:
    """Where a word begins or ends; names and words joined by a person (我老公) may lie inside what the dictionary joins."""
    return {place for word in wording.words(text) for place in (word.start, word.end)}


def needs_capital(word: str, kind: str) -> bool:
    """Whether a word without its capital is another word: turkey, jun, will."""
    return word.islower() and any(entry[0].isupper() for entry in spelled(kind) if entry.casefold() == word)


def pronoun(word: str, after: str) -> str:
    """his, him, hers and her, which hang on their place in the sentence; empty for any other word."""
    plain = word.casefold()
    if plain == "her":
        return "him" if OBJECT.match(after) else "his"
    if plain == "his":
        return "hers" if re.match(r"\s*(?:$|[^\w\s'’])", after) else "her"
    return {"him": "her", "hers": "his"}.get(plain, "")


def language(word: str) -> str:
    """Which table a word is from."""
    return "zh" if CHINESE.match(word) else "en"


@cache
def read(code: str) -> dict[str, Any]:
    """One language's table."""
    return tomllib.loads((TABLES / f"{code}.toml").read_text(encoding="utf-8"))


@cache
def table(code: str, kind: str) -> Mapping[str, tuple[str, ...]]:
    """Word, small letters -> what may stand there instead."""
    content = read(code)
    make: Callable[[Mapping[str, Any]], dict[str, tuple[str, ...]]] = {"gender": genders, "names": names}.get(kind, lists)
    return (
        {word.casefold(): others for word, others in make(content).items()} if kind in ("gender", "names") else lists(content[kind])
    )


def genders(content: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Both directions of every pair, and each known name to one of the other gender and the same origin."""
    pairs = [*content["gender"]["pairs"], *(pair[::-1] for pair in content["gender"]["pairs"]), *content["gender"]["also"]]
    found: dict[str, tuple[str, ...]] = {}
    for word, other in pairs:
        found.setdefault(word, (other,))
    if "he" in found:
        found |= {"him": ("her",), "his": ("her",), "her": ("his",), "hers": ("his",)}
    both = list(zip(content["names"]["male"], content["names"]["female"], strict=True))
    for men, women in both:
        found |= dict.fromkeys(men, tuple(women)) | dict.fromkeys(women, tuple(men))
    return found


def names(content: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Each name to those of the same gender and another origin."""
    found: dict[str, tuple[str, ...]] = {}
    for groups in (content["names"]["male"], content["names"]["female"]):
        for group in groups:
            found |= dict.fromkeys(group, tuple(name for other in groups if other is not group for name in other))
    return found


def lists(section: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Each word to the others of its list, the first list that has it."""
    found: dict[str, tuple[str, ...]] = {}
    for group in section["lists"]:
        for word in group:
            found.setdefault(word.casefold(), tuple(other for other in group if other != word))
    return found


@cache
def spelled(kind: str) -> tuple[str, ...]:
    """Every word of a kind as its table spells it, the longest first."""
    found: set[str] = set()
    for code in ("en", "zh"):
        content = read(code)
        found |= set(genders(content) if kind == "gender" else names(content) if kind == "names" else ())
        found |= {word for group in content[kind].get("lists", []) for word in group}
    return tuple(sorted(found, key=lambda word: (-len(word), word)))


@cache
def pattern(kind: str) -> re.Pattern[str]:
    """Finds the words of a kind: whole words in letters, anything in Chinese."""
    return re.compile(
        "|".join(re.escape(word) if CHINESE.match(word) else rf"(?<![\w'’-]){re.escape(word)}(?![\w-])" for word in spelled(kind)),
        re.IGNORECASE,
    )


perturbation = Identities()
