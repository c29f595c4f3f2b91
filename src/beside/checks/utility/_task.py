"""The scores of any task on the test rows, with intervals, and the one answer that is best given to everything as a floor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from beside.checks._rows import bar, measured
from beside.core.interfaces import Task
from beside.core.statistics import RESAMPLES, Estimate, rate
from beside.core.types import Measurement

FLOOR, GAIN = "floor", "gain_over_floor"
WORDS = {
    FLOOR: ("main score of the best constant answer", "“总给同一答案”的主要得分"),
    GAIN: ("gain over the best constant answer", "比“总给同一答案”高出的主要得分"),
}


def measure(
    task: Task,
    answers: Sequence[str],
    targets: Sequence[str],
    learned: Sequence[str],
    labels: Sequence[str],
    rng: np.random.Generator,
    known: Sequence[str] = (),
) -> Iterator[Measurement]:
    """Every score of the task but the known ones, each with the percentile bootstrap (Efron 1979) over rows.

    Args:
        answers: of the model, on the test rows.
        targets: the right ones.
        learned: targets of the training rows, for the floor.
        labels: that the model knows.
        known: scores that are measured elsewhere; when the main one is among them, so are the floors.
    """
    n, main = len(targets), next(iter(task.metrics))
    of_model = task.scorer(answers, targets, labels)
    of_floor = task.scorer([task.floor(learned, labels)] * n, targets, labels)
    once, simple = of_model(np.arange(n)), of_floor(np.arange(n))
    wanted = [name for name in task.metrics if name not in known]
    drawn: dict[str, list[float]] = {name: [] for name in (*wanted, FLOOR, GAIN)}
    for _ in range(RESAMPLES):
        rows = rng.integers(0, n, n)
        found = of_model(rows)
        for name in wanted:
            drawn[name].append(found[name])
        if main in wanted:
            floor = of_floor(rows)[main]
            drawn[FLOOR].append(floor)
            drawn[GAIN].append(found[main] - floor)
    estimates = {name: spread(once[name], drawn[name], n, *task.metrics[name][4:]) for name in wanted}
    unit = task.metrics[main].unit
    if main not in known:
        lowest, highest = task.metrics[main][4:]
        estimates[FLOOR] = spread(simple[main], drawn[FLOOR], n, lowest, highest)
        estimates[GAIN] = spread(once[main] - simple[main], drawn[GAIN], n, lowest - highest, highest - lowest)
        bars = [bar("this model", estimates[main]), bar("best constant answer", estimates[FLOOR])]
        picture = {"kind": "bars", "title": "main score", "unit": unit, "rows": bars}
    for name, estimate in estimates.items():
        words = task.metrics.get(name)
        evidence = picture if name == FLOOR else None
        yield measured(name, words.unit if words else unit, words.better if words else "higher", estimate, evidence)


def spread(value: float, draws: Sequence[float], n: int, lowest: float, highest: float) -> Estimate:
    """A value with the interval of its resamples; where none of them differed, with the room that n rows cannot rule out.

    Resamples in which a score cannot be computed are left out.
    """
    finite = np.array([draw for draw in draws if np.isfinite(draw)])
    low, high = np.quantile(finite, [0.025, 0.975]) if len(finite) else (lowest, highest)
    low, high = min(value, float(low)), max(value, float(high))
    if high <= low:
        # what happened in none of n rows may happen in up to so many of all rows (Hanley & Lippman-Hand 1983)
        reach = highest - lowest if np.isfinite(highest - lowest) else max(1.0, abs(value))
        room = rate(0, n).high * reach
        low, high = max(lowest, value - room), min(highest, value + room)
    return Estimate(value=value, low=low, high=high, n=n)
