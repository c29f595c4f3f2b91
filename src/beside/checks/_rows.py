"""What every check needs of the test split: its labelled rows, and intervals that admit what so few rows cannot show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from beside.core.interfaces import Subject
from beside.core.statistics import RESAMPLES, Estimate, rate
from beside.core.types import Better, Measurement, Splits

CELLS = 2_000_000  # of a piece of resamples


def labelled(splits: Splits) -> list[tuple[str, str]]:
    """(text, target) of every test row whose right answer is known, in order."""
    return [(example.text, example.target) for example in splits.test if example.target is not None]


def no_labelled_rows(subject: Subject, splits: Splits) -> str | None:
    """Why a check that compares answers with targets does not apply; None when it does."""
    if not splits.test:
        return "The corpus has no test rows."
    return None if labelled(splits) else f"None of the {len(splits.test)} test rows has a label to compare with."


def never_flat(estimate: Estimate, lowest: float = 0.0, highest: float = 1.0) -> Estimate:
    """The estimate, widened where resampling saw no variation at all.

    A bootstrap of rows that are all alike gives an interval of width 0. What happened in none of n rows may still happen in
    up to `rate(0, n).high` of all rows (the exact relative of the rule of three, Hanley & Lippman-Hand 1983), so that much
    room is left on each side, within the range of the metric.
    """
    if estimate.high > estimate.low:
        return estimate
    room = rate(0, estimate.n).high
    low, high = max(lowest, estimate.value - room), min(highest, estimate.value + room)
    return Estimate(value=estimate.value, low=low, high=high, n=estimate.n)


def resamples(n: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """How often each of n rows is drawn in RESAMPLES bootstrap resamples, float, in pieces of shape (some, n).

    Counts instead of row numbers let a check weigh sums that are sorted once; a piece stays below 16 MB.
    """
    some = max(1, CELLS // n)
    for start in range(0, RESAMPLES, some):
        piece = min(some, RESAMPLES - start)
        places = rng.integers(0, n, (piece, n)) + n * np.arange(piece)[:, None]
        yield np.bincount(places.ravel(), minlength=piece * n).reshape(piece, n).astype(float)


def spread(value: float, drawn: np.ndarray, n: int) -> Estimate:
    """A value with the percentile interval (Efron 1979) of its resamples."""
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Estimate(value=value, low=min(value, float(low)), high=max(value, float(high)), n=n)


def measured(metric: str, unit: str, better: Better, estimate: Estimate, evidence: dict[str, Any] | None = None) -> Measurement:
    """An estimate under its public name."""
    return Measurement(metric=metric, unit=unit, better=better, evidence=evidence, **vars(estimate))


def bar(name: str, estimate: Estimate) -> dict[str, Any]:
    """An estimate as one row of evidence of the kind `bars`."""
    return {"name": name, "value": estimate.value, "low": estimate.low, "high": estimate.high}
