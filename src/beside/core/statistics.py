"""A value is never alone: every estimate comes with a 95 % interval and the number of rows behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb, sqrt
from statistics import NormalDist

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
    low, high = wilson(hits, n, Z95)
    return Estimate(value=hits / n, low=low, high=high, n=n)


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


def wilson(hits: int, n: int, z: float) -> tuple[float, float]:
    """The two ends of the Wilson score interval (Wilson 1927) of `hits / n` at `z` standard deviations."""
    share, spread = hits / n, z**2 / n
    centre = (share + spread / 2) / (1 + spread)
    half = z * sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    # rounding may push the bound past the value itself at 0 % and 100 %
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def auc(positive: ArrayLike, negative: ArrayLike) -> Estimate:
    """Area under the ROC curve: the chance that a positive row scores above a negative one, ties half; 0..1.

    The interval covers two: DeLong's on the logit scale (DeLong et al. 1988), which takes the scores as they are, and Newcombe's
    (2006, method 5), which is never of width 0. With 30 rows on one side and a true AUC of 0.98 and more, DeLong's alone held the
    truth in 84 to 99 of 100 simulations, both together in 97 to 99; near 0.5 they agree. `n` is the size of the smaller set,
    which limits what can be said.

    Args:
        positive: scores of the rows that should score high, shape (n,).
        negative: scores of the others, shape (m,).

    Raises:
        ValueError: if a set is empty.
    """
    up, down = np.asarray(positive, dtype=float), np.asarray(negative, dtype=float)
    if not up.size or not down.size:
        raise ValueError(f"an AUC needs rows of both kinds, got {up.size} and {down.size}")
    wins, losses = beaten(up, down), 1 - beaten(down, up)
    value, n = float(wins.mean()), min(up.size, down.size)
    low, high = newcombe_auc(value, up.size, down.size)
    if n > 1 and 0 < value < 1:
        variance = float(wins.var(ddof=1) / up.size + losses.var(ddof=1) / down.size)
        odds, spread = (1 - value) / value, Z95 * sqrt(variance) / (value * (1 - value))
        below, above = (1 / (1 + odds * float(np.exp(side * min(spread, 50.0)))) for side in (1, -1))
        low, high = min(low, below), max(high, above)
    return Estimate(value=value, low=min(low, value), high=max(high, value), n=n)


def beaten(scores: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Share of `others` below each of `scores`, ties half, 0..1; shape of `scores`."""
    ordered = np.sort(others)
    both: np.ndarray = np.searchsorted(ordered, scores, "left") + np.searchsorted(ordered, scores, "right")
    return both / (2 * len(others))


def newcombe_auc(value: float, up: int, down: int) -> tuple[float, float]:
    """The AUCs that are less than 1.96 standard errors from the measured one, each with its own error (Newcombe 2006, method 5).

    Args:
        value: the measured AUC, 0..1.
        up: how many rows should score high.
        down: how many should not.
    """
    size = (up + down) / 2 - 1

    def held(truth: float) -> bool:
        variance = truth * (1 - truth) * (1 + size * (1 - truth) / (2 - truth) + size * truth / (1 + truth)) / (up * down)
        return abs(value - truth) <= Z95 * sqrt(max(0.0, variance))

    ends = []
    for edge in (0.0, 1.0):
        inside, outside = value, edge
        for _ in range(40):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if held(middle) else (inside, middle)
        ends.append(inside)
    return ends[0], ends[1]


def tpr_at_fpr(positives: ArrayLike, negatives: ArrayLike, rng: np.random.Generator, fpr: float = 0.01) -> Estimate:
    """Share of positives scored above all but `fpr` of the negatives, 0..1; both sides are resampled. `n` counts the positives.

    With fewer than `1 / fpr` negatives it is the share above every negative.

    Raises:
        ValueError: if one side is empty.
    """
    yes, no = np.asarray(positives, dtype=float), np.asarray(negatives, dtype=float)
    if not len(yes) or not len(no):
        raise ValueError("a rate of true positives needs at least one positive and one negative")
    allowed = int(fpr * len(no))

    def share(above: np.ndarray, below: np.ndarray) -> float:
        return float((above > np.partition(below, len(below) - 1 - allowed)[len(below) - 1 - allowed]).mean())

    drawn = [share(rng.choice(yes, len(yes)), rng.choice(no, len(no))) for _ in range(RESAMPLES)]
    value, (low, high) = share(yes, no), np.quantile(drawn, [0.025, 0.975])
    return Estimate(value=value, low=min(value, float(low)), high=max(value, float(high)), n=len(yes))


def normal_quantile(share: float) -> float:
    """The value below which that share of a standard normal lies: 1.96 for 0.975."""
    return NormalDist().inv_cdf(share)


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted for having been looked at together (Holm 1979): reject what is at most 0.05, wrong anywhere in 5 %."""
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda place: p_values[place])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = highest
    return adjusted


def rate_gap(hits: int, n: int, other_hits: int, other_n: int, z: float = Z95) -> tuple[float, float, float]:
    """Difference of two independent rates, `hits / n - other_hits / other_n`, with its interval's ends (Newcombe 1998, 10)."""
    (low, high), (other_low, other_high) = wilson(hits, n, z), wilson(other_hits, other_n, z)
    share, other = hits / n, other_hits / other_n
    gap = share - other
    down = sqrt((share - low) ** 2 + (other_high - other) ** 2)
    up = sqrt((high - share) ** 2 + (other - other_low) ** 2)
    return gap, max(-1.0, gap - down), min(1.0, gap + up)
