"""Two versions of a text, word by word: what stands in both, and what in one alone."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import NamedTuple

from beside.core.wording import words


class Stretch(NamedTuple):
    """A piece of a text."""

    text: str
    changed: bool  # whether it does not stand in the other version


def differences(before: str, after: str) -> tuple[list[Stretch], list[Stretch]]:
    """Both texts in stretches, which joined are the text itself; as few words as possible are changed."""
    first, second = pieces(before), pieces(after)
    left, right = list[Stretch](), list[Stretch]()
    for what, start, end, other_start, other_end in SequenceMatcher(None, first, second, autojunk=False).get_opcodes():
        for found, some in ((left, first[start:end]), (right, second[other_start:other_end])):
            if some:
                found.append(Stretch("".join(some), what != "equal"))
    return left, right


def pieces(text: str) -> list[str]:
    """The words of a text and what stands between them, in order."""
    found, at = list[str](), 0
    for word in words(text):
        found += [text[at : word.start]] if word.start > at else []
        found.append(word.text)
        at = word.end
    return [*found, text[at:]] if at < len(text) else found
