"""Numbers as targets: how they are written, split evenly, and compared."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import isfinite

import numpy as np

from beside.core.labels import TargetBook

ROWS_PER_STRATUM, MOST_STRATA = 40, 10


def written(value: float) -> str:
    """A number as a target: 3, 3.5; up to ten digits."""
    return f"{value:.10g}" if value else "0"


def canonical(cell: str, text: str = "", raw: str = "") -> str:
    """The number in a cell. Raises ValueError when there is none."""
    plain = cell.replace("\u2212", "-")
    plain = plain.replace(",", ".") if re.fullmatch(r"-?\d+,\d+", plain) else plain
    try:
        value = float(plain)
    except ValueError:
        raise ValueError(f"holds no number: {cell[:40]}") from None
    if not isfinite(value):
        raise ValueError(f"holds no finite number: {cell[:40]}")
    return written(value)


class NumberBook(TargetBook):
    """Numbers; rows are split evenly over as many quantiles as there are rows for.

    Args:
        mode: says in a sentence how these numbers will be learned, given the different ones.
    """

    def __init__(self, mode: Callable[[Sequence[str]], str]) -> None:
        super().__init__(canonical, lambda name: [name])
        self.mode = mode

    def members(self) -> list[list[str]]:
        """The values, when they are few enough to be counted one by one."""
        return [[name] if len(self) <= 2 * MOST_STRATA else [] for name in self.numbers]

    def strata(self) -> list[int]:
        names = list(self.numbers)
        order = sorted(range(len(names)), key=lambda place: float(names[place]))
        rows = np.array([self.counts[names[place]] for place in order], dtype=float)
        middle = (np.cumsum(rows) - rows / 2) / max(1.0, rows.sum())  # rank of each value, 0..1
        wanted = int(np.clip(rows.sum() // ROWS_PER_STRATUM, 1, MOST_STRATA))
        found = np.zeros(len(names), dtype=int)
        found[order] = np.minimum((middle * wanted).astype(int), wanted - 1)
        return [int(one) for one in found]

    def notes(self) -> list[str]:
        return [self.mode(list(self.numbers))]


def agreement(answers: np.ndarray, targets: np.ndarray) -> float:
    """Quadratic weighted kappa of numbers: 1 - mean squared difference over that of independent pairs; -1..1.

    On equally spaced levels it is Cohen's weighted kappa with quadratic weights (Cohen 1968); on any numbers it is the concordance
    correlation of Lin (1989). 0 when neither varies.
    """
    chance = answers.var() + targets.var() + (answers.mean() - targets.mean()) ** 2
    return float(1 - ((answers - targets) ** 2).mean() / chance) if chance > 0 else 0.0


def rank_correlation(answers: np.ndarray, targets: np.ndarray) -> float:
    """Spearman's correlation with ties, -1..1; 0 when either does not vary, for then it says nothing about the order."""
    from scipy.stats import rankdata

    one, other = rankdata(answers), rankdata(targets)
    one, other = one - one.mean(), other - other.mean()
    spread = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / spread if spread > 0 else 0.0
