"""The scores of a model that ranks, query by query over every candidate of the corpus, and two floors: one order for all, and BM25.

Intervals are percentile bootstraps (Efron 1979) over queries, for the rows of one query are not independent of each other.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from beside.checks._rows import bar, labelled, measured
from beside.checks.utility._task import FLOOR, GAIN, spread
from beside.core.errors import NotEnoughData
from beside.core.interfaces import Subject, Task
from beside.core.ranking import DEPTH, by_words, catalogue, constant, judged, places, ranked_by, reached, some
from beside.core.statistics import RESAMPLES
from beside.core.types import Measurement, Splits

MODEL, WORDS_ALONE, GAIN_OVER_WORDS, REACHED = "model", "bm25_score", "gain_over_bm25", "bm25_reach"
WORDS = {
    WORDS_ALONE: ("main score of BM25, words alone", "BM25（只看用词）的主要得分"),
    GAIN_OVER_WORDS: ("gain over BM25", "比 BM25 高出的主要得分"),
    REACHED: (f"relevant candidates among the first {DEPTH} of BM25", f"相关候选落在 BM25 前 {DEPTH} 个之内的比例"),
}


def metrics(task: Task) -> list[str]:
    """What `measure` measures."""
    return [*task.metrics, FLOOR, GAIN, *WORDS]


def measure(subject: Subject, task: Task, splits: Splits, most: int, rng: np.random.Generator) -> Iterator[Measurement]:
    """Every score of the task, the floors, and how far words alone reach: no model that orders BM25's best anew gets further.

    Args:
        most: queries that a model is asked which reads query and candidate together.

    Raises:
        NotEnoughData: no test row is relevant.
    """
    texts, targets = map(list, zip(*labelled(splits), strict=True))
    data = judged(texts, targets, catalogue(*splits))
    if not data.queries:
        raise NotEnoughData("No test row is relevant, so there is nothing to find.", "Import rows with relevant pairs.")
    if not task.apart:
        data = some(data, most)
    learned = [(row.text, row.target) for row in splits.train if row.target is not None]
    orders = {MODEL: ranked_by(subject, data), FLOOR: constant(data, learned), WORDS_ALONE: by_words(data)}
    scorers = {name: task.scorer(places(data, order), data.grades(), subject.labels) for name, order in orders.items()}
    main, n, reach = next(iter(task.metrics)), len(data.queries), reached(data)
    drawn: dict[str, list[float]] = {name: [] for name in metrics(task)}
    for rows in [np.arange(n), *(rng.integers(0, n, n) for _ in range(RESAMPLES))]:  # all queries once, then the resamples
        of = {name: scorer(rows) for name, scorer in scorers.items()}
        for name, value in of[MODEL].items():
            drawn[name].append(value)
        for floor, gain in ((FLOOR, GAIN), (WORDS_ALONE, GAIN_OVER_WORDS)):
            drawn[floor].append(of[floor][main])
            drawn[gain].append(of[MODEL][main] - of[floor][main])
        drawn[REACHED].append(float(reach[rows].mean()))
    estimates = {
        name: spread(once, draws, n, -1.0 if name in (GAIN, GAIN_OVER_WORDS) else 0.0, 1.0)
        for name, (once, *draws) in drawn.items()
    }
    named = {"this model": main, "BM25": WORDS_ALONE, "one order for every query": FLOOR}
    bars = [bar(words, estimates[metric]) for words, metric in named.items()]
    picture = {"kind": "bars", "title": "main score", "unit": "score", "rows": bars, "candidates": len(data.candidates)}
    for name, estimate in estimates.items():
        unit = task.metrics[name].unit if name in task.metrics else "share" if name == REACHED else "score"
        yield measured(name, unit, "higher", estimate, picture if name == FLOOR else None)
