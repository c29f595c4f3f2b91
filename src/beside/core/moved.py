"""What a drift is, in figures that people can picture: a share, a mean or a median among the rows compared with, and now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from beside.core.types import Value

MOST_NAMES = 3  # labels or languages told of, those that moved most
ORDINARY = 0.95  # share of the rows compared with that lie no farther from their nearest neighbour than an ordinary text does


class Moved(Value):
    """One figure before and now. Holds no word of a text: a name is a label of the model or a language."""

    what: Literal["label", "sure", "unlike", "unseen", "language", "length"]
    name: str = ""  # the label or the language
    before: float  # label, unlike, unseen, language: a share of 0..1; sure: 0..1; length: characters
    now: float


def shares(what: Literal["label", "language"], rows: Sequence[tuple[str, ...]], new: np.ndarray) -> tuple[Moved, ...]:
    """The names whose share of rows changed most, largest change first.

    Args:
        rows: the names each row holds.
        new: which rows are new, bool, shape (rows,).
    """
    names = sorted({name for row in rows for name in row})
    held = np.array([[name in row for name in names] for row in rows], dtype=bool).reshape(len(rows), len(names))
    before, now = held[~new].mean(axis=0), held[new].mean(axis=0)
    order = np.argsort(-np.abs(now - before), kind="stable")[:MOST_NAMES]
    return tuple(
        Moved(what=what, name=names[at], before=float(before[at]), now=float(now[at])) for at in order if before[at] != now[at]
    )


def middles(what: Literal["sure", "length"], values: np.ndarray, new: np.ndarray) -> tuple[Moved, ...]:
    """The mean probability or the median length, values of shape (rows,)."""
    middle = np.mean if what == "sure" else np.median
    return (Moved(what=what, before=float(middle(values[~new])), now=float(middle(values[new]))),)


def unlike(vectors: np.ndarray, new: np.ndarray) -> tuple[Moved, ...]:
    """How many texts lie farther from all rows compared with than those lie from each other but for one in twenty.

    Args:
        vectors: shape (rows, hidden).
    """
    rows = np.asarray(vectors, dtype=np.float32)
    old = rows[~new]
    squared = (rows**2).sum(axis=1)[:, None] + (old**2).sum(axis=1) - 2 * rows @ old.T
    squared[np.flatnonzero(~new), np.arange(len(old))] = np.inf  # nobody is their own neighbour
    nearest = squared.min(axis=1)
    far = nearest > np.quantile(nearest[~new], ORDINARY)
    return (Moved(what="unlike", before=float(far[~new].mean()), now=float(far[new].mean())),)


def unseen(words: Sequence[set[str]], new: np.ndarray) -> tuple[Moved, ...]:
    """The mean share of a text's different words that stand in no other row compared with; texts without a word do not count."""
    holders: dict[str, int] = {}
    for row, fresh in zip(words, new, strict=True):
        for word in row if not fresh else ():
            holders[word] = holders.get(word, 0) + 1
    found: tuple[list[float], list[float]] = ([], [])
    for row, fresh in zip(words, new, strict=True):
        if row:
            found[bool(fresh)].append(sum(holders.get(word, 0) < (1 if fresh else 2) for word in row) / len(row))
    before, now = (float(np.mean(side)) if side else 0.0 for side in found)
    return (Moved(what="unseen", before=before, now=now),)
