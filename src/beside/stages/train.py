"""Corpus, Recipe -> Run: a fine-tuned model, repeatable from what is stored."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from beside import __version__
from beside.core.errors import BadInput, GateClosed, NotEnoughData, UnreadableText
from beside.core.interfaces import Progress, Task
from beside.core.recipe import Recipe
from beside.core.registry import load
from beside.core.types import Corpus, Example, Run, Splits, content_id
from beside.engine.checkpoint import Checkpoint
from beside.engine.fit import Fit, Fitted, Rows
from beside.engine.model import Facts, Model, drop_unused, load_base, save_model, set_dropout
from beside.engine.probe import fit_head, fit_temperature
from beside.engine.runtime import TRUTH_TEXTS, TorchSubject, fresh_logits
from beside.engine.tokens import Tokens
from beside.engine.tracking import tensorboard
from beside.store.artifacts import Artifacts

UNKNOWN_LIMIT = 0.15  # share of unknown tokens above which a base cannot be said to read the text
UNKNOWN_SAMPLE = 2_000  # rows looked at for it
TRUTH_TOLERANCE = 1e-4  # logits; a reload on the same machine differs by less
LONGEST_DEFAULT = 256  # tokens
PROBE_STRENGTH = 10.0  # scikit-learn's C on unit-length embeddings


def run_id(corpus_id: str, recipe: Recipe, parent: str | None = None) -> str:
    """The name of a training: the same corpus and recipe always get the same one."""
    return content_id("run", {"corpus": corpus_id, "recipe": recipe.model_dump(), "parent": parent})


def train(
    corpus: Corpus,
    splits: Splits,
    recipe: Recipe,
    *,
    artifacts: Artifacts,
    checkpoints: Path,
    boards: Path | None = None,
    resume: bool = False,
    progress: Progress,
    now: datetime,
    parent: str | None = None,
) -> Run:
    """Fine-tunes a model on the train split; choices are made on the tune split; the test split is not looked at.

    Raises:
        NotEnoughData: fewer than two labels to learn.
        UnreadableText: the base model does not know the script of the text.
        GateClosed: the saved model does not answer like the trained one.
    """
    began = time.perf_counter()
    name = run_id(corpus.id, recipe, parent)
    examples = [example for example in splits.train if example.target is not None]
    counts = np.bincount([corpus.labels.index(str(example.target)) for example in examples], minlength=len(corpus.labels))
    if len(corpus.labels) < 2 or (counts == 0).any():
        empty = [label for label, count in zip(corpus.labels, counts, strict=True) if not count]
        given = f"no training row for: {', '.join(empty[:5])}" if empty else f"one label only: {', '.join(corpus.labels)}"
        raise NotEnoughData(f"Training needs rows of at least two labels, got {given}.", "Add rows, or import with another label column.")
    model, tokens, recipe = build(recipe, [example.text for example in examples], corpus, progress)
    task: Task = load("tasks", corpus.task)
    facts = Facts(task=corpus.task, labels=corpus.labels, pooling=model.pooling, max_length=tokens.max_length)
    subject = TorchSubject(model, tokens, facts)
    checkpoint = Checkpoint(checkpoints / name)
    method = load("methods", str(recipe.method))
    names = method.attach(model)
    report_trainable(model, names, method.probe_first, progress)
    if method.probe_first and not (resume and checkpoint.load()):
        probe(subject, examples, recipe, progress)
    torch.manual_seed(recipe.seed)
    fitted = Fitted()
    tune = [example for example in splits.tune if example.target is not None]
    rows = Rows(ids=tokens.encode([e.text for e in examples]), targets=[str(e.target) for e in examples], pad_id=tokens.pad_id)
    if names:
        fit = Fit(
            model,
            names,
            rows,
            task=task,
            labels=corpus.labels,
            weights_K=class_weights(counts) if recipe.class_weights == "balanced" else None,
            evaluate=(lambda _: scores_on(subject, task, tune)) if tune else None,
            recipe=recipe,
            checkpoint=checkpoint,
            progress=progress,
            on_epoch=announcing(progress, tensorboard(boards / name) if boards else None),
        )
        fitted = fit.run(resume)
        progress.say(kept_rule(fitted, recipe, bool(tune)))
    run = finish(name, corpus, recipe, subject, fitted, tune, artifacts, now, parent, began, names, rows.targets, progress)
    checkpoint.clear()
    return run


def build(recipe: Recipe, texts: list[str], corpus: Corpus, progress: Progress) -> tuple[Model, Tokens, Recipe]:
    """Model, tokens and the recipe with every automatic knob filled in and told."""
    threads = recipe.threads or len(os.sched_getaffinity(0))
    torch.set_num_threads(threads)
    torch.manual_seed(recipe.seed)
    encoder, tokens = load_base(recipe.base, texts, recipe.max_length or LONGEST_DEFAULT)
    share = tokens.unknown_share(texts[:: max(1, len(texts) // UNKNOWN_SAMPLE)])
    if share > UNKNOWN_LIMIT:
        remedy = "Use --base scratch (learns its own words from your text), or a base for this language, e.g. --base bert-base-chinese."
        raise UnreadableText(f"The base '{recipe.base}' cannot read this text: {share:.0%} of its tokens are unknown to it (limit {UNKNOWN_LIMIT:.0%}).", remedy)
    lengths = tokens.counts(texts)
    filled = fill(recipe, rows=len(texts), labels=len(corpus.labels), longest=max(lengths), limit=tokens.max_length, threads=threads)
    tokens.max_length = int(filled.max_length or tokens.max_length)
    cut = sum(length > tokens.max_length for length in lengths)
    progress.say(f"Sequence length {tokens.max_length} tokens; {cut} of {len(texts)} training rows are longer and lose their end.")
    chosen = {key: value for key, value in filled.model_dump().items() if getattr(recipe, key) is None and value is not None}
    progress.say("Chosen from the data: " + ", ".join(f"{key}={value}" for key, value in chosen.items()) + ".")
    drop_unused(encoder)
    model = Model(encoder, len(corpus.labels), filled.pooling)
    if filled.dropout is not None:
        set_dropout(model, filled.dropout)
    return model, tokens, filled


def fill(recipe: Recipe, *, rows: int, labels: int, longest: int, limit: int, threads: int) -> Recipe:
    """Every knob left open, set by rule from the rows per label and the base."""
    scratch = recipe.base == "scratch"
    per_label = rows / labels
    by_rows = 30 if per_label < 8 else 20 if per_label < 20 else 10 if per_label < 60 else 5
    own = {
        "method": "full" if scratch else "lpft",
        "epochs": 15 if scratch else by_rows,
        "learning_rate": 5e-4 if scratch else 1e-4 if recipe.base == "embedded" else 3e-5,
        "head_learning_rate": 1e-3,
        "max_length": min(limit, max(16, longest)),
        "threads": threads,
    }
    open_knobs = {key: value for key, value in own.items() if getattr(recipe, key) is None}
    if recipe.pooling == "auto":
        sentence_encoder = recipe.base == "embedded" or (Path(recipe.base) / "modules.json").is_file()
        open_knobs["pooling"] = "unit" if sentence_encoder else "mean" if scratch else "cls"
    return recipe.model_copy(update=open_knobs)


def report_trainable(model: Model, names: list[str], probe_first: bool, progress: Progress) -> None:
    """Says how much of the model learns: nothing is frozen silently."""
    trained, total = trainable(model, names), sum(parameter.numel() for parameter in model.parameters())
    first = "; the head is fitted on frozen embeddings first" if probe_first and names else ""
    progress.say(f"Trainable {trained / 1e6:.2f} M of {total / 1e6:.2f} M parameters{first}.")


def trainable(model: Model, names: list[str]) -> int:
    """Parameters that learn: by gradient steps, or the head alone by the probe."""
    learning = set(names) or {"head.weight", "head.bias"}
    return sum(parameter.numel() for name, parameter in model.named_parameters() if name in learning)


def probe(subject: TorchSubject, examples: Sequence[Example], recipe: Recipe, progress: Progress) -> None:
    """Fits the head on the frozen encoder's embeddings."""
    progress.say(f"Fitting the head on {len(examples)} frozen embeddings.")
    embeddings = subject.embed([example.text for example in examples])
    targets = np.array([subject.labels.index(str(example.target)) for example in examples])
    weights, biases = fit_head(
        embeddings, targets, len(subject.labels), strength=PROBE_STRENGTH, balanced=recipe.class_weights == "balanced"
    )
    with torch.no_grad():
        subject.model.head.weight.copy_(torch.from_numpy(weights))
        subject.model.head.bias.copy_(torch.from_numpy(biases))


