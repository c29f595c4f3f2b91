"""Words with a capital in a text of Latin letters, in runs as names are written; what stands before and after a run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from beside.recognizers._lists import phrases, words

UPPER, LOWER = (
    "A-ZÀ-ÖØ-ÞĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮİĴĶĹĻĽĿŁŃŅŇŊŌŎŐŒŔŖŘŚŜŞŠŢŤŦŨŪŬŮŰŲŴŶŸŹŻŽΑ-ΩΆΈ-ΏА-Я",
    "a-zß-öø-ÿāăąćĉċčďđēĕėęěĝğġģĥħĩīĭįıĵķĺļľŀłńņňŋōŏőœŕŗřśŝşšţťŧũūŭůűųŵŷźżžά-ώа-яё",
)
LETTER = UPPER + LOWER
WORD = re.compile(rf"(?<![{LETTER}0-9@._/\-])[{LETTER}]{{1,40}}(?:(?:['’\-][{LETTER}]{{1,40}}){{0,3}})(?![{LETTER}0-9@_/])")
INITIAL = 1  # letters
SPACES = re.compile(r" {1,2}|\. ?|(?<=\.) ?")


class Word(NamedTuple):
    """One word of a text and where it stands."""

    text: str
    start: int
    end: int

    @property
    def capital(self) -> bool:
        return self.text[0].isupper()

    @property
    def folded(self) -> str:
        """In small letters, without a possessive 's."""
        low = self.text.lower().replace("’", "'")
        return low[:-2] if low.endswith("'s") else low

    @property
    def stop(self) -> int:
        """Where it ends without a possessive 's."""
        return self.end - 2 if self.text.lower().replace("’", "'").endswith("'s") else self.end


def words_of(text: str) -> list[Word]:
    """Every word, in order."""
    return [Word(hit.group(), hit.start(), hit.end()) for hit in WORD.finditer(text)]


def joined(text: str, one: Word, other: Word) -> bool:
    """Whether two words follow each other as those of one name do: a space between, or a full stop after an initial."""
    if one.stop != one.end:
        return False
    gap = text[one.end : other.start]
    return gap in (" ", "  ") or (
        gap in (". ", ".") and (len(one.text) == INITIAL or (len(one.text) == 2 and one.text[0].isupper()))
    )


def runs(text: str, found: list[Word]) -> Iterator[list[Word]]:
    """Runs of words with a capital, with the particles of names (de, van, bin) inside them."""
    particles = words("names_en", "particles")
    run: list[Word] = []
    for place, word in enumerate(found):
        if run and not joined(text, run[-1], word):
            yield run
            run = []
        if word.capital:
            run.append(word)
        elif run:
            ahead = found[place + 1] if place + 1 < len(found) else None
            if word.text in particles and ahead and joined(text, word, ahead) and (ahead.capital or ahead.text in particles):
                run.append(word)
            else:
                yield run
                run = []
    if run:
        yield run


@cache
def places() -> frozenset[str]:
    """Countries and cities, in small letters."""
    return phrases("places", "countries", "cities")


@cache
def no_names() -> frozenset[str]:
    """Words that are no name though they have a capital."""
    return (
        words("names_en", "no_person")
        | words("places", "nationalities")
        | {f"{word}s" for word in words("places", "nationalities")}
    )
