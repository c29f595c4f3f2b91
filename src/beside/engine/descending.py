"""The gradient steps of one fine-tuning: rows as the loop takes them, and the loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial

import numpy as np
import torch

from beside.core.defending import asked, of_old
from beside.core.interfaces import Method, Progress
from beside.core.recipe import Recipe
from beside.core.types import Example
from beside.engine.apart import ApartFit, apart_rows
from beside.engine.attaching import by_pairs, guide_of
from beside.engine.attacked import AttackedFit
from beside.engine.feed import Feed
from beside.engine.fit import Fit, Fitted, Rows
from beside.engine.forecast import tell_forecast
from beside.engine.keeping import Keeping
from beside.engine.model import Model
from beside.engine.pairs import PairFit
from beside.engine.private import PrivateFit
from beside.engine.private_rules import units_of
from beside.engine.private_start import only_head, started
from beside.engine.probe import probe
from beside.engine.runtime import TorchSubject
from beside.engine.scoring import scoring
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
    old: Sequence[Example] = (),
    kind: Callable[..., Fit] | None = None,
) -> Fitted:
    """The gradient steps, if anything learns by them; the model keeps the weights of the best tune epoch.

    Args:
        old: rows of the run that this training goes on from.
        kind: of loop, where it does not follow from method, task and recipe.
    """
    if not names:
        return Fitted()
    progress, watch = keeping.progress, partial(keeping.watch, recipe=recipe) if keeping.watch else None
    refit = partial(probe, subject.model, rows, subject.labels, recipe, task=subject.task) if by_pairs(method) else None
    if recipe.epsilon is not None:
        rows = started(subject.model, names, rows)
        if not keeping.resume:
            tell_forecast(subject, tune, len(units_of(rows.persons, len(rows.targets), recipe.privacy_unit)), recipe, progress)
    scored = bool(tune) and not only_head(names)  # scoring would take longer than the steps of a head alone
    torch.manual_seed(recipe.seed)  # dropout is the same whether or not a probe came before
    making = partial(
        kind or kind_of(subject, recipe, bool(refit)),
        subject.model,
        names,
        rows,
        task=subject.task,
        labels=subject.labels,
        weights_K=weights_of(rows.targets, subject.labels) if recipe.class_weights == "balanced" else None,
        evaluate=scoring(subject, tune, refit, recipe, progress) if scored else None,
        recipe=recipe,
        checkpoint=keeping.checkpoint,
        progress=progress,
        on_epoch=announcing(progress, tensorboard(keeping.boards) if keeping.boards else None, watch),
        guide=guide_of(method),
        team=team,
        old=feed_of(subject, [row.text for row in old], progress) if of_old(recipe) and not team.rank else None,
    )
    with words_that_learn(subject.model, names, rows, recipe) as used:
        if used:
            progress.say(f"Word vectors: the {used} that occur in the training rows learn, the others stay as they are.")
        fitted = (fit := making()).run(keeping.resume)
    progress.say(kept_rule(fitted, recipe, scored))
    if refit and not team.rank:
        refit(progress)
    if fit.guide is not None:
        progress.say(fit.guide.told())
    return fitted


def kind_of(subject: TorchSubject, recipe: Recipe, by_pairs: bool) -> Callable[..., Fit]:
    """The form of the one training loop that a training takes."""
    if by_pairs:
        return PairFit
    if recipe.epsilon is not None:
        return PrivateFit
    if any(one.attacks for one in asked(recipe).values()):
        return partial(AttackedFit, subject=subject)
    return ApartFit if subject.task.apart else Fit


def rows_of(subject: TorchSubject, examples: Sequence[Example], progress: Progress, team: Alone) -> Rows:
    """Training rows with their targets, as the loop takes them."""
    texts, targets = [example.text for example in examples], [str(example.target) for example in examples]
    if subject.task.apart:
        return apart_rows(subject, texts, targets, progress, team)
    feed = Feed(subject.model, subject.tokens.encode(texts), subject.tokens.pad_id, progress, team)
    encoded = subject.task.encode(targets, subject.labels, subject.read(texts))
    persons = [example.person for example in examples]
    return Rows(feed=feed, targets=targets, encoded=encoded, persons=persons, texts=texts, subject=subject)


def feed_of(subject: TorchSubject, texts: Sequence[str], progress: Progress) -> Feed:
    """Texts as the model reads them."""
    return Feed(subject.model, subject.tokens.encode(texts), subject.tokens.pad_id, progress)


def words_that_learn(model: Model, names: list[str], rows: Rows, recipe: Recipe) -> AbstractContextManager[int]:
    """Leaves out word vectors that no row uses, but where privacy is promised: which words are used tells of the rows."""
    return nullcontext(0) if recipe.epsilon is not None else used_rows_only(model, names, rows.feed.ids, rows.feed.pad_id)


def weights_of(targets: Sequence[str], labels: Sequence[str]) -> torch.Tensor:
    """The weight of each label by how often it is a target, shape (labels,)."""
    return class_weights(np.bincount([labels.index(target) for target in targets], minlength=len(labels)))


def class_weights(counts: np.ndarray) -> torch.Tensor:
    """Inverse class frequency with mean 1 over the rows, shape (labels,)."""
    return torch.tensor(counts.sum() / (len(counts) * counts), dtype=torch.float32)