def class_weights(counts: np.ndarray) -> torch.Tensor:
    """Inverse class frequency with mean 1 over the rows, shape (labels,)."""
    return torch.tensor(counts.sum() / (len(counts) * counts), dtype=torch.float32)


def scores_on(subject: TorchSubject, task: Task, examples: Sequence[Example]) -> dict[str, float]:
    """The task's scores on these rows, and the mean loss in nats."""
    logits = subject.logits([example.text for example in examples])
    targets = [str(example.target) for example in examples]
    loss = task.loss(torch.from_numpy(logits), task.encode(targets, subject.labels), None, 0.0)
    return {**task.score(task.decode(logits, subject.labels), targets, subject.labels), "loss": float(loss)}


def announcing(progress: Progress, write: Callable[[dict[str, float]], None] | None) -> Callable[[dict[str, float]], None]:
    """What happens after each epoch: a line for the person, numbers for TensorBoard."""

    def on_epoch(row: dict[str, float]) -> None:
        progress.say("  ".join(f"{name} {value:.4g}" for name, value in row.items()))
        if write:
            write(row)

    return on_epoch


def kept_rule(fitted: Fitted, recipe: Recipe, has_tune: bool) -> str:
    """Which epoch's weights were kept, and by which rule."""
    if not has_tune:
        return f"Kept epoch {fitted.kept_epoch}, the last: there is no tune split to choose by."
    patience = f"stop after {recipe.patience} epochs without a better one" if recipe.patience else "no early stop"
    return f"Kept epoch {fitted.kept_epoch} of {len(fitted.history)}: best score on the tune split, ties to the lower loss; {patience}."


