"""The words of a text and where they stand: the product's one segmentation, for explanations and for edits.

Scripts written with spaces are cut into words, an apostrophe or hyphen inside them kept; numbers stay whole; Chinese is cut into
the words of jieba's dictionary; other scripts without spaces (Thai, Japanese kana, ...) are cut into characters, for want of a
dictionary. An emoji is a word, for people speak with it; punctuation is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from threading import Lock
from typing import Any, NamedTuple

HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
ALONE = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff"  # Thai, Lao, Burmese, Khmer, kana
EMOJI = r"[\u2600-\u27bf\U0001f300-\U0001faff][\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]*"
NUMBER = r"\d+(?:[.,:/]\d+)+(?![^\W\d_])"  # 3.50, 1,000, 12:30; followed by a letter it is part of a name such as 4.5x
LETTER = rf"(?![{HAN}{ALONE}])\w"
SPACED = rf"(?:{LETTER})+(?:['\u2019-](?:{LETTER})+)*"
PIECE = re.compile(rf"(?P<han>[{HAN}]+)|{NUMBER}|{EMOJI}|[{ALONE}]|{SPACED}")
loading = Lock()


class Word(NamedTuple):
    """A word of a text: the text's characters from `start` up to, not including, `end`."""

    start: int
    end: int
    text: str


def words(text: str) -> list[Word]:
    """The words of a text in order; they do not overlap, and each is exactly what stands at its place."""
    return list(found(text))


def found(text: str) -> Iterator[Word]:
    """The words one by one; a run of Chinese characters goes to the dictionary."""
    for match in PIECE.finditer(text):
        if match.lastgroup != "han":
            yield Word(match.start(), match.end(), match.group())
            continue
        start = match.start()
        for piece in chinese().cut(match.group()):
            yield Word(start, start + len(piece), piece)
            start += len(piece)


def chinese() -> Any:
    """jieba's segmenter, its dictionary loaded once, when the first Chinese text comes (half a second)."""
    with loading:
        return segmenter()


@cache
def segmenter() -> Any:
    """A segmenter that reads its dictionary from inside the installed package and nowhere else.

    Left to itself jieba keeps its dictionary as a `marshal` file under a fixed name in the shared temporary folder, where any
    user of the machine can lay another one for it to load. Here the prefix dictionary is built directly, so that nothing is
    read from or written to that folder.
    """
    import jieba

    made = jieba.Tokenizer()
    made.FREQ, made.total = jieba.Tokenizer.gen_pfdict(files("jieba").joinpath("dict.txt").open("rb"))
    made.initialized = True
    return made
