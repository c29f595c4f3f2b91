"""The scores of any task on the test rows, with intervals, and two floors: the best constant answer, and TF-IDF."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from beside.checks._rows import bar, labelled, measured
from beside.checks.utility._floor import linear_answers, nearest_answers
from beside.core.interfaces import Task
from beside.core.statistics import RESAMPLES, Estimate, rate
from beside.core.types import Measurement, Splits

FLOOR, GAIN = "floor", "gain_over_floor"
SIMPLE, GAIN_OVER_SIMPLE = "tfidf_score", "gain_over_tfidf_score"
NEAREST, GAIN_OVER_NEAREST = "nearest_answer_score", "gain_over_nearest_answer"
GAINS = (GAIN, GAIN_OVER_SIMPLE, GAIN_OVER_NEAREST)
WORDS = {
    FLOOR: ("main score of the best constant answer", "“总给同一答案”的主要得分"),
    GAIN: ("gain over the best constant answer", "比“总给同一答案”高出的主要得分"),
    SIMPLE: ("main score of TF-IDF with a linear model", "TF-IDF + 线性模型的主要得分"),
    GAIN_OVER_SIMPLE: ("gain over TF-IDF with a linear model", "比 TF-IDF + 线性模型高出的主要得分"),
    NEAREST: ("main score of copying the answer of the nearest training text", "“照抄最相近训练文本的答案”的主要得分"),
    GAIN_OVER_NEAREST: ("gain over copying the answer of the nearest training text", "比“照抄最相近训练文本的答案”高出的主要得分"),
}


def metrics(task: Task) -> list[str]:
    """What `measure` measures of a task whose answers are no single labels: per token there is no linear model of a text.

    Written answers are compared with those of the nearest training texts instead.
    """
    simple = (NEAREST, GAIN_OVER_NEAREST) if task.writes else () if task.per_token else (SIMPLE, GAIN_OVER_SIMPLE)
    return [*task.metrics, FLOOR, GAIN, *simple]


def measure(
    task: Task, splits: Splits, answers: Sequence[str], labels: Sequence[str], rng: np.random.Generator, known: Sequence[str] = ()
) -> Iterator[Measurement]:
    """Every score of the task but the known ones, each with the percentile bootstrap (Efron 1979) over rows, then the floors.

    Args:
        answers: of the model, on the labelled test rows.
        labels: that the model knows.
        known: scores that are measured elsewhere; when the main one is among them, so are the floors.
    """
    texts, targets = map(list, zip(*labelled(splits), strict=True))
    n, main = len(targets), next(iter(task.metrics))
    of_model = task.scorer(answers, targets, labels)
    others = {} if main in known else floors(task, splits, texts, targets, labels)
    wanted = [name for name in task.metrics if name not in known]
    drawn: dict[str, list[float]] = defaultdict(list)
    for rows in [np.arange(n), *(rng.integers(0, n, n) for _ in range(RESAMPLES))]:  # all rows once, then the resamples
        found = of_model(rows)
        for name in wanted:
            drawn[name].append(found[name])
        for (name, gain), other in others.items():
            score = other(rows)[main]
            drawn[name].append(score)
            drawn[gain].append(found[main] - score)
    yield from told(task, main, drawn, n)


def floors(
    task: Task, splits: Splits, texts: Sequence[str], targets: Sequence[str], labels: Sequence[str]
) -> dict[tuple[str, str], Callable[[np.ndarray], dict[str, float]]]:
    """(metric of the floor, metric of the gain over it) -> scores of some of the rows: the best constant, and TF-IDF."""
    learned = [row.target for row in splits.train if row.target is not None]
    found = {(FLOOR, GAIN): task.scorer([task.floor(learned, labels)] * len(targets), targets, labels)}
    if task.writes:
        found[NEAREST, GAIN_OVER_NEAREST] = task.scorer(nearest_answers(splits, texts), targets, labels)
    elif (simple := linear_answers(task, splits, texts, labels)) is not None:
        found[SIMPLE, GAIN_OVER_SIMPLE] = task.scorer(simple, targets, labels)
    return found


def told(task: Task, main: str, drawn: dict[str, list[float]], n: int) -> Iterator[Measurement]:
    """The measurements; the first of each metric's values is that of all rows. The picture stands with the floor."""
    lowest, highest = task.metrics[main][4:]
    estimates = {}
    for name, (once, *draws) in drawn.items():
        gain = name in GAINS
        ends = (
            task.metrics[name][4:] if name in task.metrics else (lowest - highest, highest - lowest) if gain else (lowest, highest)
        )
        estimates[name] = spread(once, draws, n, *ends)
    named = {"this model": main, "best constant answer": FLOOR, "TF-IDF + linear model": SIMPLE, "nearest training answer": NEAREST}
    bars = [bar(words, estimates[name]) for words, name in named.items() if name in estimates]
    for name, estimate in estimates.items():
        words = task.metrics.get(name, task.metrics[main]._replace(better="higher"))
        picture = {"kind": "bars", "title": "main score", "unit": words.unit, "rows": bars}
        yield measured(name, words.unit, words.better, estimate, picture if name == FLOOR else None)


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
