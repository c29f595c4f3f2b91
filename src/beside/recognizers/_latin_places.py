"""Towns and countries in Latin letters: those of our lists, and any other where a word such as `lives in` stands before it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from beside.core.personal import Found
from beside.recognizers._latin import LETTER, LOWER, UPPER, no_names, places
from beside.recognizers._latin_addresses import NAME
from beside.recognizers._lists import phrases, words


@cache
def cues() -> re.Pattern[str]:
    """Words after which a town or a country stands, and the place itself."""
    said = "|".join(re.escape(phrase) for phrase in sorted(phrases("places", "before"), key=len, reverse=True))
    return re.compile(rf"(?<![{LETTER}])(?:{said}) (?:the )?({NAME}|[{LOWER}]{{4,20}}(?=[\s.,!?]|$))")


def latin_places(text: str) -> Iterator[Found]:
    """Towns and countries: those of the lists, and any other after words such as `moved from`."""
    for hit in cues().finditer(text):
        first = hit.group(1).split()[0].rstrip(".,").lower()
        if (
            (first not in no_names() or " " in hit.group(1))
            and first not in words("names_en", "given")
            and first not in words("places", "never")
        ):
            yield Found(hit.start(1), hit.start(1) + len(hit.group(1).rstrip(".,")), 0.6)
    for hit in INITIALS.finditer(text):
        yield Found(hit.start(), hit.end(), 0.55)
    for hit in re.finditer(rf"(?<![{LETTER}])[{UPPER}][{LETTER}'’]+", text):
        for tail in heads().get(hit.group().lower().removesuffix("'s").removesuffix("’s"), ()):
            end = hit.start() + len(tail)
            if text[hit.start() : end].lower() == tail and not text[end : end + 1].isalpha():
                given = tail in words("names_en", "given")
                if not given or IN.search(text, max(0, hit.start() - 8), hit.start()):
                    yield Found(hit.start(), end, 0.55)
                break


IN = re.compile(r"(?:in|from|to|near) $")


INITIALS = re.compile(r"(?<![A-Za-z])(?:UK|USA|U\.S\.A?\.?)(?![A-Za-z])")


@cache
def heads() -> dict[str, list[str]]:
    """First word of a country or a city -> the whole names, the longest first."""
    found: dict[str, list[str]] = {}
    for name in sorted((name for name in places() if len(name) > 2), key=lambda name: (-len(name), name)):
        found.setdefault(name.split()[0], []).append(name)
    return found
