"""Names of people in Chinese: a surname, one or two characters of a given name, and the words around and inside them.

jieba's dictionary (MIT) tells where words end: a name does not begin or end inside another word. What is found without any word
that speaks for it needs a surname and a given name of characters that names are made of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from beside.core import wording
from beside.core.personal import Found
from beside.recognizers._lists import any_of, signs, words

HAN = "\u3400-\u9fff〇"
FOREIGN = re.compile(rf"[{HAN}]{{1,6}}(?:[·•・][{HAN}]{{1,8}}){{1,3}}")
REACH = 8  # characters


@cache
def seek() -> dict[str, re.Pattern[str]]:
    """The patterns, made when first needed."""
    surname = f"(?:{any_of('names_zh', 'compound')}|[{''.join(sorted(signs('names_zh', 'surnames', 'rare')))}])"
    titles = any_of("names_zh", "titles")
    return {
        "name": re.compile(rf"(?={surname})"),
        "surname": re.compile(surname),
        "titled": re.compile(rf"(?:{titles})"),
        "before": re.compile(rf"(?:{any_of('names_zh', 'before')})(?:[：:是叫为“\"（( 、，,]{{0,2}})$"),
        "strong": re.compile(rf"(?:{any_of('names_zh', 'strong')})(?:[：:是叫为“\"（( ]{{0,2}})$"),
        "after": re.compile(rf" ?(?:{any_of('names_zh', 'after')})"),
    }


@cache
def people() -> frozenset[str]:
    """Words that jieba's dictionary calls names of people (nr)."""
    lines = files("jieba").joinpath("dict.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line.split(" ", 1)[0] for line in lines if line.endswith(" nr"))


@cache
def compound() -> frozenset[str]:
    return words("names_zh", "compound")


def chinese_names(text: str) -> Iterator[Found]:
    """Every name of a person in Chinese characters; they may overlap."""
    for hit in FOREIGN.finditer(text):
        begin = trimmed(hit.group())
        yield Found(hit.start() + begin, hit.end(), 0.85)
    surnames, edges = signs("names_zh", "surnames", "rare"), None
    doubled = {name[0] for name in compound()}
    for hit in re.finditer(f"[{''.join(sorted(surnames | doubled))}]", text):
        if edges is None:
            edges = borders(text)
        yield from at(text, hit.start(), edges)


def trimmed(name: str) -> int:
    """Where a name with a dot begins, when words such as 导演 stand before it without a gap."""
    before = re.search(rf"^(?:.*?)(?:{any_of('names_zh', 'before')})(?=[{HAN}]+[·•・])", name.split("·")[0] + "·")
    return before.end() if before else 0


def borders(text: str) -> tuple[frozenset[int], dict[int, int]]:
    """Places where a word of the dictionary begins or ends, and the end of the word at each of its places."""
    ends: dict[int, int] = {}
    edges = {0}
    for run in re.finditer(f"[{HAN}]+", text):
        place = run.start()
        edges.add(place)
        for word in wording.chinese().cut(run.group(), HMM=False):
            ends[place] = place + len(word)
            place += len(word)
            edges.add(place)
    return frozenset(edges), ends


def at(text: str, start: int, edges: tuple[frozenset[int], dict[int, int]]) -> Iterator[Found]:
    """The names that begin here."""
    size = 2 if text[start : start + 2] in compound() else 1
    before = text[max(0, start - REACH) : start]
    if text.startswith(tuple(f"{text[start : start + size]}{title}" for title in ("某某", "某")), start):
        return
    if titled := titled_at(text, start, size):
        yield titled
    best: Found | None = None
    for length in (2, 1, 3) if size == 2 else (2, 1):
        end = start + size + length
        name = text[start:end]
        if len(name) < size + length or not all("\u3400" <= sign <= "\u9fff" for sign in name):
            continue
        score = score_of(text, start, end, size, before, edges)
        if score and (best is None or score > best.score):
            best = Found(start, end, round(score, 3))
    if best:
        yield best


def titled_at(text: str, start: int, size: int) -> Found | None:
    """A surname with a title, 王先生: the surname is found. Or 小王, 老李 before a mark or a particle: not, they name nobody."""
    title = seek()["titled"].match(text, start + size)
    if title and len(title.group()) > 1 and text[start : start + 2] not in blocked() and text[start : start + 3] not in blocked():
        lonely = start == 0 or not ("\u3400" <= text[start - 1] <= "\u9fff") or fits_before(text, start)
        return Found(start, start + size, 0.8 if lonely else 0.55)
    return None


def fits_before(text: str, start: int) -> bool:
    """Whether a word ends before this place that names follow."""
    return bool(seek()["before"].search(text[max(0, start - REACH) : start]))


@cache
def blocked() -> frozenset[str]:
    return words("names_zh", "no_person")


def score_of(text: str, start: int, end: int, size: int, before: str, edges: tuple[frozenset[int], dict[int, int]]) -> float:
    """How sure one is that this stretch is a name; 0 = it is none."""
    name, places, ends = text[start:end], edges[0], edges[1]
    given = name[size:]
    tables = seek()
    if any(name.startswith(word) for word in (name[:2], name[:3]) if word in blocked() and word != given):
        return 0.0
    if tables["titled"].match(text, start + size) and len(tables["titled"].match(text, start + size).group()) >= 2:  # type: ignore[union-attr]
        return 0.0
    strong, soft = bool(tables["strong"].search(before)), bool(tables["before"].search(before))
    title, follows = tables["titled"].match(text, end), tables["after"].match(text, end)
    ended = end == len(text) or not ("\u3400" <= text[end] <= "\u9fff")
    begun = not before or not ("\u3400" <= before[-1] <= "\u9fff")
    typical = sum(sign in signs("names_zh", "given") for sign in given) / len(given)
    whole = ends.get(start, 0)
    score = 0.3 * typical + 0.25 * (size == 2) + (0.45 if strong else 0.25 if soft else 0.1 if begun else 0.0)
    score += 0.3 if title and len(title.group()) > 1 else 0.2 if ended else 0.2 if follows else 0.0
    if end not in places or start not in places:
        score -= 0.3 if not strong else 0.1
    if whole >= start + 2 and size == 1:  # the surname is the beginning of a word
        score -= 0.1 if text[start:whole] in people() else 0.45 if whole > start + 1 else 0.0
    if len(given) == 1:
        score -= 0.05
    if name[0] in signs("names_zh", "rare"):
        score -= 0.15
    return min(0.95, max(0.0, score + 0.05)) if score >= 0.4 else 0.0
