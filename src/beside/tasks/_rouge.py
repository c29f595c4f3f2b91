"""ROUGE of written answers, for texts with and without spaces (Lin 2004); why here: docs/decisions/0015-written-answers.md."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Sequence
from unicodedata import normalize

from beside.tasks._task import f1

# a run of letters and digits is a word, as in the reference implementation; of a script without spaces each character is one
WORD = re.compile(
    r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]|[^\W_\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+"
)


def words(text: str) -> list[str]:
    """The words of a text, width and case folded; marks are no words. For English exactly those of rouge-score without stemming."""
    return WORD.findall(normalize("NFKC", text).lower())


def rouge_n(said: Sequence[str], wanted: Sequence[str], n: int) -> float:
    """F1 of the runs of n words that both hold, each as often as the other has it; 0..1."""
    ours, theirs = runs(said, n), runs(wanted, n)
    return float(f1((ours & theirs).total(), ours.total(), theirs.total()))


def rouge_l(said: Sequence[str], wanted: Sequence[str]) -> float:
    """F1 of the longest common subsequence of words; 0..1."""
    return float(f1(longest_common(said, wanted), len(said), len(wanted)))


def runs(found: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    """Runs of n words, counted."""
    return Counter(tuple(found[start : start + n]) for start in range(len(found) - n + 1))


def longest_common(one: Sequence[Hashable], other: Sequence[Hashable]) -> int:
    """Length of the longest common subsequence, a row of the table at a time as bits of one number (Hyyrö 2004)."""
    places: dict[Hashable, int] = {}
    for place, word in enumerate(one):
        places[word] = places.get(word, 0) | 1 << place
    row = every = (1 << len(one)) - 1
    for word in other:
        here = row & places.get(word, 0)
        row = (row + here | row - here) & every
    return len(one) - row.bit_count()
