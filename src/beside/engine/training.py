"""One fine-tuning from rows to a saved model folder: base, probe, gradient steps, temperature, truth test."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from beside.core.canaries import Canaries, canaries_for
from beside.core.defending import must_defend, must_go_together, must_have_kept, rows_to_learn
from beside.core.federation import must_be_here
from beside.core.interfaces import Progress, Task
from beside.core.pairs import is_pair
from beside.core.recipe import BEST, Recipe
from beside.core.registry import load, source
from beside.core.types import Example
from beside.engine.apart import distinct
from beside.engine.attaching import by_pairs, chosen, completed, has_head, head_first, report_added, steps_of
from beside.engine.augmenting import augmented
from beside.engine.automatic import spoken
from beside.engine.building import build
from beside.engine.catalogue import keep
from beside.engine.descending import descend, rows_of
from beside.engine.devices import device_of, restart_peak
from beside.engine.fit import Fitted
from beside.engine.going_on import head_kept
from beside.engine.keeping import Keeping, continued
from beside.engine.losses import must_agree, must_have_effect, must_have_weights, must_not_write
from beside.engine.model import Facts, drops, save_model
from beside.engine.peers import Job, together
from beside.engine.private_rules import must_be_private, must_stay_private
from beside.engine.probe import fit_temperature, probe
from beside.engine.runtime import TRUTH_TEXTS, TorchSubject
from beside.engine.scoring import scores_on
from beside.engine.team import Alone
from beside.engine.telling import report_peak, report_trainable, trainable
from beside.engine.truth import prove


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What a training leaves beside the model folder."""

    recipe: Recipe  # every automatic knob filled in
    scores: dict[str, float]  # tune split
    history: tuple[dict[str, float], ...]
    trainable: int
    parameters: int
    truncated: int
    seconds_before: float  # spent before a kill that this training resumed from
    spent: dict[str, Any] | None  # of privacy


@dataclass(frozen=True, kw_only=True)
class Learned:
    """A model as its training leaves it."""

    subject: TorchSubject
    recipe: Recipe  # every automatic knob filled in
    trainable: int
    parameters: int  # with what the method added, before it was made ready to be saved
    truncated: int
    fitted: Fitted


def train_model(
    folder: Path | None,
    examples: Sequence[Example],
    tune: Sequence[Example],
    labels: tuple[str, ...],
    task_name: str,
    recipe: Recipe,
    keeping: Keeping,
    candidates: Sequence[str] = (),
    old: Sequence[Example] = (),
) -> Trained:
    """Trains on `examples`, chooses on `tune` (may be empty), and saves the model into `folder`.

    Args:
        folder: None = only the scores are wanted: nothing is saved.
        keeping: where its state is saved and who is told; what its `watch` raises ends the training.
        candidates: what a model that ranks keeps in its folder to search in, unless the recipe says otherwise.
        old: training rows of the run that the recipe goes on from, if its base is one.

    Raises:
        BadInput, BadOption: the base cannot be loaded or not be trained like this.
        UnreadableText: the base does not know the script of the text.
        GateClosed: the saved model does not answer like the trained one.
        Altered: the checkpoint is not what was written.
        StorageFailed: the disk does not take checkpoint or model.
        WorkerLost: one of several processes is gone; a training in its steps has saved where it is.
        KeyboardInterrupt: Ctrl-C; a training in its steps has saved where it is.
    """
    task: Task = load("tasks", task_name)
    must_be_sound(recipe, task)
    examples = rows_to_learn(recipe, examples, old, labels, task, keeping.progress)
    row: tuple[dict[str, float], ...] = ()
    if recipe.method == BEST:
        from beside.engine.routes import routed  # it trains by this file

        row, recipe = routed(examples, labels, task_name, recipe, keeping.checkpoint.folder, keeping.resume, keeping.progress)
    examples, line, made = with_more(examples, labels, task, recipe, keeping)
    if task.writes:
        from beside.engine.writing import finish_writing, learn_to_write  # it trains by this file

        learned = learn_to_write(examples, tune, labels, task_name, recipe, keeping)
        remember(learned, made)
        scores = finish_writing(folder, learned.subject, tune, examples, keeping.progress)
    else:
        must_not_write(recipe, task_name)
        learned = learn(examples, tune, labels, task_name, recipe, keeping, old=old)
        remember(learned, made)
        kept = candidates if learned.recipe.keep_candidates and learned.subject.task.ranks else ()
        scores = finish(folder, learned.subject, tune, [example.text for example in tune or examples], keeping.progress, kept)
    return trained_of(learned, scores, (*row, *line))


def trained_of(learned: Learned, scores: dict[str, float], before: tuple[dict[str, float], ...]) -> Trained:
    """What a training leaves: `before` are the lines of its history that came before the first step."""
    return Trained(
        recipe=learned.recipe,
        scores=scores,
        history=(*before, *learned.fitted.history),
        trainable=learned.trainable,
        parameters=learned.parameters,
        truncated=learned.truncated,
        seconds_before=learned.fitted.seconds_before,
        spent=learned.fitted.spent,
    )


