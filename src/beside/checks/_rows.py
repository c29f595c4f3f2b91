"""What every check needs of the test split: its labelled rows, and intervals that admit what so few rows cannot show."""

from __future__ import annotations

from typing import Any

from beside.core.interfaces import Subject
from beside.core.statistics import Estimate, rate
from beside.core.types import Better, Measurement, Splits


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


def measured(metric: str, unit: str, better: Better, estimate: Estimate, evidence: dict[str, Any] | None = None) -> Measurement:
    """An estimate under its public name."""
    return Measurement(metric=metric, unit=unit, better=better, evidence=evidence, **vars(estimate))
