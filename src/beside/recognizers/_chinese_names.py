"""Names of people in Chinese: of all ways to cut a clause into words and names, how much weight falls on each name.

A clause is a run of Chinese characters. Its words have the shares of jieba's dictionary, its names those of `_chinese_model`,
raised or lowered by what stands around them: a word such as 患者 or 收件人 before, a title or a verb behind, the clause's edge.
Forward and backward sums over all cuts give a name's probability (the lattice of Zhang et al. 2003, HHMM-based Chinese lexical
analyzer ICTCLAS, with sums in place of the best path). Linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import NamedTuple

from beside.core.personal import Found
from beside.recognizers._chinese_model import dictionary, model, name_share, people
from beside.recognizers._lists import any_of, words

HAN = "\u3400-\u9fff〇"
RUN = re.compile(f"[{HAN}]+")
# characters that foreign names, and those of peoples of the west of China, are written with
SOUNDS = (
    "阿埃艾爱安奥巴白班邦贝本比彼毕别波伯布查达戴丹当道德登迪蒂丁东杜多顿恩尔法凡菲费芬佛夫弗福盖甘冈高戈哥格根贡古圭哈海汉豪赫亨胡华怀霍基吉加贾杰金卡凯坎考柯科克肯孔库"
    "夸昆拉莱赖兰朗劳勒雷里利莉丽连林琳龙卢鲁伦罗洛马玛迈麦曼梅门蒙米密敏明莫默姆木穆纳娜南尼妮宁纽农努诺欧帕派潘庞佩彭皮平珀蒲普齐奇乔琴让热日荣茹瑞萨塞赛桑瑟森沙莎珊尚舍申"
    "圣施史舒斯丝思苏索塔泰坦汤唐陶特滕提廷托瓦万旺威韦维温文沃乌武西希锡夏香肖谢辛欣休雪雅亚扬耶叶伊依因英尤于泽扎詹张哲珍芝治朱茨翰逊黛娅姬缇薇不都买江山孜陈王李吴"
)
FOREIGN = re.compile(rf"[{SOUNDS}]{{1,6}}(?:[·•・][{SOUNDS}]{{1,7}}){{1,3}}")
LONGEST = 60  # characters of a clause that are cut at once; longer ones are cut into pieces
TITLED = 0.01  # share of surnames that stand alone before a title
SCALE = 60.0  # per character, so that products over a clause stay within reach of a float
LEAST = 0.5  # of the weight of plain words, for a name to be looked at
SURE, KEPT, MOST = 0.8, 0.5, 0.93

# how much surroundings raise or lower the odds of a name
WEIGHTS = {
    "strong": 200.0,
    "soft": 10.0,
    "open": 10.0,  # a mark, a digit or nothing stands before
    "inside": 0.3,
    "title": 20.0,
    "verb": 4.0,
    "long verb": 10.0,
    "closed": 2.0,  # a mark, a digit or nothing stands behind
    "onward": 0.12,
    "place": 0.01,  # a road, a village, a company is named so
    "titled": 2.0,  # a surname alone with a title
}
BEST = WEIGHTS["strong"] * WEIGHTS["title"]  # most that surroundings can raise a name
SEPARATORS = '：:是叫为“"（( 、，,'


class Edge(NamedTuple):
    """A word or name from one place of a clause to another, with its share."""

    start: int
    end: int
    share: float
    name: int  # characters that are the name; 0: a word


@cache
def around() -> dict[str, re.Pattern[str]]:
    """What stands before and behind names; made when first needed."""
    return {
        "strong": re.compile(rf"(?:{any_of('names_zh', 'strong')})[{re.escape(SEPARATORS)}]{{0,2}}$"),
        "soft": re.compile(rf"(?:{any_of('names_zh', 'before')})[：:是叫为“\"（( ]{{0,2}}$"),
        "title": re.compile(rf" ?(?:{any_of('names_zh', 'titles')})"),
        "verb": re.compile(rf" ?(?:{any_of('names_zh', 'after')})"),
        "place": re.compile(any_of("names_zh", "places_after")),
    }


@cache
def surnames() -> re.Pattern[str]:
    """Where a name may begin."""
    return re.compile(f"[{''.join(sorted({name[0] for name in model().surname}))}]")


def chinese_names(text: str) -> Iterator[Found]:
    """Every name of a person in Chinese characters; they may overlap."""
    for hit in FOREIGN.finditer(text):
        yield Found(hit.start(), hit.end(), 0.93)
    sure: set[str] = set()
    for run in RUN.finditer(text):
        for at in range(run.start(), run.end(), LONGEST):
            for found in clause(text, at, min(at + LONGEST, run.end())):
                yield found
                if found.score >= SURE and found.end - found.start > 1:
                    sure.add(text[found.start : found.end])
    if sure:
        for hit in re.finditer("|".join(map(re.escape, sorted(sure, key=lambda name: (-len(name), name)))), text):
            yield Found(hit.start(), hit.end(), 0.7)


def clause(text: str, start: int, end: int) -> Iterator[Found]:
    """The names of one clause, each with its probability."""
    names = [edge for hit in surnames().finditer(text, start, end) for edge in beginning(text, hit.start(), start, end)]
    if not names:
        return
    edges = cuts(text, start, end, {(edge.start, edge.end) for edge in names}) + names
    for edge, chance in chances(edges, start, end):
        if edge.name and chance >= KEPT:
            yield Found(edge.start, edge.start + edge.name, round(min(MOST, chance), 3))


def beginning(text: str, at: int, start: int, end: int) -> Iterator[Edge]:
    """The names that may begin at a place."""
    size = 2 if text[at : at + 2] in model().surname else 1
    if text[at : at + size] not in model().surname or text.startswith("某", at + size):
        return
    for length in (2, 1):
        stop = at + size + length
        if stop > end:
            continue
        share, least = weights(text[at:stop], size)
        if share:
            share *= context(text, at, stop, end, preceding(text, at, start))
            if share >= least:
                yield Edge(at, stop, share, size + length)
    title = around()["title"].match(text, at + size)
    if title and title.end() - at - size > 1:
        yield Edge(
            at, at + size, model().surname[text[at : at + size]] * 0.01 * WEIGHTS["titled"] * preceding(text, at, start), size
        )


@lru_cache(maxsize=65_536)
def weights(name: str, size: int) -> tuple[float, float]:
    """The share of a name, and the least it must come to with the words around it; a share of 0: it is none.

    The weight of the plain words of the same signs bounds the probability: what weighs less cannot reach one half.
    """
    if name in words("names_zh", "no_person"):
        return 0.0, 1.0
    share, least = name_share(name, size), plainly(name) * LEAST
    return (share, least) if share * BEST >= least else (0.0, 1.0)


def plainly(name: str) -> float:
    """The share of the likeliest way to read the signs of a name as words; a word that goes on behind it is left out."""
    counts, total = dictionary()
    best = [1.0] + [0.0] * len(name)
    for at in range(len(name)):
        for stop in range(at + 1, len(name) + 1):
            word = name[at:stop]
            share = ((counts.get(word) if word not in people() else 0) or (stop == at + 1)) / total
            best[stop] = max(best[stop], best[at] * share)
    return best[-1]


def context(text: str, at: int, stop: int, end: int, found: float) -> float:
    """How much the surroundings raise or lower the odds of a name; `found`: what stands before."""
    if around()["place"].match(text, stop):
        return found * WEIGHTS["place"]
    title = around()["title"].match(text, stop)
    if title and title.end() - stop > 1:
        return found * WEIGHTS["title"]
    if stop == end:
        return found * WEIGHTS["closed"]
    verb = around()["verb"].match(text, stop)
    return found * (WEIGHTS["long verb" if verb.end() - stop > 1 else "verb"] if verb else WEIGHTS["onward"])


def preceding(text: str, at: int, start: int) -> float:
    """How much what stands before raises the odds of a name."""
    before = text[max(0, at - 8) : at]
    if around()["strong"].search(before):
        return WEIGHTS["strong"]
    if around()["soft"].search(before):
        return WEIGHTS["soft"]
    return WEIGHTS["open"] if at == start else WEIGHTS["inside"]


def cuts(text: str, start: int, end: int, taken: set[tuple[int, int]]) -> list[Edge]:
    """Every word of the dictionary in a clause; a single character is always one."""
    counts, total = dictionary()
    found = []
    for at in range(start, end):
        stop = at + 1
        while stop <= end and (count := counts.get(text[at:stop])) is not None:
            if count and not ((at, stop) in taken and text[at:stop] in people()):
                found.append(Edge(at, stop, count / total, 0))
            stop += 1
        if not counts.get(text[at]):
            found.append(Edge(at, at + 1, 1 / total, 0))
    return found


def chances(edges: list[Edge], start: int, end: int) -> Iterator[tuple[Edge, float]]:
    """Each word and name with the share of weight of the cuts that go through it."""
    edges.sort()
    ahead = [0.0] * (end - start + 1)
    back = ahead.copy()
    ahead[0] = back[-1] = 1.0
    for at, stop, share, _ in edges:
        ahead[stop - start] += ahead[at - start] * share * SCALE ** (stop - at)
    for at, stop, share, _ in reversed(edges):
        back[at - start] += back[stop - start] * share * SCALE ** (stop - at)
    whole = ahead[-1]
    for edge in edges:
        if edge.name:
            weight = ahead[edge.start - start] * edge.share * SCALE ** (edge.end - edge.start) * back[edge.end - start]
            yield edge, weight / whole if whole else 0.0
