"""One fine-tuning from rows to a saved model folder: base, probe, gradient steps, temperature, truth test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from beside.core.errors import BadOption, GateClosed
from beside.core.interfaces import Method, Progress, Task
from beside.core.pairs import is_pair
from beside.core.recipe import Recipe
from beside.core.registry import load, source
from beside.core.types import Example
from beside.engine.automatic import spoken
from beside.engine.building import build
from beside.engine.checkpoint import Checkpoint
from beside.engine.feed import Feed
from beside.engine.fit import Fit, Fitted, Rows
from beside.engine.model import Facts, Model, save_model
from beside.engine.probe import fit_head, fit_temperature, prototypes
from beside.engine.runtime import TRUTH_TEXTS, TorchSubject, fresh_logits
from beside.engine.tracking import tensorboard

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
    if recipe.method is not None:
        source("methods", recipe.method)  # a name that does not exist is refused before a base is loaded
    before = begun(checkpoint, resume, progress)
    if before is not None:
        recipe = recipe.model_copy(update={"threads": before["threads"]})  # sums depend on it, also on another machine
    texts, targets = [example.text for example in examples], [str(example.target) for example in examples]
    task: Task = load("tasks", task_name).ready(targets, labels)
    must_have_weights(recipe, task)
    model, tokens, recipe, cut = build(recipe, texts, labels, checkpoint.folder, progress, task.outputs(labels), task)
    named = [Example(id=label, text=spoken(label), target=label) for label in labels] if recipe.label_names else []
    learned = [*examples, *named]
    pairs = any(map(is_pair, texts))
    facts = Facts(task=task_name, labels=labels, pooling=model.pooling, max_length=tokens.max_length, pairs=pairs)
    subject = TorchSubject(model, tokens, replace(facts, settings=task.settings()))
    method: Method = load("methods", str(recipe.method))
    names = method.attach(model)
    report_trainable(model, names, method.probe_first, progress)
    rows = rows_of(subject, learned, progress)
    if method.probe_first and before is None:
        probe(model, rows, labels, recipe, progress, task)
    fitted = descend(subject, names, rows, tune, recipe, checkpoint, before is not None, boards, progress) if names else Fitted()
    scores = finish(folder, subject, tune, [example.text for example in tune or examples], progress)
    return Trained(
        recipe=recipe,
        scores=scores,
        history=tuple(fitted.history),
        trainable=trainable(model, names),
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        truncated=cut,
        seconds_before=fitted.seconds_before,
    )


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
) -> Fitted:
    """The gradient steps; the model keeps the weights of the best tune epoch."""
    task: Task = subject.task
    torch.manual_seed(recipe.seed)  # dropout is the same whether or not a probe came before
    fit = Fit(
        subject.model,
        names,
        rows,
        task=task,
        labels=subject.labels,
        weights_K=balanced(rows.targets, subject.labels) if recipe.class_weights == "balanced" else None,
        evaluate=(lambda _: scores_on(subject, task, tune, progress.say if recipe.epoch_report else None)) if tune else None,
        recipe=recipe,
        checkpoint=checkpoint,
        progress=progress,
        on_epoch=announcing(progress, tensorboard(boards) if boards else None),
    )
    fitted = fit.run(resume)
    progress.say(kept_rule(fitted, recipe, bool(tune)))
    return fitted


def finish(folder: Path, subject: TorchSubject, tune: Sequence[Example], texts: list[str], progress: Progress) -> dict[str, float]:
    """Fits on the tune split what the task needs, scores it, saves the model, and proves that it reloads."""
    scores: dict[str, float] = {}
    temperature = 1.0
    if tune:
        logits, targets = subject.logits(texts), [str(example.target) for example in tune]
        subject.task = subject.task.tuned(logits, targets, subject.labels)
        scores = scores_on(subject, subject.task, tune)
        own = subject.task.temperature(logits, targets, subject.labels)
        temperature = fit_temperature(logits, [subject.labels.index(target) for target in targets]) if own is None else own
    subject.facts = replace(subject.facts, temperature=temperature, settings=subject.task.settings())
    save_model(folder, subject.model, subject.tokens, subject.facts)
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


def probe(model: Model, rows: Rows, labels: Sequence[str], recipe: Recipe, progress: Progress, task: Task | None = None) -> None:
    """Fits the head on what the untouched encoder makes of the rows.

    Raises:
        BadOption: the task's head does not read one vector per text.
    """
    if model.per_token:
        raise BadOption("This task answers for each token, so no head can be fitted on one vector per text.", "Use --method full.")
    progress.say(f"Fitting the head on {len(rows.targets)} frozen embeddings ({recipe.head_start}).")
    vectors, balanced = rows.feed.embeddings(), recipe.class_weights == "balanced"
    found = task.fit_head(vectors, rows.targets, labels, strength=PROBE_STRENGTH, balanced=balanced) if task else None
    if found is not None:
        weights, biases = found
    elif recipe.head_start == "prototype":
        targets = np.array([labels.index(target) for target in rows.targets])
        weights, biases = prototypes(vectors, targets, len(labels), PROTOTYPE_SCALE)
    else:
        targets = np.array([labels.index(target) for target in rows.targets])
        weights, biases = fit_head(vectors, targets, len(labels), strength=PROBE_STRENGTH, balanced=balanced)
    with torch.no_grad():
        model.head.weight.copy_(torch.from_numpy(weights))
        model.head.bias.copy_(torch.from_numpy(biases))


def rows_of(subject: TorchSubject, examples: Sequence[Example], progress: Progress) -> Rows:
    """Training rows with their targets, as the loop takes them."""
    texts, targets = [example.text for example in examples], [str(example.target) for example in examples]
    feed = Feed(subject.model, subject.tokens.encode(texts), subject.tokens.pad_id, progress)
    return Rows(feed=feed, targets=targets, encoded=subject.task.encode(targets, subject.labels, subject.read(texts)))


def must_have_weights(recipe: Recipe, task: Task) -> None:
    """Does nothing when the recipe's weights per class can be had.

    Raises:
        BadOption: rows of this task do not belong to one class each.
    """
    if recipe.class_weights != "none" and not task.single:
        raise BadOption("class_weights are for tasks with one label per row, and this is another.", "Leave class_weights at none.")


def balanced(targets: Sequence[str], labels: Sequence[str]) -> torch.Tensor:
    """Weights of the labels as they are found among the targets, shape (labels,)."""
    return class_weights(np.bincount([labels.index(target) for target in targets], minlength=len(labels)))


def class_weights(counts: np.ndarray) -> torch.Tensor:
    """Inverse class frequency with mean 1 over the rows, shape (labels,)."""
    return torch.tensor(counts.sum() / (len(counts) * counts), dtype=torch.float32)


def scores_on(
    subject: TorchSubject, task: Task, examples: Sequence[Example], say: Callable[[str], None] | None = None
) -> dict[str, float]:
    """The task's scores on these rows, and the mean loss in nats; `say` is told the task's report."""
    texts, targets = [example.text for example in examples], [str(example.target) for example in examples]
    logits, read = subject.logits(texts), subject.read(texts)
    answers = task.decode(logits, subject.labels, read)
    if say:
        say(task.report(answers, targets))
    loss = task.loss(torch.from_numpy(logits), task.encode(targets, subject.labels, read), None, 0.0)
    return {**task.score(answers, targets, subject.labels), "loss": float(loss)}


def announcing(progress: Progress, write: Callable[[dict[str, float]], None] | None) -> Callable[[dict[str, float]], None]:
    """What happens after each epoch: a line for the person, numbers for TensorBoard."""

    def on_epoch(row: dict[str, float]) -> None:
        nonlocal write
        progress.say("  ".join(f"{name} {value:.4g}" for name, value in row.items()))
        try:
            if write:
                write(row)
        except OSError as error:  # curves are a convenience: no training ends for want of them
            progress.say(f"The curves for TensorBoard cannot be written: {error}. The training goes on without.")
            write = None

    return on_epoch


def kept_rule(fitted: Fitted, recipe: Recipe, has_tune: bool) -> str:
    """Which epoch's weights were kept, and by which rule."""
    if not has_tune:
        return f"Kept epoch {fitted.kept_epoch}, the last: there is no tune split to choose by."
    patience = f"stop after {recipe.patience} epochs without a better one" if recipe.patience else "no early stop"
    kept = f"Kept epoch {fitted.kept_epoch} of {len(fitted.history)}"
    return f"{kept}: best score on the tune split, ties to the lower loss; {patience}."


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