def finish(
    name: str,
    corpus: Corpus,
    recipe: Recipe,
    subject: TorchSubject,
    fitted: Fitted,
    tune: Sequence[Example],
    artifacts: Artifacts,
    now: datetime,
    parent: str | None,
    began: float,
    names: list[str],
    targets: Sequence[str],
    progress: Progress,
) -> Run:
    """Fits the temperature, saves the model, proves that it reloads, and describes the run."""
    model, tokens = subject.model, subject.tokens
    scores: dict[str, float] = {}
    temperature = 1.0
    if tune:
        scores = scores_on(subject, subject.task, tune)
        positions = [subject.labels.index(str(example.target)) for example in tune]
        temperature = fit_temperature(subject.logits([example.text for example in tune]), positions)
    facts = Facts(task=corpus.task, labels=corpus.labels, pooling=model.pooling, max_length=tokens.max_length, temperature=temperature)
    with TemporaryDirectory() as folder:
        save_model(Path(folder), model, tokens, facts)
        prove(Path(folder), subject, [example.text for example in tune], progress)
        artifact = artifacts.put_folder(Path(folder))
    return Run(
        id=name,
        corpus_id=corpus.id,
        recipe=recipe,
        model=artifact,
        scores=scores,
        history=tuple(fitted.history),
        trainable=trainable(model, names),
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        truncated=0,
        parent=parent,
        seed=recipe.seed,
        seconds=time.perf_counter() - began,
        versions=versions(),
        made_at=now,
    )


def prove(folder: Path, subject: TorchSubject, texts: list[str], progress: Progress) -> None:
    """The truth test: the saved model, reloaded in a fresh process, must answer like the one in memory.

    Raises:
        GateClosed: it does not.
    """
    asked = texts[:TRUTH_TEXTS] or ["truth test", "真话"]
    progress.say(f"Truth test: reloading the saved model in a fresh process, {len(asked)} rows.")
    worst = float(np.abs(fresh_logits([folder], asked)[0] - subject.logits(asked)).max())
    if worst > TRUTH_TOLERANCE:
        raise GateClosed(f"Truth test failed: reloaded logits differ by {worst:.2g} (limit {TRUTH_TOLERANCE:g}).", "Nothing was stored.")


def versions() -> dict[str, str]:
    """What a repetition needs to know of this machine."""
    packages = ("torch", "transformers", "tokenizers", "scikit-learn", "numpy")
    return {"beside": __version__, "python": platform.python_version(), "machine": platform.machine(), **{p: version(p) for p in packages}}


def write_request(checkpoints: Path, corpus: Corpus, recipe: Recipe, parent: str | None) -> None:
    """Notes what was asked for, so that `--resume` needs no repetition of options."""
    folder = checkpoints / run_id(corpus.id, recipe, parent)
    folder.mkdir(parents=True, exist_ok=True)
    request = {"corpus": corpus.id, "recipe": recipe.model_dump(), "parent": parent}
    (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")


def unfinished(checkpoints: Path, corpus_id: str | None) -> tuple[str, Recipe, str | None]:
    """Corpus, recipe and parent of the newest training that was begun and not ended, of that corpus when one is given.

    Raises:
        BadInput: there is none.
    """
    for file in sorted(checkpoints.glob("*/request.json"), key=lambda file: file.stat().st_mtime, reverse=True):
        request = json.loads(file.read_text(encoding="utf-8"))
        if corpus_id in (None, request["corpus"]):
            return request["corpus"], Recipe(**request["recipe"]), request["parent"]
    raise BadInput("There is no unfinished training to resume.", "Start one: `beside train CORPUS`.")
