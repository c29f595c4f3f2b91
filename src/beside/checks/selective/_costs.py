"""What answers cost: the threshold that costs least, and what it saves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from beside.checks._rows import bar, never_flat, resamples, spread
from beside.core.statistics import Estimate


@dataclass(frozen=True)
class Costs:
    """The table of costs: a right answer costs nothing."""

    wrong: float  # of a wrong answer
    hand_over: float  # of a row that a person answers instead

    def threshold(self, sure: np.ndarray, wrong: np.ndarray) -> float:
        """The probability above which answering costs least, 0..1; 0 answers every row, 1 none. Of equals the lowest.

        It lies half-way between two neighbouring rows. Where probabilities mean what they say it is near the one of Chow
        (1970), 1 - hand_over / wrong.

        Args:
            sure: probability of the top answer, 0..1, shape (n,).
            wrong: 1.0 where it is wrong, shape (n,).
        """
        order = np.argsort(-sure, kind="stable")
        levels = np.concatenate([[1.0], sure[order], [0.0]])
        cuts = (levels[:-1] + levels[1:]) / 2  # answering k rows
        cuts[0], cuts[-1] = 1.0, 0.0
        answered = np.concatenate([[0.0], np.cumsum(self.wrong * wrong[order])])
        total = answered + self.hand_over * (len(sure) - np.arange(len(sure) + 1))
        apart = np.concatenate([[True], sure[order][1:] < sure[order][:-1], [True]]) if len(sure) else np.array([True])
        total = np.where(apart, total, np.inf)  # rows of one probability are answered together
        return float(cuts[np.flatnonzero(total <= total.min() + 1e-9)[-1]])

    def saving(self, answered: np.ndarray, wrong: np.ndarray, rng: np.random.Generator) -> tuple[Estimate, dict[str, Any]]:
        """Cost saved per row in hand-overs against the cheaper fixed rule, and the costs of all three rules as bars.

        Args:
            answered: rows that the threshold answers, bool, shape (n,).
            wrong: 1.0 where the answer is wrong, shape (n,).
        """
        n, dearest = len(wrong), max(1.0, self.wrong / self.hand_over)
        each = np.stack([np.where(answered, self.wrong * wrong, self.hand_over), self.wrong * wrong, np.full(n, self.hand_over)])
        each /= self.hand_over * dearest  # 0..1, as never_flat wants it
        drawn = np.concatenate([counts @ each.T for counts in resamples(n, rng)]) / n  # (resamples, 3)
        once = each.mean(axis=1)
        saved = spread(float(once[1:].min() - once[0]), drawn[:, 1:].min(axis=1) - drawn[:, 0], n)
        rules = ("with the threshold", "always answering", "always handing over")
        found = [scaled(spread(float(once[place]), drawn[:, place], n), dearest) for place in range(3)]
        bars = [bar(name, one) for name, one in zip(rules, found, strict=True)]
        evidence = {"kind": "bars", "title": "cost per row, in hand-overs", "unit": "hand-overs per row", "rows": bars}
        return scaled(never_flat(saved, lowest=-1.0), dearest), evidence


def scaled(found: Estimate, factor: float) -> Estimate:
    """The estimate in a unit that is `factor` times smaller."""
    return Estimate(value=found.value * factor, low=found.low * factor, high=found.high * factor, n=found.n)
