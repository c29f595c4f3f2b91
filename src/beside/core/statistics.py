"""A value is never alone: every estimate comes with a 95 % interval and the number of rows behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb, sqrt

import numpy as np
from numpy.typing import ArrayLike

Z95 = 1.959963984540054  # two-sided 95 % quantile of the standard normal
RESAMPLES = 1000


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A value with its 95 % interval `low..high` and the number of rows `n` it was computed from."""

    value: float
    low: float
    high: float
    n: int


def rate(hits: int, n: int) -> Estimate:
    """Share `hits / n` with the Wilson score interval (Wilson 1927); never of width 0, also at 0 % and 100 %.

    Raises:
        ValueError: if n is 0 or hits is not in 0..n.
    """
    if n <= 0 or not 0 <= hits <= n:
        raise ValueError(f"a rate needs 0 <= hits <= n and n > 0, got hits={hits}, n={n}")
    share = hits / n
    spread = Z95**2 / n
    centre = (share + spread / 2) / (1 + spread)
    half = Z95 * sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    # rounding may push the bound past the value itself at 0 % and 100 %
    return Estimate(value=share, low=max(0.0, min(share, centre - half)), high=min(1.0, max(share, centre + half)), n=n)


def bootstrap(statistic: Callable[[np.ndarray], float], n: int, rng: np.random.Generator, resamples: int = RESAMPLES) -> Estimate:
    """Percentile bootstrap (Efron 1979) of `statistic(row_indices)` over `n` rows.

    Args:
        statistic: takes an int array of row indices, shape (n,), and returns the value; NaN resamples are left out.
        n: number of rows.
        rng: source of randomness.
        resamples: how many resamples.

    Raises:
        ValueError: if n is 0.
    """
    if n <= 0:
        raise ValueError("a bootstrap needs at least one row")
    value = float(statistic(np.arange(n)))
    drawn = np.array([statistic(rng.integers(0, n, n)) for _ in range(resamples)], dtype=float)
    drawn = drawn[~np.isnan(drawn)]
    if drawn.size == 0:
        return Estimate(value=value, low=float("-inf"), high=float("inf"), n=n)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Estimate(value=value, low=min(value, float(low)), high=max(value, float(high)), n=n)


def mean(values: ArrayLike, rng: np.random.Generator) -> Estimate:
    """Mean of one number per row with a bootstrap interval."""
    numbers = np.asarray(values, dtype=float)
    return bootstrap(lambda rows: float(numbers[rows].mean()), len(numbers), rng)


def mcnemar(only_first: int, only_second: int) -> float:
    """Exact two-sided McNemar test (McNemar 1947): p-value that two models differ, from the rows where one alone is right.

    Args:
        only_first: rows that the first model alone answers correctly.
        only_second: rows that the second model alone answers correctly.
    """
    discordant = only_first + only_second
    if discordant == 0:
        return 1.0
    tail: float = sum(comb(discordant, k) for k in range(min(only_first, only_second) + 1)) / 2**discordant
    return min(1.0, 2 * tail)


def paired_gap(first: Sequence[bool], second: Sequence[bool], rng: np.random.Generator) -> Estimate:
    """Difference of two rates on the same rows, `mean(second) - mean(first)`, with a paired bootstrap interval."""
    gap = np.asarray(second, dtype=float) - np.asarray(first, dtype=float)
    return mean(gap, rng)
