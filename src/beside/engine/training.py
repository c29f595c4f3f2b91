"""One fine-tuning from rows to a saved model folder: base, probe, gradient steps, temperature, truth test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from beside.core.errors import GateClosed
from beside.core.interfaces import Method, Progress, Silent, Task
from beside.core.recipe import Recipe
from beside.core.registry import load, source
from beside.core.types import Example
from beside.engine.automatic import spoken
from beside.engine.building import build
from beside.engine.checkpoint import Checkpoint
from beside.engine.feed import Feed
from beside.engine.fit import Fit, Fitted, Rows
from beside.engine.losses import must_agree, must_have_effect
from beside.engine.model import Facts, Model, drops, save_model
from beside.engine.pairs import PairFit
from beside.engine.probe import fit_head, fit_temperature, prototypes
from beside.engine.runtime import TRUTH_TEXTS, TorchSubject, fresh_logits
from beside.engine.telling import announcing, kept_rule
from beside.engine.tracking import tensorboard

BEST = "best"  # in place of a method: the one that does best in cross-validation (engine/routes.py)
TRUTH_TOLERANCE = 1e-4  # logits; a reload on the same machine differs by less
PROTOTYPE_SCALE = 20.0  # steepness of the cosine head's softmax; chosen on BANKING77's dev split
PROBE_STRENGTH = 10.0  # scikit-learn's C on unit-length embeddings; chosen on BANKING77's dev split


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


@dataclass(frozen=True, kw_only=True)
class Learned:
    """A model as its training leaves it."""

    subject: TorchSubject
    recipe: Recipe  # every automatic knob filled in
    names: list[str]  # parameters that gradient steps changed
    truncated: int
    fitted: Fitted


def train_model(
    folder: Path,
    examples: Sequence[Example],
    tune: Sequence[Example],
    labels: tuple[str, ...],
    task_name: str,
    recipe: Recipe,
    *,
    checkpoint: Checkpoint,
    resume: bool,
    boards: Path | None,
    progress: Progress,
) -> Trained:
    """Trains on `examples`, chooses on `tune` (may be empty), and saves the model into `folder`.

    Raises:
        BadInput, BadOption: the base cannot be loaded or not be trained like this.
        UnreadableText: the base does not know the script of the text.
        GateClosed: the saved model does not answer like the trained one.
        Altered: the checkpoint is not what was written.
        StorageFailed: the disk does not take checkpoint or model.
        KeyboardInterrupt: Ctrl-C; a training in its steps has saved where it is.
    """
    must_agree(recipe)
    if recipe.method not in (None, BEST):
        source("methods", recipe.method)  # a name that does not exist is refused before a base is loaded
    row, recipe = routed(examples, labels, task_name, recipe, checkpoint.folder, resume, progress)
    given: dict[str, Any] = {"checkpoint": checkpoint, "resume": resume, "boards": boards, "progress": progress}
    learned = learn(examples, tune, labels, task_name, recipe, **given)
    scores = finish(folder, learned.subject, tune, [example.text for example in tune or examples], progress)
    model = learned.subject.model
    return Trained(
        recipe=learned.recipe,
        scores=scores,
        history=(*row, *learned.fitted.history),
        trainable=trainable(model, learned.names),
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        truncated=learned.truncated,
        seconds_before=learned.fitted.seconds_before,
    )


def learn(
    examples: Sequence[Example],
    tune: Sequence[Example],
    labels: tuple[str, ...],
    task_name: str,
    recipe: Recipe,
    *,
    checkpoint: Checkpoint,
    resume: bool,
    boards: Path | None,
    progress: Progress,
) -> Learned:
    """A trained model in memory, neither scored nor saved. Raises as `train_model` does."""
    before = begun(checkpoint, resume, progress)
    if before is not None:
        recipe = recipe.model_copy(update={"threads": before["threads"]})  # sums depend on it, also on another machine
    task: Task = load("tasks", task_name)
    texts, outputs = [example.text for example in examples], task.outputs(labels)
    model, tokens, recipe, cut = build(recipe, texts, labels, checkpoint.folder, progress, outputs)
    named = [Example(id=label, text=spoken(label), target=label) for label in labels] if recipe.label_names else []
    learned = [*examples, *named]
    subject = TorchSubject(model, tokens, Facts(task=task_name, labels=labels, pooling=model.pooling, max_length=tokens.max_length))
    method: Method = load("methods", str(recipe.method))
    names = method.attach(model)
    must_have_effect(recipe, bool(names) and not by_pairs(method), drops(model))
    report_trainable(model, names, method.probe_first, progress)
    rows = Rows(
        feed=Feed(model, tokens.encode([example.text for example in learned]), tokens.pad_id, progress),
        targets=[str(example.target) for example in learned],
    )
    if method.probe_first and before is None:
        probe(model, rows, labels, recipe, progress)
    loop = PairFit if by_pairs(method) else Fit
    given = (checkpoint, before is not None, boards, progress, loop)
    fitted = descend(subject, names, rows, tune, recipe, *given) if names else Fitted()
    return Learned(subject=subject, recipe=recipe, names=names, truncated=cut, fitted=fitted)


def routed(
    examples: Sequence[Example],
    labels: tuple[str, ...],
    task_name: str,
    recipe: Recipe,
    home: Path,
    resume: bool,
    progress: Progress,
) -> tuple[tuple[dict[str, float], ...], Recipe]:
    """The recipe with its method chosen by measurement where that was asked for, and what was measured, for the history."""
    if recipe.method != BEST:
        return (), recipe
    from beside.engine.routes import measured  # it trains by this file

    route = measured(examples, labels, task_name, recipe, home, resume, progress)
    return (route.row(),), recipe.model_copy(update={"method": route.method})


def begun(checkpoint: Checkpoint, resume: bool, progress: Progress) -> dict[str, Any] | None:
    """Where to go on from, or None for the beginning; what that means for earlier work is said."""
    before = checkpoint.facts() if resume else None
    if resume and before is None:
        progress.say("No step of this training was saved yet: it starts from the beginning.")
    if not resume and checkpoint.index.exists():
        progress.say("This very training was cut short before. It starts from the beginning; with --resume it would have gone on.")
    return before


def descend(
    subject: TorchSubject,
    names: list[str],
    rows: Rows,
    tune: Sequence[Example],
    recipe: Recipe,
    checkpoint: Checkpoint,
    resume: bool,
    boards: Path | None,
    progress: Progress,
    loop: type[Fit] = Fit,
) -> Fitted:
    """The gradient steps; the model keeps the weights of the best tune epoch."""
    task: Task = subject.task

    def evaluate(model: Model) -> dict[str, float]:
        if loop is PairFit:
            probe(model, rows, subject.labels, recipe, Silent())
        return scores_on(subject, task, tune, progress.say if recipe.epoch_report else None)

    torch.manual_seed(recipe.seed)  # dropout is the same whether or not a probe came before
    counts = np.bincount([subject.labels.index(target) for target in rows.targets], minlength=len(subject.labels))
    fit = loop(
        subject.model,
        names,
        rows,
        task=task,
        labels=subject.labels,
        weights_K=class_weights(counts) if recipe.class_weights == "balanced" else None,
        evaluate=evaluate if tune else None,
        recipe=recipe,
        checkpoint=checkpoint,
        progress=progress,
        on_epoch=announcing(progress, tensorboard(boards) if boards else None),
    )
    fitted = fit.run(resume)
    progress.say(kept_rule(fitted, recipe, bool(tune)))
    if loop is PairFit:
        probe(subject.model, rows, subject.labels, recipe, progress)
    return fitted


def by_pairs(method: Method) -> bool:
    """Whether a method's gradient steps compare rows with each other and leave the head for afterwards."""
    return getattr(method, "by_pairs", False)


