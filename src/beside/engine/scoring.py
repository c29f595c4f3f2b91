"""The scores of a model in training on rows whose answers are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from beside.core.interfaces import Progress, Silent, Task
from beside.core.recipe import Recipe
from beside.core.types import Example
from beside.engine.model import Model
from beside.engine.ranking import scores_of
from beside.engine.runtime import TorchSubject


def scoring(
    subject: TorchSubject, tune: Sequence[Example], refit: Callable[[Progress], None] | None, recipe: Recipe, progress: Progress
) -> Callable[[Model], dict[str, float]]:
    """What scores the model after each epoch, its head fitted first where the steps do not train it."""

    def evaluate(model: Model) -> dict[str, float]:
        if refit:
            refit(Silent())
        return scores_on(subject, subject.task, tune, progress.say if recipe.epoch_report else None, recipe.rank_temperature)

    return evaluate


def scores_on(
    subject: TorchSubject,
    task: Task,
    examples: Sequence[Example],
    say: Callable[[str], None] | None = None,
    temperature: float = 0.05,
) -> dict[str, float]:
    """The task's scores on these rows, and the mean loss in nats.

    Args:
        say: is told the task's report.
        temperature: of the softmax over candidates, where candidates are ranked.
    """
    if task.writes:
        return subject.scores(examples, say)  # type: ignore[attr-defined]
    if task.ranks:
        return scores_of(subject, task, examples, temperature, say)
    texts, targets = [example.text for example in examples], [str(example.target) for example in examples]
    logits, read = subject.logits(texts), subject.read(texts)
    answers = task.decode(logits, subject.labels, read)
    if say:
        say(task.report(answers, targets))
    loss = task.loss(torch.from_numpy(logits), task.encode(targets, subject.labels, read), None, 0.0)
    return {**task.score(answers, targets, subject.labels), "loss": float(loss)}
