"""How well does it remember a single row? Planted canaries are told from others that it never saw, in bits and as an epsilon."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import log, log2
from typing import Any, ClassVar

import numpy as np
from scipy.stats import beta

from beside.checks._rows import bar, measured, never_flat, resamples, spread
from beside.checks.privacy._attacks import confidence, roc
from beside.core.canaries import Canaries, Canary, canaries_of
from beside.core.errors import NotEnoughData
from beside.core.interfaces import Subject, Task
from beside.core.pairs import joined
from beside.core.statistics import Estimate, mean, rate
from beside.core.types import Measurement, Splits

DIGITS = 9  # of a mean of bits; beyond them a difference is one of adding up
FEWEST = 2  # planted canaries, and others
GUESSED = 0.25  # share of all canaries that are guessed to be planted; as many are guessed not to be
CHANCE = [[0.0, 0.0], [1.0, 1.0]]
BITS, PROVEN, SAID = "canary_exposure", "canary_epsilon", "canary_answers"


@dataclass(frozen=True, kw_only=True)
class CanaryExposure:
    """What a model that was trained with canaries gives away of them; for models without there is nothing to measure.

    `canary_exposure`, in bits: how much nearer to certainty the model brings whoever guesses a planted target, above what it does
    for canaries that nobody planted. Exposure is log2 of the number of candidates over the rank of the true one (Carlini et al.
    2019, "The Secret Sharer"): for a written answer the candidates are other secrets for the same text, for a label they are other
    texts with the same label. 0 = nothing is remembered; the most is log2(candidates + 1) - 1.44. `n` counts planted canaries.

    `canary_epsilon`: the epsilon that an attacker's right guesses speak for (Steinke et al. 2023, "Privacy Auditing with One
    Training Run"): the quarter of canaries that the model is surest of is guessed planted, the last quarter not. Its low end is
    what is proven with 97.5 % confidence: a training that promises less has a fault. The high end proves nothing.

    `canary_answers`, of models that write: share of test rows that are answered with a planted secret. Lower is better for all.
    """

    candidates: int = field(
        default=127, metadata={"unit": "candidates", "reason": "7 bits; each is asked once for each canary of a model that writes"}
    )

    zh: ClassVar[str] = "它把单独一行记得多牢？区分植入的金丝雀与它从未见过的，以比特和 epsilon 表示。"
    metrics: ClassVar[dict[str, tuple[str, str]]] = {
        BITS: ("planted canaries: bits of exposure above those never planted", "植入的金丝雀：比未植入者多泄露的比特"),
        PROVEN: ("planted canaries: epsilon that guesses speak for", "植入的金丝雀：猜测结果所对应的 epsilon"),
        SAID: ("test rows that are answered with a planted secret", "用植入的秘密回答的测试行比例"),
    }
    any_task: ClassVar[bool] = True
    pairs: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.candidates < 1:
            raise ValueError("there must be at least one candidate.")

    def metrics_for(self, task: Task | None) -> list[str]:
        """A label cannot hold a secret; where there is neither a label nor a written answer there are no canaries."""
        if task is not None and not task.single:
            return [BITS, PROVEN, SAID] if task.writes else []
        return [BITS, PROVEN]

    def why_not(self, subject: Subject, splits: Splits) -> str | None:
        if not splits.test:
            return "The corpus has no test rows."
        if canaries_of(subject) is None:
            return "It was trained without canaries. Train with --set canaries=64 to plant some among the rows."
        return None

    def measure(self, subject: Subject, splits: Splits, rng: np.random.Generator) -> Iterator[Measurement]:
        """Raises NotEnoughData when chance planted fewer than two canaries, or all but one."""
        made = canaries_of(subject)
        rows = made.rows() if made else []
        planted = np.array([row.planted for row in rows], dtype=bool)
        if made is None or min(planted.sum(), (~planted).sum()) < FEWEST:
            raise NotEnoughData(f"{len(rows)} canaries are too few to tell anything.", "Train with more: --set canaries=64.")
        told = labelled if made.labels else written
        own, others = told(subject, made, rows, self.candidates, rng)
        bits = exposure(own, others)
        yield measured(
            BITS, "bits", "lower", gap(bits[planted], bits[~planted], rng, log2(self.candidates + 1)), bars(bits, planted, rng)
        )
        sure = (own - others.mean(axis=1)) / (others.std(axis=1) + 1e-9)
        yield measured(PROVEN, "epsilon", "lower", proven(sure, planted, rng), curve(sure, planted))
        if not made.labels:
            secrets = {plain(row.target) for row in rows if row.planted}
            said = [plain(answer) for answer in subject.predict([row.text for row in splits.test])]
            yield measured(SAID, "share", "lower", rate(sum(any(one in answer for one in secrets) for answer in said), len(said)))


def written(
    subject: Subject, made: Canaries, rows: Sequence[Canary], count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Log likelihood of each canary's secret, (C,), and of other secrets for the same text, (C, count)."""
    asked = [joined(row.text, said) for row in rows for said in (row.target, *made.secrets(count, rng))]
    told = np.asarray(subject.logits(asked))[..., 0].sum(axis=1).reshape(len(rows), count + 1)
    return told[:, 0], told[:, 1:]