def must_be_sound(recipe: Recipe, task: Task) -> None:
    """Does nothing when the knobs of a recipe go together, as far as can be told before a base is loaded.

    Raises:
        UnknownName: it names a method or a defence that is not there.
        BadOption: they do not.
    """
    must_agree(recipe)
    must_go_together(recipe)
    must_be_here(recipe)
    must_be_private(recipe, task.writes)
    if recipe.method not in (None, BEST):
        source("methods", str(recipe.method))


def with_more(
    examples: Sequence[Example], labels: tuple[str, ...], task: Task, recipe: Recipe, keeping: Keeping
) -> tuple[list[Example], tuple[dict[str, float], ...], Canaries | None]:
    """The rows with edited copies and canaries among them where the recipe asks for some; a line for the history; the canaries.

    Raises as `augmented` and `canaries_for` do.
    """
    rows, line = augmented(examples, recipe, task, keeping.checkpoint.folder, keeping.resume, keeping.progress)
    made = canaries_for(examples, labels, task, recipe)
    if made:
        rows += made.planted()
        keeping.progress.say(made.told())
    return rows, line, made


def remember(learned: Learned, made: Canaries | None) -> None:
    """Keeps with the model which canaries it was trained with, so that an audit makes the same again."""
    if made:
        learned.subject.facts = replace(learned.subject.facts, canaries=made.plain())


def learn(
    examples: Sequence[Example],
    tune: Sequence[Example],
    labels: tuple[str, ...],
    task_name: str,
    recipe: Recipe,
    keeping: Keeping,
    joining: AbstractContextManager[Alone] | None = None,
    old: Sequence[Example] = (),
) -> Learned:
    """A trained model in memory, neither scored nor saved. Raises as `train_model` does.

    Args:
        joining: the team that this process is one of and does not lead; None = it trains alone or starts the others.
        old: training rows of the run that the recipe goes on from.
    """
    checkpoint, progress = keeping.checkpoint, keeping.progress
    recipe, keeping = continued(recipe, keeping)
    task: Task = load("tasks", task_name).configured(recipe)
    shown = task.learned(examples, recipe)
    texts, targets = [example.text for example in shown], [str(example.target) for example in shown]
    task = task.ready(targets, labels)
    must_have_weights(recipe, task)
    read = distinct(texts) if task.apart else texts
    model, tokens, recipe, cut = build(recipe, read, labels, checkpoint.folder, progress, task.outputs(labels), task)
    named = [Example(id=label, text=spoken(label), target=label) for label in labels] if recipe.label_names else []
    learned = [*shown, *named]
    pairs = any(map(is_pair, texts))
    facts = Facts(task=task_name, labels=labels, pooling=model.pooling, max_length=tokens.max_length, pairs=pairs)
    subject = TorchSubject(model, tokens, replace(facts, settings=task.settings()))
    method = chosen(recipe)
    must_stay_private(recipe, task, method)
    names = steps_of(method, model, recipe)
    must_have_effect(recipe, bool(names) and not by_pairs(method), drops(model))
    must_defend(recipe, task, task_name, steps=bool(names), by_pairs=by_pairs(method))
    learns, there = trainable(model, names), sum(parameter.numel() for parameter in model.parameters())
    kept = head_kept(model, recipe.base, labels, task_name, task, progress)
    must_have_kept(recipe, kept)
    first = head_first(method, task) and recipe.epsilon is None and not kept  # it is fitted without noise
    report_trainable(model, names, first, progress)
    report_added(method, recipe, progress)
    job = Job(recipe=recipe, examples=examples, labels=labels, task=task_name, folder=checkpoint.folder, resume=keeping.resume)
    with joining or together(job, bool(names), progress) as team:
        device = team.device or device_of(recipe.device)
        model.to(device)
        restart_peak(device)
        rows = rows_of(subject, learned, progress, team)
        if first and not keeping.resume and not team.rank and has_head(method, names, task, progress):
            probe(model, rows, labels, recipe, progress, task)
        fitted = descend(subject, method, names, rows, tune, recipe, keeping, team, old)
    report_peak(device, progress)
    subject.facts = completed(method, subject, texts, progress)
    return Learned(subject=subject, recipe=recipe, trainable=learns, parameters=there, truncated=cut, fitted=fitted)


def finish(
    folder: Path | None,
    subject: TorchSubject,
    tune: Sequence[Example],
    texts: list[str],
    progress: Progress,
    candidates: Sequence[str] = (),
) -> dict[str, float]:
    """Fits on the tune split what the task needs, scores it, saves the model, and proves that it reloads."""
    scores: dict[str, float] = {}
    temperature = 1.0
    if tune:
        logits, targets = subject.logits(texts), [str(example.target) for example in tune]
        subject.task = subject.task.tuned(logits, targets, subject.labels)
        scores = scores_on(subject, subject.task, tune)
        own = subject.task.temperature(logits, targets, subject.labels)
        temperature = fit_temperature(logits, [subject.labels.index(target) for target in targets]) if own is None else own
    if folder is None:
        return scores
    subject.facts = replace(subject.facts, temperature=temperature, settings=subject.task.settings())
    save_model(folder, subject.model, subject.tokens, subject.facts)
    if candidates:
        keep(folder, subject, candidates, progress)
    prove(folder, subject, texts[:TRUTH_TEXTS] or ["truth test", "真话"], progress)
    return scores