def finish(folder: Path, subject: TorchSubject, tune: Sequence[Example], texts: list[str], progress: Progress) -> dict[str, float]:
    """Scores the tune split and fits the temperature on it, saves the model, and proves that it reloads."""
    scores: dict[str, float] = {}
    temperature = 1.0
    if tune:
        scores = scores_on(subject, subject.task, tune)
        temperature = fit_temperature(subject.logits(texts), [subject.labels.index(str(example.target)) for example in tune])
    save_model(folder, subject.model, subject.tokens, replace(subject.facts, temperature=temperature))
    prove(folder, subject, texts, progress)
    return scores


def report_trainable(model: Model, names: list[str], probe_first: bool, progress: Progress) -> None:
    """Says how much of the model learns: nothing is frozen silently."""
    trained, total = trainable(model, names), sum(parameter.numel() for parameter in model.parameters())
    first = "; the head is fitted on frozen embeddings first" if probe_first and names else ""
    progress.say(f"Trainable {trained / 1e6:.2f} M of {total / 1e6:.2f} M parameters{first}.")


def trainable(model: Model, names: list[str]) -> int:
    """Parameters that learn: by gradient steps, or the head alone by the probe."""
    learning = set(names) or {"head.weight", "head.bias"}
    return sum(parameter.numel() for name, parameter in model.named_parameters() if name in learning)


