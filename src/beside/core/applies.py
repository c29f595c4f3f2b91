"""Which checks and limits speak of which tasks: most checks ask whether one label is right, and not every task answers with one.

A check may say of itself `any_task = True` (it measures answers of every form) and `pairs = True` (it does not look into the text,
so two texts are as good as one). What it does not say, it does not do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from beside.core import registry
from beside.core.interfaces import Check, Subject, Task
from beside.core.pairs import is_pair
from beside.core.recipe import Limit, Policy
from beside.core.types import Splits

OTHER_FORM = "It asks whether one label per text is right, and the answers of this task are of another form."
REPORT = "utility/report"
WHY_FLOOR = "A model that is no better than always giving the same answer is of no use."
OF_PAIRS = "It reads or edits one text, and the rows of this corpus are pairs of texts."


def why_not(check: Check, subject: Subject, splits: Splits) -> str | None:
    """Why a check does not apply to this model and data: its form, then its own reasons; None when it does."""
    return unfit(check, task_of(subject), has_pairs(splits)) or check.why_not(subject, splits)


def task_of(subject: Subject) -> Task | None:
    """The task of a model; None for one that says nothing of it, which then answers with one label per text."""
    found: Task | None = getattr(subject, "task", None)
    return found


def has_pairs(splits: Splits) -> bool:
    """Whether the rows are pairs of texts."""
    return any(row.pair is not None or is_pair(row.text) for rows in splits for row in rows[:1])


def unfit(check: Any, task: Task | None, pairs: bool) -> str | None:
    """Why a check is of no use for answers of this form; None when it is."""
    if task is not None and not task.single and not getattr(check, "any_task", False):
        return OTHER_FORM
    return OF_PAIRS if pairs and not getattr(check, "pairs", False) else None


def metrics_of(check: Any, task: Task | None) -> Iterable[str]:
    """What a check measures for a task."""
    chosen = getattr(check, "metrics_for", None)
    found: Mapping[str, Any] = check.metrics if chosen is None else chosen(task)
    return found


def for_task(policy: Policy, task: Task, pairs: bool) -> Policy:
    """The policy without the limits that say nothing about answers of this form; the same object when all of them do.

    Where it asks that a model be right often enough, and this task has another idea of being right, it asks instead that the model
    be better than the best constant answer.
    """
    kept = []
    for limit in policy.limits:
        check = registry.load("checks", limit.check)
        known = limit.metric not in check.metrics  # a metric that no task has is refused later, with its name
        if known or (unfit(check, task, pairs) is None and limit.metric in metrics_of(check, task)):
            kept.append(limit)
    gone = [limit for limit in policy.limits if limit not in kept]
    if not task.single and any(limit.check == REPORT for limit in gone):
        kept.append(Limit(check=REPORT, metric="gain_over_floor", limit=0.0, reason=WHY_FLOOR))
    return policy.model_copy(update={"limits": tuple(kept)}) if gone else policy
