"""When should it hand over to a person? Risk against coverage, and the threshold that costs least."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from beside.checks._rows import measured, never_flat, no_labelled_rows, resamples, spread
from beside.checks.selective._costs import Costs
from beside.core.errors import NotEnoughData
from beside.core.interfaces import Subject
from beside.core.statistics import rate
from beside.core.types import FEWEST_ROWS, Example, Measurement, Splits

POINTS = 100  # of the drawn curve


@dataclass(frozen=True, kw_only=True)
class RiskCoverage:
    """Share of wrong answers among those given, when only the surest are given (El-Yaniv & Wiener 2010; Geifman & El-Yaniv 2017).

    `aurc` is the mean risk over all coverages, lower is better; `coverage_at_risk` the largest share of rows that can be answered
    with at most `risk` of them wrong. The threshold is the probability above which answering costs least, chosen on the tune
    split and never on the rows it is judged by: with fewer than 30 labelled tune rows, each half of the test rows is judged by
    the threshold of the other half. `cost_saving` is the cost saved per row, in hand-overs, against always answering or always
    handing over, whichever is cheaper on the test rows; below 0 the threshold costs more than that.
    """

    cost_wrong: float = field(
        default=4.0, metadata={"unit": "cost", "reason": "of a wrong answer: noticed, apologised for, mended, answered after all"}
    )
    cost_hand_over: float = field(
        default=1.0, metadata={"unit": "cost", "reason": "of a row that a person answers instead: the unit that costs are told in"}
    )
    risk: float = field(default=0.05, metadata={"unit": "share", "reason": "one wrong answer in twenty"})

    zh: ClassVar[str] = "什么时候应当转交给人？风险与覆盖率，以及代价最小的阈值。"
    metrics: ClassVar[dict[str, tuple[str, str]]] = {
        "aurc": ("area under the risk-coverage curve (AURC)", "风险-覆盖率曲线下面积（AURC）"),
        "coverage_at_risk": ("share that can be answered at the tolerated risk", "可容忍风险下能作答的比例"),
        "coverage_at_threshold": ("share answered above the threshold", "高于阈值而作答的比例"),
        "cost_saving": ("cost saved per row by handing over, in hand-overs", "转交每行省下的代价（以一次转交计）"),
        "risk_when_answered": ("share wrong among answered rows", "作答行中的错误比例"),
    }
    pairs: ClassVar[bool] = True
    passes: ClassVar[int] = 2

    def __post_init__(self) -> None:
        if not (self.cost_wrong > 0 and self.cost_hand_over > 0 and 0 < self.risk < 1):
            raise ValueError("costs must be above 0 and the risk between 0 and 1")

    def why_not(self, subject: Subject, splits: Splits) -> str | None:
        return no_labelled_rows(subject, splits)

    def measure(self, subject: Subject, splits: Splits, rng: np.random.Generator) -> Iterator[Measurement]:
        """Raises NotEnoughData at the end when the threshold hands every test row over, so that no answer can be wrong."""
        sure, wrong = asked(subject, splits.test)
        costs, n = Costs(self.cost_wrong, self.cost_hand_over), len(sure)
        answered, told = chosen(costs, sure, wrong, *asked(subject, splits.tune), rng)
        given = int(answered.sum())

        order = np.argsort(-sure, kind="stable")
        end = np.searchsorted(-sure[order], -sure[order], side="right") - 1  # rows of one probability are answered together
        drawn = np.concatenate([self.figures(counts, wrong[order], end) for counts in resamples(n, rng)])  # (resamples, 2)
        area, reach = (
            never_flat(spread(value, drawn[:, place], n))
            for place, value in enumerate(self.figures(np.ones((1, n)), wrong[order], end)[0].tolist())
        )
        yield measured("aurc", "share", "lower", area, {**self.curve(wrong[order], end, answered, wrong), **told})
        yield measured("coverage_at_risk", "share", "higher", reach)
        yield measured("coverage_at_threshold", "share", "higher", rate(given, n))
        yield measured("cost_saving", "hand-overs per row", "higher", *costs.saving(answered, wrong, rng))
        if not given:
            raise NotEnoughData("Above the threshold no test row is answered, so none can be wrong.", "Lower cost_wrong.")
        yield measured("risk_when_answered", "share", "lower", rate(int(wrong[answered].sum()), given))

    def figures(self, counts: np.ndarray, wrong: np.ndarray, end: np.ndarray) -> np.ndarray:
        """AURC and the coverage at the tolerated risk of each resample, shape (resamples, 2).

        Args:
            counts: how often each row was drawn, shape (resamples, n), the surest row first, as in the other two.
            wrong: 1.0 where the answer is wrong, shape (n,).
            end: place of the last row that is as sure as this one, shape (n,).
        """
        taken = np.cumsum(counts, axis=1)[:, end]
        risks = np.cumsum(counts * wrong, axis=1)[:, end] / np.maximum(taken, 1.0)
        n = counts.sum(axis=1)
        tolerated = np.where((risks <= self.risk) & (taken > 0), taken, 0.0).max(axis=1)
        return np.stack([(counts * risks).sum(axis=1) / n, tolerated / n], axis=1)

    def curve(self, ordered: np.ndarray, end: np.ndarray, answered: np.ndarray, wrong: np.ndarray) -> dict[str, Any]:
        """The curve, thinned, with the tolerated risk and the threshold; risk of the rows in order, surest first."""
        n, given = len(ordered), int(answered.sum())
        places = np.unique(end[np.unique(np.linspace(0, n - 1, POINTS).astype(int))])
        line = [[float((place + 1) / n), float(ordered[: place + 1].mean())] for place in places]
        lines = [
            {"name": "this model", "points": line},
            {"name": "tolerated risk", "points": [[0.0, self.risk], [1.0, self.risk]]},
        ]
        marks = [{"name": "threshold", "x": given / n, "y": float(wrong[answered].mean())}] if given else []
        named = {"kind": "curve", "title": "risk and coverage", "x": "share answered", "y": "share wrong among the answered"}
        return {**named, "lines": lines, "marks": marks}


def chosen(
    costs: Costs, sure: np.ndarray, wrong: np.ndarray, tune_sure: np.ndarray, tune_wrong: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, dict[str, Any]]:
    """Which test rows are answered, bool, shape (n,), and for the evidence the threshold and where it comes from."""
    table = f"a wrong answer costs {costs.wrong:g} and a hand-over {costs.hand_over:g}"
    if len(tune_sure) >= FEWEST_ROWS:
        threshold = costs.threshold(tune_sure, tune_wrong)
        told = f"It was chosen on {len(tune_sure)} tune rows, where it costs least if {table}."
        return sure > threshold, {"threshold": threshold, "chosen_on": "tune", "notes": [rule(threshold), told]}
    half = rng.permutation(len(sure)) % 2 == 0
    first, second = costs.threshold(sure[half], wrong[half]), costs.threshold(sure[~half], wrong[~half])
    threshold = costs.threshold(sure, wrong)  # what serving would use; the figures are of the halves
    told = (
        f"There are only {len(tune_sure)} labelled tune rows, so it was chosen on the test rows, where it costs least if {table}; "
        "the figures are of thresholds that each half of them chose for the other half."
    )
    return sure > np.where(half, second, first), {"threshold": threshold, "chosen_on": "test", "notes": [rule(threshold), told]}


def rule(threshold: float) -> str:
    """The threshold as a sentence."""
    if threshold >= 1:
        return "It costs least to hand every row over to a person."
    if threshold <= 0:
        return "It costs least to answer every row."
    return f"It answers above a probability of {threshold:.3f} and hands over the rest."


def asked(subject: Subject, rows: Sequence[Example]) -> tuple[np.ndarray, np.ndarray]:
    """Probability of the top answer, and 1.0 where it is wrong, of every labelled row; both of shape (n,)."""
    known = [row for row in rows if row.target is not None]
    if not known:
        return np.zeros(0), np.zeros(0)
    shares = np.asarray(subject.probabilities([row.text for row in known]), dtype=float)
    answers = [subject.labels[best] for best in shares.argmax(axis=1)]
    wrong = np.array([float(answer != row.target) for answer, row in zip(answers, known, strict=True)])
    return np.minimum(shares.max(axis=1), 1.0), wrong


check = RiskCoverage()
