"""Case, spacing and punctuation changed: capitals gone, a space too many, a comma left out, marks doubled."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from beside.perturbations._words import HAN, fixed, free, kept

CASE, SPACING, PUNCTUATION = "case", "spacing", "punctuation"
SPACE = re.compile(r"(?<=\S) (?=\S)")
BEFORE_MARK = re.compile(r"(?<=[^\W\d_])(?=[,.!?;:](?:\s|$))")  # "why ?" as many people type it
AFTER_MARK = re.compile(r"(?<=[^\W\d][,;!?]) (?=[^\W\d])")  # "hello,where"
BETWEEN_HAN = re.compile(rf"(?<=[{HAN}])(?=[{HAN}])")
BORDER = re.compile(rf"(?<=[{HAN}]) ?(?=[A-Za-z])|(?<=[A-Za-z]) ?(?=[{HAN}])")  # "APP打不开" and "APP 打不开"
COMMA = re.compile(r"(?<=[^\W\d_]),(?= )|(?<=[^\W\d_])[，、；](?=[^\W\d_])")
LAST = re.compile(r"(?<=[^\W\d_])[.。](?=\s*$)")
LOUD = re.compile(r"[!?！？](?![!?！？])")
END = re.compile(r"(?<=[^\W\d_])(?=\s*$)")


@dataclass(frozen=True, kw_only=True)
class Surface:
    """One edit of how a text is written, never of its words: the surface tests of CheckList (Ribeiro et al. 2020).

    A question mark is doubled but never left out: in Chinese it may be all that makes a question of a statement. Nothing
    happens inside numbers and addresses or beside a negation.
    """

    kinds: tuple[str, ...] = field(
        default=(CASE, SPACING, PUNCTUATION), metadata={"unit": "kinds of edit", "reason": "one of them is drawn for each text"}
    )

    examples: ClassVar[tuple[str, ...]] = (
        "Where is my transfer of 250 euros?",
        "我的转账250元怎么还没有到账？",
        "私のカードはどこですか",
        "Где мой перевод",
    )

    def edit(self, text: str, rng: np.random.Generator) -> str:
        """One edited copy; the text itself when nothing in it can be edited."""
        if not any(char.isalpha() for char in text):
            return text
        ways = {CASE: cases, SPACING: spacings, PUNCTUATION: marks}
        found = [edits for kind in self.kinds if (edits := [edit for edit in ways[kind](text) if edit != text])]
        if not found:
            return text
        edits = found[int(rng.integers(len(found)))]
        return edits[int(rng.integers(len(edits)))]


def cases(text: str) -> list[str]:
    """All small, all capital, first letter turned round; letters whose capital is longer (ß) stay."""
    taken = fixed(text)

    def turned(to: str) -> str:
        chars = (getattr(char, to)() if free(at, at + 1, taken) else char for at, char in enumerate(text))
        return "".join(
            new if len(new) == 1 and new.casefold() == old.casefold() else old for new, old in zip(chars, text, strict=True)
        )

    first = next((at for at, char in enumerate(text) if char.isalpha()), 0)
    swapped = turned("swapcase")
    return [turned("lower"), turned("upper"), text[:first] + swapped[first] + text[first + 1 :]]


def spacings(text: str) -> list[str]:
    """A space doubled, before a mark, lost after one, between two writings or two Chinese characters; else at the end."""
    taken = fixed(text)
    doubled = [put(text, spot, "  ") for spot in SPACE.finditer(text)]
    wider = [put(text, spot, " ") for spot in BEFORE_MARK.finditer(text)]
    closer = [put(text, spot, "") for spot in AFTER_MARK.finditer(text) if free(spot.start() - 1, spot.end(), taken)]
    han = [put(text, spot, " ") for spot in BETWEEN_HAN.finditer(text) if not any(map(kept, beside(text, spot.start())))]
    border = [put(text, spot, "" if spot.group() else " ") for spot in BORDER.finditer(text)]
    return [*doubled, *wider, *closer, *border, *han] or [f"{text} "]


def marks(text: str) -> list[str]:
    """A comma or the full stop left out, a mark doubled, an ending put where there was none."""
    left_out = [put(text, spot, "" if spot.group() == "," else " ") for spot in COMMA.finditer(text)]
    stopped = [put(text, spot, "") for spot in LAST.finditer(text)]
    louder = [put(text, spot, spot.group() * 2) for spot in LOUD.finditer(text)]
    chinese = re.search(f"[{HAN}]", text)
    ended = [put(text, spot, mark) for spot in END.finditer(text) for mark in (("。", "…") if chinese else (".", "..."))]
    return [*left_out, *stopped, *louder, *ended]


def beside(text: str, place: int) -> str:
    """The two characters on each side of a place: a negation is not pulled away from its verb."""
    return text[max(0, place - 2) : place + 2]


def put(text: str, spot: re.Match[str], new: str) -> str:
    """The text with `new` where the match stands."""
    return text[: spot.start()] + new + text[spot.end() :]


perturbation = Surface()
