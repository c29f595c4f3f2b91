"""How far are the probabilities from what was right? Brier score, and its skill over always giving the base rates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from beside.checks._rows import bar, labelled, measured, no_labelled_rows, resamples, spread
from beside.core.interfaces import Subject
from beside.core.statistics import Estimate, rate
from beside.core.types import Measurement, Splits

PARTS = ("reliability (added)", "resolution (taken off)", "uncertainty of the labels (added)")
CELLS = 30_000_000  # probabilities looked at for the intervals of the parts: about half a second


@dataclass(frozen=True, kw_only=True)
class Brier:
    """Brier score over all labels (Brier 1950): 0 = sure and right, 2 = sure and wrong, lower is better; bootstrap interval.

    `brier_skill` is 1 - score / score of the train split's base rates on the same rows: 1 is perfect, 0 says nothing that the
    base rates do not say, below 0 is worse than they; higher is better. The evidence takes the score apart (Murphy 1973):
    reliability (what miscalibration adds) - resolution (what telling rows apart takes off) + uncertainty (what the labels bring).
    """

    bins: int = field(default=10, metadata={"unit": "equal-width bins", "reason": "of each label's probability, as in Murphy 1973"})

    zh: ClassVar[str] = "概率离正确答案有多远？Brier 分数，以及相对于总按基础比例作答的技巧分。"
    metrics: ClassVar[dict[str, tuple[str, str]]] = {
        "brier": ("Brier score", "Brier 分数"),
        "brier_skill": ("Brier skill over the base rates", "相对于基础比例的 Brier 技巧分"),
    }
    pairs: ClassVar[bool] = True
    passes: ClassVar[int] = 1

    def why_not(self, subject: Subject, splits: Splits) -> str | None:
        if reason := no_labelled_rows(subject, splits):
            return reason
        if not any(example.target is not None for example in splits.train):
            return "No training row has a label, so there are no base rates to compare with."
        return None

    def measure(self, subject: Subject, splits: Splits, rng: np.random.Generator) -> Iterator[Measurement]:
        texts, targets = map(list, zip(*labelled(splits), strict=True))
        truth, n = one_hot(targets, subject.labels), len(texts)
        probabilities = np.column_stack([np.asarray(subject.probabilities(texts), dtype=float), np.zeros(n)])
        score = ((probabilities - truth) ** 2).sum(axis=1)
        learned = one_hot([example.target for example in splits.train if example.target is not None], subject.labels)
        floor = ((learned.mean(axis=0) - truth) ** 2).sum(axis=1)

        drawn = np.concatenate([counts @ np.column_stack([score, floor]) for counts in resamples(n, rng)]) / n  # (resamples, 2)
        room = 2 * rate(0, n).high if all_alike(probabilities, truth) else 0.0
        found = wider(spread(float(score.mean()), drawn[:, 0], n), room, 0.0, 2.0)
        yield measured("brier", "squared distance", "lower", found, self.parts(probabilities, truth, found, rng))
        least = max(float(floor.mean()), 1e-9)
        skill = spread(1 - float(score.mean()) / least, 1 - drawn[:, 0] / np.maximum(drawn[:, 1], 1e-9), n)
        yield measured("brier_skill", "skill", "higher", wider(skill, room / max(least, 2 / n), -np.inf, 1.0))

    def parts(self, probabilities: np.ndarray, truth: np.ndarray, whole: Estimate, rng: np.random.Generator) -> dict[str, Any]:
        """Murphy's parts with percentile intervals, as bars below the whole score; they add up but for what bins smooth over."""
        n = len(truth)
        once = murphy(probabilities, truth, np.ones(n), self.bins)
        times = int(np.clip(CELLS // probabilities.size, 40, 200))
        drawn = np.array(
            [murphy(probabilities, truth, np.bincount(rng.integers(0, n, n), minlength=n), self.bins) for _ in range(times)]
        )
        found = (spread(value, drawn[:, place], n) for place, value in enumerate(once))
        bars = [bar("Brier score", whole), *(bar(name, one) for name, one in zip(PARTS, found, strict=True))]
        return {"kind": "bars", "title": "parts of the Brier score", "unit": "squared distance", "rows": bars}


def one_hot(targets: list[str], labels: tuple[str, ...]) -> np.ndarray:
    """1.0 at the right label, shape (n, labels + 1); the last place is for targets that the model does not know."""
    place = {label: index for index, label in enumerate(labels)}
    return np.eye(len(labels) + 1)[[place.get(target, len(labels)) for target in targets]]


def all_alike(probabilities: np.ndarray, truth: np.ndarray) -> bool:
    """Whether all rows are right or all are wrong: resamples of them know nothing of the other kind."""
    right = probabilities.argmax(axis=1) == truth.argmax(axis=1)
    return bool(right.all() or not right.any())


def wider(found: Estimate, room: float, lowest: float, highest: float) -> Estimate:
    """The interval with `room` more on each side, within the range; never of width 0."""
    if found.high <= found.low:
        room = max(room, rate(0, found.n).high)
    low, high = max(lowest, found.low - room), min(highest, found.high + room)
    return Estimate(value=found.value, low=low, high=high, n=found.n)


def murphy(probabilities: np.ndarray, truth: np.ndarray, counts: np.ndarray, bins: int) -> tuple[float, float, float]:
    """Reliability, resolution and uncertainty, each summed over labels (Murphy 1973).

    Args:
        probabilities: shape (n, labels).
        truth: 1.0 at the right label, same shape.
        counts: how often each row counts, shape (n,).
        bins: equal-width bins of each label's probability.
    """
    labels = probabilities.shape[1]
    place = (np.clip(np.ceil(probabilities * bins).astype(int) - 1, 0, bins - 1) + bins * np.arange(labels)).ravel()
    weight = np.repeat(counts.astype(float), labels)
    rows, said, right = (
        np.bincount(place, weights=part, minlength=bins * labels)
        for part in (weight, weight * probabilities.ravel(), weight * truth.ravel())
    )
    total, held = float(counts.sum()), np.maximum(rows, 1e-12)
    base = np.repeat(right.reshape(labels, bins).sum(axis=1) / total, bins)
    reliability = float((rows * (said / held - right / held) ** 2).sum() / total)
    resolution = float((rows * (right / held - base) ** 2).sum() / total)
    return reliability, resolution, float((base * (1 - base)).sum() / bins)


check = Brier()
