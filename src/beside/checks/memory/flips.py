"""What gets worse for people used to the present model? Test rows that the champion answers correctly and the run does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from beside.checks._rows import measured, no_labelled_rows
from beside.checks.memory._pairs import pairs, shared_rows
from beside.core.interfaces import Subject
from beside.core.statistics import mcnemar, rate
from beside.core.types import Measurement, Splits


@dataclass(frozen=True, kw_only=True)
class BackwardFlips:
    """Negative flip rate (Yan et al. 2021): share of test rows right before and wrong now, 0..1, lower is better (Wilson).

    A model that is better on average still breaks answers that people had come to rely on. The evidence holds the exact McNemar
    test between the two models and the rows that flipped.
    """

    champion: Subject | None = field(default=None, metadata={"given": True})

    zh: ClassVar[str] = "对用惯现有模型的人，什么变差了？现役模型答对而本次运行答错的测试行。"
    metrics: ClassVar[dict[str, tuple[str, str]]] = {
        "backward_flips": ("right answers of the champion that turn wrong", "现役模型答对而现在答错的比例"),
    }
    pairs: ClassVar[bool] = True
    passes: ClassVar[int] = 2

    def why_not(self, subject: Subject, splits: Splits) -> str | None:
        if reason := no_labelled_rows(subject, splits):
            return reason
        if self.champion is None:
            return "No other release of this corpus is approved, so no answer that people rely on can change."
        return None if shared_rows(subject, self.champion, splits) else "No test row has a label that both runs know."

    def measure(self, subject: Subject, splits: Splits, rng: np.random.Generator) -> Iterator[Measurement]:
        assert self.champion is not None, "why_not was not asked"
        found = pairs(subject, self.champion, splits)
        lost, won = found.was_right & ~found.is_right, found.is_right & ~found.was_right
        p_value = mcnemar(int(lost.sum()), int(won.sum()))
        evidence = {**found.lost(), "won": int(won.sum()), "p_value": p_value}
        yield measured("backward_flips", "share", "lower", rate(int(lost.sum()), len(lost)), evidence)


check = BackwardFlips()
