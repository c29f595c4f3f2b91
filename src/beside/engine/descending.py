"""The gradient steps of one fine-tuning: rows as the loop takes them, the loop, and the tune scores after each epoch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch

from beside.core.interfaces import Method, Progress, Silent, Task
from beside.core.recipe import Recipe
from beside.core.types import Example
from beside.engine.attaching import by_pairs, guide_of
from beside.engine.feed import Feed
from beside.engine.fit import Fit, Fitted, Rows
from beside.engine.keeping import Keeping
from beside.engine.model import Model
from beside.engine.pairs import PairFit
from beside.engine.probe import probe
from beside.engine.runtime import TorchSubject
from beside.engine.team import Alone
from beside.engine.telling import announcing, kept_rule
from beside.engine.tracking import tensorboard
from beside.engine.used_rows import used_rows_only


def descend(
    subject: TorchSubject,
    method: Method,
    names: list[str],
    rows: Rows,
    tune: Sequence[Example],
    recipe: Recipe,
    keeping: Keeping,
    team: Alone,
) -> Fitted:
    """The gradient steps, if anything learns by them; the model keeps the weights of the best tune epoch."""
    if not names:
        return Fitted()
    progress, watch = keeping.progress, partial(keeping.watch, recipe=recipe) if keeping.watch else None
    refit = partial(probe, subject.model, rows, subject.labels, recipe, task=subject.task) if by_pairs(method) else None

    torch.manual_seed(recipe.seed)  # dropout is the same whether or not a probe came before
    making = partial(
        PairFit if refit else Fit,
        subject.model,
        names,
        rows,
        task=subject.task,
        labels=subject.labels,
        weights_K=weights_of(rows.targets, subject.labels) if recipe.class_weights == "balanced" else None,
        evaluate=scoring(subject, tune, refit, progress.say if recipe.epoch_report else None) if tune else None,
        recipe=recipe,
        checkpoint=keeping.checkpoint,
        progress=progress,
        on_epoch=announcing(progress, tensorboard(keeping.boards) if keeping.boards else None, watch),
        guide=guide_of(method),
        team=team,
    )
    with used_rows_only(subject.model, names, rows.feed.ids, rows.feed.pad_id) as used:
        if used:
            progress.say(f"Word vectors: the {used} that occur in the training rows learn, the others stay as they are.")
        fit = making()
        fitted = fit.run(keeping.resume)
    progress.say(kept_rule(fitted, recipe, bool(tune)))
    if refit and not team.rank:
        refit(progress)
    if fit.guide is not None:
        progress.say(fit.guide.told())
    return fitted


def scoring(
    subject: TorchSubject,
    tune: Sequence[Example],
    refit: Callable[[Progress], None] | None,
    say: Callable[[str], None] | None,
) -> Callable[[Model], dict[str, float]]:
    """What scores the model after each epoch, its head fitted first where the steps do not train it."""

    def evaluate(model: Model) -> dict[str, float]:
        if refit:
            refit(Silent())
        return scores_on(subject, subject.task, tune, say)

    return evaluate


def scores_on(
    subject: TorchSubject, task: Task, examples: Sequence[Example], say: Callable[[str], None] | None = None
) -> dict[str, float]:
    """The task's scores on these rows, and the mean loss in nats; `say` is told the task's report."""
    if task.writes:
        return subject.scores(examples, say)  # type: ignore[attr-defined]
    texts, targets = [example.text for example in examples], [str(example.target) for example in examples]
    logits, read = subject.logits(texts), subject.read(texts)
    answers = task.decode(logits, subject.labels, read)
    if say:
        say(task.report(answers, targets))
    loss = task.loss(torch.from_numpy(logits), task.encode(targets, subject.labels, read), None, 0.0)
    return {**task.score(answers, targets, subject.labels), "loss": float(loss)}


def rows_of(subject: TorchSubject, examples: Sequence[Example], progress: Progress, team: Alone) -> Rows:
    """Training rows with their targets, as the loop takes them."""
    texts, targets = [example.text for example in examples], [str(example.target) for example in examples]
    feed = Feed(subject.model, subject.tokens.encode(texts), subject.tokens.pad_id, progress, team)
    return Rows(feed=feed, targets=targets, encoded=subject.task.encode(targets, subject.labels, subject.read(texts)))


def weights_of(targets: Sequence[str], labels: Sequence[str]) -> torch.Tensor:
    """The weight of each label by how often it is a target, shape (labels,)."""
    return class_weights(np.bincount([labels.index(target) for target in targets], minlength=len(labels)))


def class_weights(counts: np.ndarray) -> torch.Tensor:
    """Inverse class frequency with mean 1 over the rows, shape (labels,)."""
    return torch.tensor(counts.sum() / (len(counts) * counts), dtype=torch.float32)
