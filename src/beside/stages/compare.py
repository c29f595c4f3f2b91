"""Several methods on equal terms: how well each does on the tune split, what it costs, and what it makes the base forget."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from beside.core.interfaces import Subject
from beside.core.statistics import RESAMPLES, Estimate, paired_gap
from beside.core.types import Run, Value

STRENGTH = 10.0  # of the head that is fitted on the base (scikit-learn's C), as the method `probe` fits it

Score = Callable[[Sequence[str], Sequence[str]], float]  # answers, targets -> the task's main score


class Interval(Value):
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float


class Contender(Value):
    """One method: its score over all seeds, how far it is from the best, and what it cost."""

    method: str
    runs: tuple[str, ...]  # one per seed
    score: Interval  # mean over the seeds; the interval is that of the rows (bootstrap)
    by_seed: tuple[float, ...]
    gap: Interval  # score minus the best method's, on the same resampled rows
    trainable: int  # parameters
    parameters: int
    seconds: float  # mean over the seeds
    peak_memory: int | None  # bytes, the largest over the seeds
    forgetting: Interval | None = None  # share of rows, -1..1, lower is better; first seed

    @property
    def share(self) -> float:
        """Share of the parameters that was trained, 0..1."""
        return self.trainable / self.parameters


class Contest(Value):
    """What `beside compare` found. The tune split also chose each run's epoch: scores are for choosing, not for promising."""

    corpus_id: str
    metric: str
    n: int  # tune rows
    seeds: tuple[int, ...]
    contenders: tuple[Contender, ...]  # best score first
    refused: dict[str, str] = {}  # method -> why it could not be trained
    probe: str | None = None  # corpus that forgetting was measured on
    probe_n: int = 0  # its tune rows
    picture: str = ""  # path of the SVG


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One run and what it answers to the tune rows."""

    run: Run
    answers: Sequence[str]


def contest(
    trials: Mapping[str, Sequence[Trial]], targets: Sequence[str], score: Score, rng: np.random.Generator
) -> list[Contender]:
    """The methods, best first, each with the interval of its score and of its distance from the best.

    Every method is scored on the same resampled rows, so that a gap between two is not blurred by rows that are hard for both.

    Args:
        trials: by method, one per seed.
        targets: right answers of the tune rows.
    """
    means = {method: mean_score(tried, targets, score, None) for method, tried in trials.items()}
    order = sorted(means, key=lambda method: -means[method])
    draws = [rng.integers(0, len(targets), len(targets)) for _ in range(RESAMPLES)]
    drawn = {method: np.array([mean_score(trials[method], targets, score, rows) for rows in draws]) for method in order}
    best = order[0]
    return [
        Contender(
            method=method,
            runs=tuple(trial.run.id for trial in trials[method]),
            score=interval(means[method], drawn[method]),
            by_seed=tuple(score(trial.answers, targets) for trial in trials[method]),
            gap=interval(means[method] - means[best], drawn[method] - drawn[best]),
            trainable=trials[method][0].run.trainable,
            parameters=trials[method][0].run.parameters,
            seconds=float(np.mean([trial.run.seconds for trial in trials[method]])),
            peak_memory=max((trial.run.peak_memory for trial in trials[method] if trial.run.peak_memory), default=None),
        )
        for method in order
    ]


def mean_score(tried: Sequence[Trial], targets: Sequence[str], score: Score, rows: np.ndarray | None) -> float:
    """The score on these rows (None = all), mean over the seeds."""
    if rows is None:
        return float(np.mean([score(trial.answers, targets) for trial in tried]))
    right = [targets[row] for row in rows]
    return float(np.mean([score([trial.answers[row] for row in rows], right) for trial in tried]))


def interval(value: float, drawn: np.ndarray) -> Interval:
    """A value with the percentiles of its resamples (Efron 1979)."""
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(value=value, low=min(value, float(low)), high=max(value, float(high)))


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What a base can do before any training: a linear head on its vectors for rows of another corpus, and how well that does."""

    weights_KH: np.ndarray
    biases_K: np.ndarray
    texts: Sequence[str]
    targets_N: np.ndarray
    right_N: np.ndarray  # rows that base and head answer correctly

    @classmethod
    def of(cls, base: Subject, train: Sequence[tuple[str, str]], tune: Sequence[tuple[str, str]]) -> Memory:
        """Fits the head on the base's vectors of the train rows; `tune` rows, (text, target), are what is remembered."""
        from beside.engine.probe import fit_head  # takes seconds to load

        labels = sorted({target for _, target in train})
        place = {label: index for index, label in enumerate(labels)}
        known = [(text, place[target]) for text, target in tune if target in place]
        targets = np.array([place[target] for _, target in train])
        weights, biases = fit_head(base.embed([text for text, _ in train]), targets, len(labels), strength=STRENGTH, balanced=False)
        texts, right = [text for text, _ in known], np.array([target for _, target in known])
        before = (base.embed(texts) @ weights.T + biases).argmax(axis=1) == right
        return cls(weights_KH=weights, biases_K=biases, texts=texts, targets_N=right, right_N=before)

    def forgotten(self, subject: Subject, rng: np.random.Generator) -> Interval:
        """Accuracy that the same head loses on the vectors of a trained model, -1..1, lower is better (paired bootstrap).

        The probe set of `memory/forgetting`, asked before there was a run to be the parent: the base is the parent.
        """
        vectors = getattr(subject, "vectors", subject.embed)  # as the base has them: one that compares vectors gives them length 1
        now = (vectors(self.texts) @ self.weights_KH.T + self.biases_K).argmax(axis=1) == self.targets_N
        lost: Estimate = paired_gap(list(now), list(self.right_N), rng)
        return Interval(value=lost.value, low=lost.low, high=lost.high)


def picture_of(found: Contest) -> dict[str, object]:
    """The contest as evidence that charts can draw: score against the share of parameters that was trained."""
    points = [
        {
            "name": one.method,
            "x": one.share,
            "y": one.score.value,
            "low": one.score.low,
            "high": one.score.high,
            "told": f"{one.seconds:.0f} s",
        }
        for one in found.contenders
    ]
    return {
        "kind": "scatter",
        "title": "score on the tune split against what was trained",
        "x": "share of the parameters that was trained",
        "y": found.metric,
        "n": found.n,
        "points": points,
    }
