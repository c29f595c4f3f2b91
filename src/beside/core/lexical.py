"""BM25: how well the words of a query speak for each of many texts. What a ranker must beat, and the first pass before a slow one.

Words are what stands between spaces and punctuation; scripts without spaces are cut into characters and pairs of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from unicodedata import normalize

import numpy as np

K1, B = 1.2, 0.75  # saturation of repeated words, and how far long texts are held against them: Lucene's values
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
PIECES = re.compile(f"[{UNSPACED}]+|[^\\W{UNSPACED}]+")
IS_UNSPACED = re.compile(f"[{UNSPACED}]")


def terms(text: str) -> list[str]:
    """The words of a text, folded (NFKC, case)."""
    found: list[str] = []
    for piece in PIECES.findall(normalize("NFKC", text).casefold()):
        if IS_UNSPACED.match(piece):
            found += [*piece, *map("".join, pairwise(piece))]
        else:
            found.append(piece)
    return found


class BM25:
    """An inverted index over texts (Robertson & Zaragoza 2009), with the idf that is never negative (as in Lucene).

    Args:
        texts: what is searched; kept as numbers alone.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self.size = len(texts)
        self.places: dict[str, int] = {}
        term, row, times, lengths = [], [], [], np.zeros(self.size)
        for place, text in enumerate(texts):
            counts = Counter(terms(text))
            lengths[place] = counts.total()
            for word, count in counts.items():
                term.append(self.places.setdefault(word, len(self.places)))
                row.append(place)
                times.append(count)
        order = np.argsort(np.array(term, dtype=np.int64), kind="stable")
        self.rows = np.array(row, dtype=np.int64)[order]
        often, held = np.array(times, dtype=float)[order], np.bincount(term, minlength=len(self.places)).astype(float)
        self.starts = np.concatenate([[0], np.cumsum(held)]).astype(np.int64)
        idf = np.log1p((self.size - held + 0.5) / (held + 0.5))
        norm = K1 * (1 - B + B * lengths / max(1e-9, lengths.mean() if self.size else 0.0))
        self.weights = np.repeat(idf, held.astype(np.int64)) * often * (K1 + 1) / (often + norm[self.rows])

    def scores(self, query: str) -> np.ndarray:
        """One number per text, 0 or more, higher is better; float, shape (texts,)."""
        found = np.zeros(self.size)
        for word, count in Counter(terms(query)).items():
            if (place := self.places.get(word)) is not None:
                inside = slice(self.starts[place], self.starts[place + 1])
                found[self.rows[inside]] += count * self.weights[inside]  # a text stands once in a word's list
        return found

    def top(self, query: str, count: int) -> np.ndarray:
        """Places of the best texts, best first; of equally good ones the earlier. At most `count`, int64."""
        return best(self.scores(query), count)


def best(scores: np.ndarray, count: int) -> np.ndarray:
    """Places of the highest scores, highest first, of equal ones the earlier; int64, at most `count`."""
    if not count:
        return np.empty(0, dtype=np.int64)
    if count < len(scores):
        edge = np.partition(scores, len(scores) - count)[len(scores) - count]
        above = np.flatnonzero(scores > edge)
        chosen = np.concatenate([above, np.flatnonzero(scores == edge)[: count - len(above)]])
    else:
        chosen = np.arange(len(scores))
    chosen = np.sort(chosen)
    ranked: np.ndarray = chosen[np.argsort(-scores[chosen], kind="stable")]
    return ranked
