"""Postal addresses in Latin letters: a street with its number, and what follows it over commas and lines: flat, town, state, code.

A core is looked for first: a number and a street's name that ends as streets do; a street's word in front (rue, via, ulica); a word
that ends in one (-straat, -katu, -vägen); a number on both sides; a box of a post office or of an army. From there parts are taken
in as long as they can belong to an address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from beside.core.personal import Found
from beside.recognizers._latin import LOWER, UPPER, no_names
from beside.recognizers._lists import any_of, phrases, words

LETTER = UPPER + LOWER
NUMBER = r"\d{1,5}[A-Za-z]?(?:[-/]\d{1,4}[A-Za-z]?)?\b"
NO_UNIT = r"(?!(?:Apt|Apartment|Suite|Ste|Unit|Flat|Room|Box|APT|SUITE)\b)"
CAPITAL = rf"{NO_UNIT}(?:(?:[dlDLO]['’])?[{UPPER}][{LETTER}'’\-]{{1,30}}|[{UPPER}]\.)"
PARTICLE = (
    r"(?:de|da|do|dos|das|del|della|delle|dei|degli|di|du|des|la|le|las|los|les|van|von|der|den|u|nad|av|y|na|am|an|zum|zur|of|the|"
    r"fejedelem|de l'|l')"
)
NAME = rf"{CAPITAL}(?: (?:{PARTICLE} ){{0,2}}{CAPITAL}){{0,3}}"
UNIT = r"(?:[Aa]pt|[Aa]partment|[Ss]uite|[Ss]te|[Uu]nit|[Ff]lat|[Rr]oom|APT|SUITE|UNIT|#)\b\.? ?#?\d{1,5}[A-Za-z]?\b"
CODE = (
    r"\d{3} \d{2}\b(?![ .\-/]?\d)|\d{4} ?[A-Z]{2}\b|(?:[A-Z]{1,2}-)?\d{3,6}(?:-\d{3,4})?\b(?![ .\-/]?\d)|"
    r"[A-Z]\d[A-Z] ?\d[A-Z]\d\b|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b"
)
GAP = re.compile(r"[ \t]{0,4}(?:,[ \t]{0,4})?(?:\n[ \t>?*|•\-]{0,8}){0,2}(?:,[ \t]{0,2})?(?:\n[ \t>?*|•\-]{0,8})?")
UNITS = ("apt", "apartment", "suite", "unit", "flat", "room")
MOST = 14  # parts
LONG = 300  # characters
AROUND = 100  # characters before and behind a number


@cache
def cores() -> re.Pattern[str]:
    """A street and its number, or what stands for one; made when first needed."""
    street, before, ending = (any_of("streets", key) for key in ("words", "before", "endings"))
    box = (
        rf"(?:(?i:psc|unit) \d{{3,4}},? [Bb]ox \d{{2,5}}|(?i:uss|usns|usnv|uscgc) [{LETTER}]{{2,24}}(?=\s{{1,3}}(?i:[dfa]po))|"
        rf"(?:\d{{1,5}} )?[Pp]\.? ?[Oo]\.? ?[Bb]ox \d{{1,6}}|Postbox \d{{1,6}})(?:,?\s{{1,3}}(?i:[daf]po\sa[aep])\s\d{{5}})?"
    )
    front = rf"(?:{UNIT},? )?(?:{NUMBER},? )?"  # a flat or a number more
    forms = (
        box,
        rf"{front}{NUMBER},? (?:{CAPITAL} (?:{PARTICLE} )?){{1,4}}(?i:{street})\b\.?(?: [NSEW]{{1,2}}\b)?(?: {CAPITAL}){{0,2}}",
        rf"(?:{NUMBER} )?(?:{NUMBER},? )?(?:{before})\.? ?"
        rf"(?:(?:[{LOWER}'’]{{1,14}} ){{0,3}}{NAME}(?:,? {NUMBER}\.?)?|(?:[{LOWER}]{{1,14}} ){{1,3}}{NUMBER})",
        rf"{front}(?:{CAPITAL} ){{0,2}}[{LETTER}\-]{{2,24}}(?:{ending})\.? {NUMBER}\.?",
        rf"{front}(?:{CAPITAL} ){{1,3}}(?:(?i:{ending})|u\.|út|utca|útja|str\.?|street)\.? {NUMBER}\.?",
        rf"(?P<both>(?:{UNIT},? )?(?:\d{{2,5}} )?(?:\d{{2,5}}|{NUMBER}(?= [{LETTER} '’\-]{{1,60}}\d\d)),? "
        rf"{NAME}(?: [a-zß-ÿ]{{4,12}})?,? {NUMBER}\.?(?=[\s,.?!]|$))",
        rf"(?:\d{{2,5}} )?{NUMBER},? {NAME}(?=,?\s{{1,4}}{UNIT})",
    )
    return re.compile(rf"(?<![{LETTER}0-9@#$€£.\-])(?:{'|'.join(forms)})")


@cache
def parts() -> list[tuple[str, re.Pattern[str]]]:
    """What may follow, the first that fits is taken."""
    countries = "|".join(re.escape(name) for name in sorted(phrases("places", "countries"), key=len, reverse=True))
    return [
        ("unit", re.compile(UNIT)),
        ("country", re.compile(rf"(?i:{countries})\b(?: \((?:[A-Z][a-z]+)\))?")),
        ("code", re.compile(CODE)),
        ("state", re.compile(r"[A-Z]{2,3}\b\.?(?!\s?[:@])(?=[\s,.?!]|$)")),
        ("town", re.compile(rf"{NAME}(?: \([{UPPER}][{LETTER} ]{{1,24}}\))?(?![{LETTER}@])")),
        ("number", re.compile(NUMBER)),
    ]


def latin_addresses(text: str) -> Iterator[Found]:
    """Every address in Latin letters."""
    end = 0
    for low, high in numbered(text):
        for hit in cores().finditer(text, low, high):
            if hit.start() >= end and plausible(hit):
                end = followed(text, hit.end(), hit.start())
                yield Found(hit.start(), end, 0.8)
    for hit in corners().finditer(text):
        yield Found(*hit.span(hit.lastindex or 0), 0.8)
    for hit in announced().finditer(text):
        yield Found(*hit.span(1), 0.8)


def numbered(text: str) -> Iterator[tuple[int, int]]:
    """The stretches of a text around its numbers: where there is no number, there is no address."""
    low, high = -1, -1
    for hit in re.finditer(r"[0-9]+", text):
        if hit.start() - AROUND > high:
            if high >= 0:
                yield low, high
            low = max(0, hit.start() - AROUND)
        high = min(len(text), hit.end() + AROUND)
    if high >= 0:
        yield low, high


@cache
def corners() -> re.Pattern[str]:
    """Two streets that meet; codes and flats alone where a word says so."""
    road = rf"(?:{NUMBER} )?(?:[a-z]{{1,4}}\. ?|C/ ?)?{NAME}(?:,? {NUMBER}\.?)?(?: (?i:{any_of('streets', 'words')})\b\.?)?"
    return re.compile(
        rf"((?<![A-Za-z])(?:the )?corner of {road} (?:and|&) {road})|"
        rf"(?<![A-Za-z])(?i:zip|postcode|postal code|post code)(?: ?code)?(?: is|:| number is)? {{0,2}}((?:{CODE})|\d{{3,6}})",
    )


@cache
def announced() -> re.Pattern[str]:
    """A name and a number after words that announce an address."""
    said = (
        r"(?:[Aa]ddress(?:es)?(?: is|:| here:?)?|"
        r"(?:sent|[Ss]end|deliver(?:ed)?|ship(?:ped)?|[Rr]eturn(?:ed)?|mail(?:ed)?) (?:it )?to|"
        r"(?:[Ll]ive|lives|lived|living|located|staying|office is|restaurant is|shop is|store is|station is|'s) (?:in|at|on))"
    )
    return re.compile(rf"(?<![A-Za-z]){said}:?\s{{1,4}}({NAME},? {NUMBER})")


def plausible(hit: re.Match[str]) -> bool:
    """Whether a core is more than a number beside a word with a capital, such as a date."""
    inside = [word.rstrip(".").lower() for word in re.findall(rf"[{LETTER}'’\-]+", hit.group())]
    if any(word in words("streets", "never") for word in inside[:2]):
        return False
    if hit.lastgroup == "both":
        return not any(word in no_names() for word in inside if len(word) > 2 and word not in UNITS)
    first = inside[0] if inside else ""
    return first not in no_names() or len(inside) > 2 or first in words("streets", "before")


def followed(text: str, at: int, start: int) -> int:
    """Where an address ends that goes on at `at`."""
    last, towns, seen = "core", 0, set[str]()
    for _ in range(MOST):
        gap = GAP.match(text, at)
        if not gap or gap.end() == at or at - start > LONG:
            break
        plain = not gap.group().strip(" \t")
        for kind, seek in parts():
            hit = seek.match(text, gap.end())
            if hit and allowed(kind, hit.group(), last, plain, towns, seen) and text[hit.end() : hit.end() + 1] not in (":", "@"):
                break
        else:
            break
        at, last = hit.end(), kind
        towns += kind == "town"
        seen.add(kind)
        if kind == "code" and seen & {"town", "country", "state"}:
            break
    return at


def allowed(kind: str, said: str, last: str, plain: bool, towns: int, seen: set[str]) -> bool:
    """Whether a part may follow the last one; `plain`: with a space alone between."""
    if "country" in seen:
        return kind == "code"
    if kind == "town":
        first = said.split()[0].rstrip(".,").lower()
        known = " " not in said and (first in no_names() or first in words("names_en", "given"))
        return towns < 2 and not known and (not plain or last in ("unit", "code", "number"))
    if kind == "state":
        return (
            last in ("town", "unit", "code", "core")
            and (not plain or last in ("town", "unit", "code"))
            and said not in ("OK", "AM", "PM", "TV", "ID")
        )
    if kind == "number":
        return not plain and last != "number"
    if kind == "code":
        return last in ("town", "state", "country", "code", "unit") or not plain
    return True