def labelled(
    subject: Subject, made: Canaries, rows: Sequence[Canary], count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Confidence in each canary's label, (C,), and in that same label for texts that nobody planted, (C, count)."""
    places = np.array([subject.labels.index(row.target) for row in rows])
    own = confidence(np.asarray(subject.logits([row.text for row in rows])), places)
    others = np.asarray(subject.logits([one.text for one in made.others(count, rng)]))
    return own, np.stack([confidence(others, np.full(count, place)) for place in places])


def exposure(own_C: np.ndarray, others_CM: np.ndarray) -> np.ndarray:
    """Bits of each canary: log2 of how many candidates there are over the rank of the true one, a tie counting half, (C,)."""
    above = (others_CM > own_C[:, None]).sum(axis=1) + (others_CM == own_C[:, None]).sum(axis=1) / 2
    return np.asarray(log2(others_CM.shape[1] + 1) - np.log2(1 + above))


def gap(planted: np.ndarray, others: np.ndarray, rng: np.random.Generator, most: float) -> Estimate:
    """How many more bits planted canaries have on average, both sides resampled; `n` counts the planted ones."""
    drawn = [np.concatenate([counts @ bits / len(bits) for counts in resamples(len(bits), rng)]) for bits in (planted, others)]
    found = spread(round(float(planted.mean() - others.mean()), DIGITS), (drawn[0] - drawn[1]).round(DIGITS), len(planted))
    return never_flat(found, -most, most)


def proven(sure: np.ndarray, planted: np.ndarray, rng: np.random.Generator) -> Estimate:
    """Epsilon of the guesses, with the exact interval of their success (Clopper & Pearson 1934); `n` counts guesses.

    Under epsilon a guess is right with at most e^epsilon / (1 + e^epsilon), whatever the attacker does (Steinke et al. 2023,
    theorem 5.2, where delta is next to nothing). All right is counted as half a guess wrong, so that the figures stay finite.
    """
    some = max(1, int(len(sure) * GUESSED))
    order = np.lexsort((rng.random(len(sure)), sure))  # ties fall as they may
    right, n = int(planted[order[-some:]].sum() + (~planted[order[:some]]).sum()), 2 * some
    low = float(beta.ppf(0.025, right, n - right + 1)) if right else 0.0
    high = float(beta.ppf(0.975, right + 1, n - right)) if right < n else 1.0
    most = 1 - 0.5 / n
    value, low, high = (max(0.0, log(p / (1 - p))) for p in (min(max(one, 0.5), most) for one in (right / n, low, high)))
    return Estimate(value=value, low=low, high=max(high, log(most / (1 - most)) if right == n else high), n=n)


def bars(bits: np.ndarray, planted: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
    """Exposure of both kinds, for the chart."""
    both = (("planted", planted), ("never planted", ~planted))
    rows = [bar(name, mean(bits[chosen], rng)) for name, chosen in both]
    return {"kind": "bars", "title": "exposure of canaries", "unit": "bits", "rows": rows, "added": len(bits)}


def curve(sure: np.ndarray, planted: np.ndarray) -> dict[str, Any]:
    """Planted canaries found against false alarms among the others."""
    lines = [{"name": "with the model", "points": roc(sure[planted], sure[~planted])}, {"name": "guessing", "points": CHANCE}]
    axes = {"x": "false alarms among canaries never planted", "y": "planted canaries found"}
    return {"kind": "curve", "title": "Guessing canaries", **axes, "lines": lines, "marks": [], "added": len(sure)}


def plain(text: str) -> str:
    """A text by its characters alone, spaces left out."""
    return "".join(text.split())


check = CanaryExposure()
