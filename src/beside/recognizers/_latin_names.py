"""Names of people in Latin letters: lists of names, titles, what is said of them, and how a name is built."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from beside.core.personal import Found
from beside.recognizers._latin import INITIAL, LETTER, UPPER, Word, joined, no_names, places, runs, words_of
from beside.recognizers._lists import phrases, words

ORGANISED = frozenset(
    [
        "inc",
        "incorporated",
        "ltd",
        "limited",
        "llc",
        "llp",
        "plc",
        "corp",
        "corporation",
        "company",
        "co",
        "group",
        "holdings",
        "partners",
        "bank",
        "hospital",
        "university",
        "college",
        "school",
        "institute",
        "foundation",
        "association",
        "agency",
        "ministry",
        "department",
        "clinic",
        "hotel",
        "airlines",
        "airways",
        "gmbh",
        "ag",
        "sa",
        "srl",
        "bv",
        "ab",
        "oy",
        "as",
        "solutions",
        "systems",
        "technologies",
        "software",
        "services",
        "labs",
        "media",
        "capital",
        "insurance",
        "consulting",
        "international",
        "industries",
        "enterprises",
        "society",
        "council",
        "committee",
        "club",
        "church",
        "museum",
        "street",
        "st",
        "road",
        "rd",
        "avenue",
        "ave",
        "lane",
        "drive",
        "boulevard",
        "blvd",
        "court",
        "square",
        "place",
        "terrace",
        "way",
        "harbor",
        "harbour",
        "bridge",
        "park",
        "mall",
        "plaza",
        "river",
        "lake",
        "mountain",
        "island",
        "mt",
        "city",
        "county",
        "news",
        "times",
        "post",
        "journal",
        "magazine",
        "festival",
        "award",
        "awards",
        "cup",
        "league",
        "games",
        "company's",
        "research",
        "networks",
        "energy",
        "ventures",
        "analytics",
    ]
)
SENTENCE = re.compile(r"(?:^|[.!?:;。！？>\"“”(\n]|- |\u2022)[ \t>\"“”'(\[]*$")
SPOKEN = re.compile(rf"^[{LETTER}’']+$")
# a name in small letters comes after one of these alone; at most three words
LOW = re.compile(
    rf"(?<![{LETTER}])(?:[Mm]y (?:full |first |last |maiden )?name is|[Nn]ame is|[Nn]ame[:：]|[Cc]alls? me)[ ]+"
    rf"((?:[{LETTER}][{LETTER}'’\-]*)(?: [{LETTER}](?![{LETTER}])\.?)?(?: [{LETTER}][{LETTER}'’\-]+){{0,2}})",
    re.I,
)
TITLED = re.compile(rf"(?<![{LETTER}])(?:mr|mrs|ms|dr|prof)\.? {{1,2}}([{LETTER}][{LETTER}'’\-]+)(?![{LETTER}])")
SHORT = ("'m", "'re", "'ll", "'ve", "'d")  # I'm, we're: no name ends so
BEFORE_REACH, AFTER_REACH = 24, 16  # characters
SURE = 0.7


@cache
def cue(which: str) -> re.Pattern[str]:
    """What stands right before, or right after, a name."""
    said = "|".join(re.escape(phrase) for phrase in sorted(phrases("names_en", which), key=len, reverse=True))
    if which == "before":
        return re.compile(rf"(?<![{LETTER}])(?:{said})[,:]?[ \t]{{1,3}}[\"“'(]?$", re.I)
    return re.compile(rf"(?:'s|’s)?,? (?:{said})(?![{LETTER}])", re.I)


def latin_names(text: str) -> Iterator[Found]:
    """Every name of a person in Latin letters."""
    titles = words("names_en", "titles")
    for hit in LOW.finditer(text):
        yield from low_name(hit)
    for hit in TITLED.finditer(text):
        yield Found(*hit.span(1), 0.8)
    found = words_of(text)
    if text == text.lower():
        yield from without_capitals(text, found)
    sure: set[str] = set()
    for run in runs(text, found):
        for name in of_run(text, run, titles):
            yield name
            if name.score >= SURE:
                inside = (word for word in run if len(word.text) > 2 and name.start <= word.start < name.end)
                sure.update(word.text[: word.stop - word.start] for word in inside)
    for word in found:
        if word.capital and word.text[: word.stop - word.start] in sure and word.folded not in no_names():
            yield Found(word.start, word.stop, 0.65)
    yield from listed(text)


ONE = rf"([{UPPER}][{LETTER}]{{2,20}})"
LISTED = re.compile(rf"(?<![{LETTER}]){ONE}, {ONE},? (?:and|&) {ONE}(?![{LETTER}])")


def listed(text: str) -> Iterator[Found]:
    """Three single names in a list, where one of them is known: Kónya, Becker and Vasquez."""
    for hit in LISTED.finditer(text):
        three = [word.lower() for word in hit.groups()]
        named = sum(word in words("names_en", "given") or word in words("names_en", "surnames") for word in three)
        if named and not any(word in no_names() or word in places() or word in ORGANISED for word in three):
            yield from (Found(*hit.span(place), 0.6) for place in (1, 2, 3))


def without_capitals(text: str, found: list[Word]) -> Iterator[Found]:
    """Names in a text that has no capital at all: a given name, an initial, and the word behind."""
    for place, word in enumerate(found):
        if not known(word):
            continue
        end, ahead = word.stop, place + 1
        while ahead < len(found) and ahead < place + 3 and joined(text, found[ahead - 1], found[ahead]):
            after = found[ahead]
            if len(after.text) > INITIAL and (
                after.folded in no_names() or not (len(after.text) > 3 or known(after, surname=True))
            ):
                break
            if len(after.text) > INITIAL or ahead + 1 < len(found):
                end = after.stop
            ahead += 1
            if len(after.text) > INITIAL:
                break
        yield Found(word.start, end, 0.6)


def low_name(hit: re.Match[str]) -> Iterator[Found]:
    """A name in small letters, up to the first word that is none."""
    start, end = hit.start(1), hit.start(1)
    for place, word in enumerate(hit.group(1).split(" ")):
        bare = word.rstrip(".").lower()
        if bare in no_names() and not (place and len(bare) == 1):
            break
        end = hit.start(1) + len(" ".join(hit.group(1).split(" ")[: place + 1]))
    if end > start:
        yield Found(start, end, 0.75)


def of_run(text: str, run: list[Word], titles: frozenset[str]) -> Iterator[Found]:
    """The name in a run of words with a capital, if there is one."""
    first, last, titled = 0, len(run), False
    while first < last and (run[first].folded in titles or (not known(run[first]) and run[first].folded in no_names())):
        titled = run[first].folded in titles
        first += 1
    while last > first and run[last - 1].folded in no_names() and not (last - first > 1 and known(run[last - 1], surname=True)):
        last -= 1
    run = [word for word in run[first:last] if not word.text.lower().replace("’", "'").endswith(SHORT)]
    if not run or any(word.folded in ORGANISED for word in run):
        return
    words_there = [word.folded for word in run]
    said = bool(cue("before").search(text, max(0, run[0].start - BEFORE_REACH), run[0].start))
    if (" ".join(words_there) in places() and not (said and known(run[0]))) or (
        words_there[-1] in places() and not known(run[0]) and not titled
    ):
        return
    before = text[max(0, run[0].start - BEFORE_REACH) : run[0].start]
    score = 0.95 if titled or titled_before(before, titles) else score_of(text, run, before)
    if score:
        yield Found(run[0].start, run[-1].stop, score)


def titled_before(before: str, titles: frozenset[str]) -> bool:
    """Whether a title such as `Mr.` or `dr` stands right before."""
    last = re.search(rf"(?<![{LETTER}])([{LETTER}]{{1,12}})\.? {{1,2}}$", before)
    return bool(last and last.group(1).lower() in titles)


def known(word: Word, surname: bool = False) -> bool:
    """Whether a word is on the list of given names; or of surnames as well."""
    first = re.split("['’-]", word.folded)[0] if "-" in word.text else word.folded
    return first in words("names_en", "given") or (surname and word.folded in words("names_en", "surnames"))


def score_of(text: str, run: list[Word], before: str) -> float:
    """How sure one is that a run is a person's name; 0 = it is none."""
    after = text[run[-1].stop : run[-1].stop + AFTER_REACH]
    said = bool(cue("before").search(before)) or bool(cue("after").match(after))
    begins = bool(SENTENCE.search(before)) or not before
    full = [word for word in run if len(word.text) > 1]
    shouted = all(word.text.isupper() for word in full)
    if not full or len(run) > 5 or any(len(word.text) == 1 for word in run[-1:]):
        return 0.0
    first = known(run[0])
    if first and (len(run) > 1 or not shouted):
        return 0.9 if len(run) > 1 else 0.85 if said else 0.7
    if any(word.folded in words("names_en", "surnames") for word in run):
        return (0.85 if len(run) > 1 else 0.65) if said else 0.6 if len(run) > 1 else 0.0 if begins else 0.55
    if run[0].folded in words("names_en", "words") and len(run) > 1:
        return 0.6
    if shouted or (len(run) == 1 and len(run[0].text) < 3):
        return 0.0
    return guess(run, said, begins)


def guess(run: list[Word], said: bool, begins: bool) -> float:
    """The score of a run of which no word is known: by its length, its place in the sentence and the words around it."""
    initials = any(len(word.text) == 1 for word in run[1:-1])
    if initials:
        return 0.75
    if len(run) in (2, 3):
        return 0.7 if said else 0.5
    if len(run) == 1:
        return (0.5 if said else 0.3) if begins else 0.6 if said else 0.4
    return 0.4