def probe(model: Model, rows: Rows, labels: Sequence[str], recipe: Recipe, progress: Progress) -> None:
    """Fits the head on what the encoder, as it is now, makes of the rows."""
    progress.say(f"Fitting the head on {len(rows.targets)} embeddings ({recipe.head_start}).")
    vectors = rows.feed.embeddings()
    targets = np.array([labels.index(target) for target in rows.targets])
    if recipe.head_start == "prototype":
        weights, biases = prototypes(vectors, targets, len(labels), PROTOTYPE_SCALE)
    else:
        balanced = "balanced" in (recipe.class_weights, recipe.sampling)
        weights, biases = fit_head(vectors, targets, len(labels), strength=PROBE_STRENGTH, balanced=balanced)
    with torch.no_grad():
        model.head.weight.copy_(torch.from_numpy(weights))
        model.head.bias.copy_(torch.from_numpy(biases))


def class_weights(counts: np.ndarray) -> torch.Tensor:
    """Inverse class frequency with mean 1 over the rows, shape (labels,)."""
    return torch.tensor(counts.sum() / (len(counts) * counts), dtype=torch.float32)


def scores_on(
    subject: TorchSubject, task: Task, examples: Sequence[Example], say: Callable[[str], None] | None = None
) -> dict[str, float]:
    """The task's scores on these rows, and the mean loss in nats; `say` is told the task's report."""
    logits = subject.logits([example.text for example in examples])
    answers, targets = task.decode(logits, subject.labels), [str(example.target) for example in examples]
    if say:
        say(task.report(answers, targets))
    loss = task.loss(torch.from_numpy(logits), task.encode(targets, subject.labels), None, 0.0)
    return {**task.score(answers, targets, subject.labels), "loss": float(loss)}


def prove(folder: Path, subject: TorchSubject, texts: list[str], progress: Progress) -> None:
    """The truth test: the saved model, reloaded in a fresh process, must answer like the one in memory.

    Raises:
        GateClosed: it does not.
    """
    asked = texts[:TRUTH_TEXTS] or ["truth test", "真话"]
    progress.say(f"Truth test: reloading the saved model in a fresh process, {len(asked)} rows.")
    worst = float(np.abs(fresh_logits([folder], asked)[0] - subject.logits(asked)).max())
    if not worst <= TRUTH_TOLERANCE:  # also when it is no number
        raise GateClosed(
            f"Truth test failed: reloaded logits differ by {worst:.2g} (limit {TRUTH_TOLERANCE:g}).", "Nothing was stored."
        )
