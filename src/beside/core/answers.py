"""What a task takes and gives besides tensors: a reading, an answer with its chances, the words for a metric."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from beside.core.types import Better


class Metric(NamedTuple):
    """A score of a task: its words, its unit and which way is better."""

    english: str
    chinese: str
    unit: str = "score"
    better: Better = "higher"
    lowest: float = 0.0  # of its range, for intervals
    highest: float = 1.0


class Reading(NamedTuple):
    """How a model reads one text: which characters each of its tokens stands for."""

    text: str
    spans: tuple[tuple[int, int], ...]  # start and end of each token, (0, 0) for special ones; one per row of the logits


@dataclass(frozen=True, kw_only=True)
class Said:
    """A task's answer to one text.

    Args:
        label: the answer as a target is written.
        probability: that this answer is right, 0..1.
        probabilities: of each label, where the task has labels.
        answer: the same in the task's own form, plain data for JSON; None when `label` says it all.
    """

    label: str
    probability: float
    probabilities: dict[str, float]
    answer: Any = None
