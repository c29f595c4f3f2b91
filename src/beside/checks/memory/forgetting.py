"""What did further training lose? Accuracy of the run against its parent, on the same test rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from beside.checks._rows import measured, never_flat, no_labelled_rows
from beside.checks.memory._pairs import pairs, shared_rows
from beside.core.interfaces import Subject
from beside.core.statistics import paired_gap
from beside.core.types import Measurement, Splits


@dataclass(frozen=True, kw_only=True)
class Forgetting:
    """Accuracy of the parent minus accuracy of the run, -1..1, lower is better; below 0 the run gained (paired bootstrap).

    The fixed probe set is the test rows whose label both models know: what a model learned newly is no forgetting, and a label
    that went away cannot be forgotten. A drift of the vectors away from the base model is none either: only answers count.
    """

    parent: Subject | None = field(default=None, metadata={"given": True})

    zh: ClassVar[str] = "继续训练丢了什么？同一批测试行上，本次运行与其父运行的准确率之差。"
    metrics: ClassVar[dict[str, tuple[str, str]]] = {
        "forgetting": ("accuracy lost against the parent run", "相对父运行损失的准确率"),
    }
    pairs: ClassVar[bool] = True
    passes: ClassVar[int] = 2

    def why_not(self, subject: Subject, splits: Splits) -> str | None:
        if reason := no_labelled_rows(subject, splits):
            return reason
        if self.parent is None:
            return "The run has no parent run, so there is nothing it could have forgotten."
        return None if shared_rows(subject, self.parent, splits) else "No test row has a label that both runs know."

    def measure(self, subject: Subject, splits: Splits, rng: np.random.Generator) -> Iterator[Measurement]:
        assert self.parent is not None, "why_not was not asked"
        found = pairs(subject, self.parent, splits)
        gap = paired_gap(list(found.is_right), list(found.was_right), rng)
        yield measured("forgetting", "share", "lower", never_flat(gap, lowest=-1.0), found.lost())


check = Forgetting()
