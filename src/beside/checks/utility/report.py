"""Is it right? Accuracy and F1 on test rows, against the most frequent label and TF-IDF with logistic regression."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from beside.checks._rows import labelled, measured, never_flat, no_labelled_rows
from beside.checks.utility import _order, _task
from beside.checks.utility._floor import majority, tfidf_answers
from beside.checks.utility._table import estimate, resampled, scores, table
from beside.core.applies import task_of
from beside.core.interfaces import Subject, Task
from beside.core.registry import load, names
from beside.core.statistics import paired_gap, rate
from beside.core.types import Measurement, Splits

SIMPLE = "TF-IDF + logistic regression"


OF_LABELS = {
    "accuracy": ("accuracy", "准确率"),
    "macro_f1": ("macro-F1", "宏平均 F1"),
    "weighted_f1": ("weighted F1", "加权 F1"),
    "majority_accuracy": ("accuracy of the most frequent label", "“总答最多的标签”的准确率"),
    "tfidf_accuracy": ("accuracy of TF-IDF with logistic regression", "TF-IDF + 逻辑回归的准确率"),
    "gain_over_tfidf": ("gain over TF-IDF with logistic regression", "比 TF-IDF 高出的准确率"),
}


def of_tasks() -> dict[str, tuple[str, str]]:
    """The scores of all tasks with their words."""
    tasks: list[Task] = [load("tasks", name) for name in names("tasks")]
    return {name: words[:2] for task in tasks for name, words in task.metrics.items()}


@dataclass(frozen=True, kw_only=True)
class Report:
    """Accuracy (Wilson 1927), macro and weighted F1 (bootstrap), and two floors on the same rows.

    Shares and scores are 0..1, higher is better. `gain_over_tfidf` is the accuracy minus that of TF-IDF with logistic
    regression fitted on the train split, -1..1, with a paired bootstrap interval.
    A task whose answers are no single labels is measured by its own scores (bootstrap), against the best constant answer and its
    own linear head on TF-IDF; a task with further scores of its own has those beside accuracy and F1. Orders of candidates are
    measured query by query over all candidates of the corpus, against BM25.
    """

    queries: int = field(
        default=500,
        metadata={"unit": "queries", "reason": "who reads query and candidate together takes 50 passes for each"},
    )

    zh: ClassVar[str] = "答得对吗？测试行上的准确率与 F1，与总答最多的类别、TF-IDF 加逻辑回归相比。"
    metrics: ClassVar[dict[str, tuple[str, str]]] = {**OF_LABELS, **_task.WORDS, **_order.WORDS, **of_tasks()}
    any_task: ClassVar[bool] = True
    pairs: ClassVar[bool] = True
    passes: ClassVar[int] = 1  # times the test rows are asked, for the time estimate

    def metrics_for(self, task: Task | None) -> list[str]:
        """What is measured for a task."""
        if task is None or task.single:
            return list({**OF_LABELS, **(task.metrics if task else {})})
        return _order.metrics(task) if task.ranks else _task.metrics(task)

    def why_not(self, subject: Subject, splits: Splits) -> str | None:
        if reason := no_labelled_rows(subject, splits):
            return reason
        if not any(example.target is not None for example in splits.train):
            return "No training row has a label, so there is no floor to compare with."
        return None

    def measure(self, subject: Subject, splits: Splits, rng: np.random.Generator) -> Iterator[Measurement]:
        task = task_of(subject)
        if task is not None and task.ranks:
            yield from _order.measure(subject, task, splits, self.queries, rng)
            return
        texts, targets = map(list, zip(*labelled(splits), strict=True))
        answers = subject.predict(texts)
        if task is None or task.single:
            yield from self.of_labels(subject, splits, texts, targets, answers, rng)
        if task is not None and not {*task.metrics} <= {*OF_LABELS}:
            known = list(OF_LABELS) if task.single else []
            yield from _task.measure(task, splits, answers, subject.labels, rng, known)

    def of_labels(
        self, subject: Subject, splits: Splits, texts: list[str], targets: list[str], answers: list[str], rng: np.random.Generator
    ) -> Iterator[Measurement]:
        """Accuracy, F1 and floors where an answer is one label."""
        n, right = len(texts), np.array(answers) == np.array(targets)
        labels = [*subject.labels, *sorted(set(targets) - set(subject.labels))]
        matrix = confusion(targets, answers, labels)

        accuracy = rate(int(right.sum()), n)
        evidence = {"kind": "confusion", "labels": labels, "matrix": matrix.tolist()}
        yield measured("accuracy", "share", "higher", accuracy, evidence)

        once, draws = scores(np.diag(matrix), matrix.sum(axis=0), matrix.sum(axis=1)), resampled(matrix, rng)
        macro = never_flat(estimate(once.macro[2], draws.macro[:, 2], n))
        yield measured("macro_f1", "score", "higher", macro, table(labels, matrix, once, draws))
        weighted = never_flat(estimate(once.weighted[2], draws.weighted[:, 2], n))
        yield measured("weighted_f1", "score", "higher", weighted)

        train = [(example.text, example.target) for example in splits.train if example.target is not None]
        train_texts, train_targets = map(list, zip(*train, strict=True))
        frequent = rate(targets.count(majority(train_targets)), n)
        yield measured("majority_accuracy", "share", "higher", frequent)
        simple_right = np.array(tfidf_answers(train_texts, train_targets, texts)) == np.array(targets)
        simple = rate(int(simple_right.sum()), n)
        named = {"this model": accuracy, SIMPLE: simple, "most frequent label": frequent}
        bars = [{"name": name, "value": found.value, "low": found.low, "high": found.high} for name, found in named.items()]
        yield measured(
            "tfidf_accuracy", "share", "higher", simple, {"kind": "bars", "title": "accuracy", "unit": "share", "rows": bars}
        )
        gain = never_flat(paired_gap(simple_right, right, rng), lowest=-1.0)
        yield measured("gain_over_tfidf", "share", "higher", gain)


def confusion(targets: list[str], answers: list[str], labels: list[str]) -> np.ndarray:
    """Counts, int, shape (labels, labels): row = right answer, column = what the model answered."""
    place = {label: index for index, label in enumerate(labels)}
    cells = [place[target] * len(labels) + place[answer] for target, answer in zip(targets, answers, strict=True)]
    return np.bincount(cells, minlength=len(labels) ** 2).reshape(len(labels), len(labels))


check = Report()
