"""Precision, recall and F1 from a confusion matrix, for the test rows and for a thousand resamples of them at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from beside.checks._rows import never_flat
from beside.core.statistics import RESAMPLES, Estimate, rate


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Scores of one or of many resamples; `...` is the resamples' dimension, absent for the rows as they are."""

    precision: np.ndarray  # (..., labels)
    recall: np.ndarray  # (..., labels)
    f1: np.ndarray  # (..., labels)
    macro: np.ndarray  # (..., 3): precision, recall, F1, averaged over labels that occur
    weighted: np.ndarray  # (..., 3): the same, weighted by support


def scores(hits: np.ndarray, said: np.ndarray, support: np.ndarray) -> Scores:
    """scikit-learn's `classification_report`, vectorised.

    Args:
        hits: right answers per label, shape (..., labels).
        said: how often each label was answered, same shape.
        support: how often each label was right, same shape.
    """
    precision, recall = share(hits, said), share(hits, support)
    f1 = share(2 * hits, said + support)
    stacked = np.stack([precision, recall, f1], axis=-1)
    occurs = ((said + support) > 0)[..., None]
    macro = (stacked * occurs).sum(axis=-2) / occurs.sum(axis=-2)
    weighted = (stacked * support[..., None]).sum(axis=-2) / support.sum(axis=-1)[..., None]
    return Scores(precision=precision, recall=recall, f1=f1, macro=macro, weighted=weighted)


def share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """part / whole, 0 where the whole is 0, as scikit-learn counts it."""
    return np.divide(part, whole, out=np.zeros(np.shape(part), dtype=float), where=whole > 0)


def resampled(matrix: np.ndarray, rng: np.random.Generator, resamples: int = RESAMPLES) -> Scores:
    """Scores of `resamples` bootstrap resamples of the rows behind a confusion matrix, shape (labels, labels).

    Drawing n rows with replacement is drawing from a multinomial over the matrix's cells; most cells are empty, so this takes
    a fraction of a second where redrawing 3,000 rows a thousand times takes minutes.
    """
    truth, answer = np.nonzero(matrix)
    counts = matrix[truth, answer]
    drawn = rng.multinomial(counts.sum(), counts / counts.sum(), size=resamples).astype(float)  # (resamples, cells)
    one_hot = np.eye(len(matrix))
    right = (truth == answer)[:, None] * one_hot[truth]
    return scores(drawn @ right, drawn @ one_hot[answer], drawn @ one_hot[truth])


def estimate(value: float, draws: np.ndarray, n: int) -> Estimate:
    """A value with the percentile bootstrap interval (Efron 1979) of its resamples."""
    low, high = np.quantile(draws, [0.025, 0.975])
    return Estimate(value=float(value), low=min(float(value), float(low)), high=max(float(value), float(high)), n=n)


def table(labels: list[str], matrix: np.ndarray, once: Scores, draws: Scores) -> dict[str, Any]:
    """The classification report as evidence: a row per label with intervals, and the averages."""
    said, support = matrix.sum(axis=0), matrix.sum(axis=1)
    rows = []
    for place, label in enumerate(labels):
        row: dict[str, Any] = {"label": label, "support": int(support[place]), "answered": int(said[place])}
        hits = int(matrix[place, place])
        row |= interval("precision", shared(hits, int(said[place])))
        row |= interval("recall", shared(hits, int(support[place])))
        row |= interval("f1", f1_of(once.f1[place], draws.f1[:, place], int(support[place])))
        rows.append(row)
    averages = [
        {"label": name, "support": int(matrix.sum()), **dict(zip(("precision", "recall", "f1"), map(float, values), strict=True))}
        for name, values in (("macro avg", once.macro), ("weighted avg", once.weighted))
    ]
    return {"kind": "report", "rows": rows, "averages": averages}


def f1_of(value: float, draws: np.ndarray, support: int) -> Estimate:
    """A label's F1; wide open where no test row has the label."""
    return never_flat(estimate(value, draws, support)) if support else Estimate(value=0.0, low=0.0, high=1.0, n=0)


def shared(hits: int, n: int) -> Estimate:
    """A Wilson rate; 0 and wide open where there is nothing to divide by."""
    return rate(hits, n) if n else Estimate(value=0.0, low=0.0, high=1.0, n=0)


def interval(name: str, found: Estimate) -> dict[str, float]:
    """An estimate as three cells of a table row."""
    return {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}
