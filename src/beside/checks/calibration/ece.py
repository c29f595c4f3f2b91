"""Do the probabilities mean what they say? Expected calibration error, served and before temperature scaling."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from beside.checks._rows import labelled, measured, no_labelled_rows
from beside.core.interfaces import Subject
from beside.core.statistics import RESAMPLES, Estimate, rate
from beside.core.types import Measurement, Splits


@dataclass(frozen=True, kw_only=True)
class CalibrationError:
    """Expected calibration error of the top answer (Guo et al. 2017): 0..1, lower is better.

    The mean gap between confidence and accuracy, over bins of confidence. `ece` is of the probabilities as served,
    `ece_uncalibrated` of the same scores at temperature 1, and `adaptive_ece` groups the rows into bins of equal size (Nixon
    et al. 2019), so that the many confident rows do not share one bin. The temperature was fitted on the tune split at training;
    the test rows are touched here only.
    """

    bins: int = field(default=15, metadata={"unit": "bins", "reason": "as in Guo et al. 2017"})
    fewest: int = field(default=10, metadata={"unit": "rows", "reason": "per bin of equal size; on few rows there are fewer bins"})

    zh: ClassVar[str] = "概率名副其实吗？期望校准误差，服务时的与温度缩放之前的。"
    metrics: ClassVar[dict[str, tuple[str, str]]] = {
        "ece": ("expected calibration error (ECE)", "期望校准误差（ECE）"),
        "ece_uncalibrated": ("ECE before temperature scaling", "校准前的 ECE"),
        "adaptive_ece": ("adaptive ECE (bins of equal size)", "自适应 ECE（等量分组）"),
    }
    pairs: ClassVar[bool] = True
    passes: ClassVar[int] = 2

    def why_not(self, subject: Subject, splits: Splits) -> str | None:
        return no_labelled_rows(subject, splits)

    def measure(self, subject: Subject, splits: Splits, rng: np.random.Generator) -> Iterator[Measurement]:
        texts, targets = map(list, zip(*labelled(splits), strict=True))
        served = np.asarray(subject.probabilities(texts), dtype=float)
        confidence, right = top(served, subject, targets)
        yield measured("ece", "probability", "lower", *self.error(confidence, right, rng, subject.temperature))
        equal = equal_size(confidence, max(1, min(self.bins, len(texts) // self.fewest)))
        yield measured("adaptive_ece", "probability", "lower", *self.error(confidence, right, rng, subject.temperature, equal))
        untouched = softmax(np.asarray(subject.logits(texts), dtype=float))
        yield measured("ece_uncalibrated", "probability", "lower", *self.error(*top(untouched, subject, targets), rng, 1.0))

    def error(
        self,
        confidence: np.ndarray,
        right: np.ndarray,
        rng: np.random.Generator,
        temperature: float,
        place: np.ndarray | None = None,
    ) -> tuple[Estimate, dict[str, Any]]:
        """The error with its interval, and the reliability diagram behind it.

        The binned error is biased upwards, and a bootstrap of it doubles that bias: with 300 rows of a perfectly calibrated
        model a percentile interval never held the true error. So the interval reaches as far up as the resamples lie above
        their own mean, as far down as they lie above the value (the reflected bound, Davison & Hinkley 1997, section 5.2),
        and down to 0 when a perfectly calibrated model with these confidences would show such an error by chance
        (Vaicenavicius et al. 2019). In simulations with 30 to 1,000 rows it held the true error in 91 to 98 of 100 cases.

        Args:
            confidence: probability of the top answer, float, shape (n,).
            right: 1 where the top answer is the target, shape (n,).
            rng: source of randomness.
            temperature: what the scores were divided by, told in the evidence.
            place: bin of each row, int, shape (n,); None = bins of equal width.
        """
        n, edges = len(confidence), None if place is not None else np.linspace(0, 1, self.bins + 1)
        place = bin_of(confidence, self.bins) if place is None else place

        def gap(rows: np.ndarray, outcome: np.ndarray = right) -> float:
            """Sum over bins of |sum of (outcome - confidence)|, per row."""
            sums = np.bincount(place[rows], weights=(outcome - confidence)[rows], minlength=self.bins)
            return float(np.abs(sums).sum() / n)

        every = np.arange(n)
        value = gap(every)
        drawn = np.array([gap(rng.integers(0, n, n)) for _ in range(RESAMPLES)])
        chance = np.array([gap(every, (rng.random(n) < confidence).astype(float)) for _ in range(RESAMPLES)])
        highest = float(np.quantile(drawn, 0.975))
        low = 0.0 if value <= np.quantile(chance, 0.975) else 2 * value - highest
        high = value + highest - float(drawn.mean())
        if right.min() == right.max():  # resamples of rows that are all right know nothing of the wrong ones still to come
            low, high = low - rate(0, n).high, high + rate(0, n).high
        evidence = {
            "kind": "reliability",
            "bins": diagram(confidence, right, place, edges),
            "temperature": float(temperature),
            "by_chance": float(chance.mean()),
        }
        return Estimate(value=value, low=max(0.0, min(low, value)), high=min(1.0, max(high, value)), n=n), evidence


def top(probabilities: np.ndarray, subject: Subject, targets: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Confidence of the top answer, and 1.0 where it is the target; both of shape (n,)."""
    answers = [subject.labels[best] for best in probabilities.argmax(axis=1)]
    right = [float(answer == target) for answer, target in zip(answers, targets, strict=True)]
    return probabilities.max(axis=1), np.array(right)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities at temperature 1; shape (n, labels) in and out."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def bin_of(confidence: np.ndarray, bins: int) -> np.ndarray:
    """Index of the bin ((b)/bins, (b+1)/bins] that holds each confidence, int, shape (n,)."""
    return np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)


def equal_size(confidence: np.ndarray, bins: int) -> np.ndarray:
    """Index of the bin of each row when every bin takes as many rows, int, shape (n,); equal confidences stay together."""
    ordered = np.sort(confidence)
    edges = ordered[np.arange(1, bins) * len(ordered) // bins]
    place: np.ndarray = np.searchsorted(np.unique(edges), confidence, side="right")
    return place


def diagram(confidence: np.ndarray, right: np.ndarray, place: np.ndarray, edges: np.ndarray | None) -> list[dict[str, float]]:
    """One entry per bin that holds rows: its edges, mean confidence, accuracy with Wilson interval, and n.

    Without `edges` a bin reaches from its lowest confidence to its highest.
    """
    entries = []
    for index in np.unique(place):
        inside = place == index
        share = rate(int(right[inside].sum()), int(inside.sum()))
        ends = (confidence[inside].min(), confidence[inside].max()) if edges is None else edges[index : index + 2]
        entries.append(
            {
                "low": float(ends[0]),
                "high": float(ends[1]),
                "confidence": float(confidence[inside].mean()),
                "accuracy": share.value,
                "accuracy_low": share.low,
                "accuracy_high": share.high,
                "n": share.n,
            }
        )
    return entries


check = CalibrationError()
