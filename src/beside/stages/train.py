"""Corpus, Recipe -> Run: a fine-tuned model, repeatable from what is stored."""

from __future__ import annotations

import json
import platform
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from beside import __version__
from beside.core.errors import BadInput, NotEnoughData
from beside.core.interfaces import Progress
from beside.core.recipe import Recipe
from beside.core.types import Corpus, Example, Run, Splits, content_id
from beside.engine.checkpoint import Checkpoint
from beside.engine.training import train_model
from beside.store.artifacts import Artifacts


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

    Args:
        artifacts: where the model is kept.
        checkpoints: folder of what a killed training goes on from.
        boards: folder of TensorBoard files, or None for none.
        resume: go on from the checkpoint of this very training, when there is one.
        parent: run that this one is to replace.

    Raises:
        NotEnoughData: fewer than two labels to learn.
        UnreadableText: the base model does not know the script of the text.
        GateClosed: the saved model does not answer like the trained one.
    """
    began = time.perf_counter()
    name = run_id(corpus.id, recipe, parent)
    examples = labelled(splits.train)
    must_be_learnable(corpus.labels, examples)
    checkpoint = Checkpoint(checkpoints / name)
    with TemporaryDirectory() as folder:
        trained = train_model(
            Path(folder),
            examples,
            labelled(splits.tune),
            corpus.labels,
            corpus.task,
            recipe,
            checkpoint=checkpoint,
            resume=resume,
            boards=boards / name if boards else None,
            progress=progress,
        )
        model = artifacts.put_folder(Path(folder))
    checkpoint.clear()
    return Run(
        id=name,
        corpus_id=corpus.id,
        recipe=trained.recipe,
        model=model,
        scores=trained.scores,
        history=trained.history,
        trainable=trained.trainable,
        parameters=trained.parameters,
        truncated=trained.truncated,
        parent=parent,
        seed=recipe.seed,
        seconds=trained.seconds_before + time.perf_counter() - began,
        versions=versions(),
        made_at=now,
    )


def labelled(examples: Sequence[Example]) -> list[Example]:
    """The rows whose answer is known."""
    return [example for example in examples if example.target is not None]


def must_be_learnable(labels: Sequence[str], examples: Sequence[Example]) -> None:
    """Does nothing when there are two labels or more, each with a training row.

    Raises:
        NotEnoughData: otherwise; the message names the labels.
    """
    if len(labels) < 2:
        raise NotEnoughData(
            f"Training needs at least two labels, got {len(labels)}: {', '.join(labels)}.", "Import with another label column."
        )
    counts = Counter(example.target for example in examples)
    if empty := [label for label in labels if not counts[label]]:
        raise NotEnoughData(f"No training row for: {', '.join(empty[:10])}.", "Add training rows for them, or take them out.")


def versions() -> dict[str, str]:
    """What a repetition needs to know of this machine."""
    packages = ("torch", "transformers", "tokenizers", "scikit-learn", "numpy")
    return {
        "beside": __version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        **{p: version(p) for p in packages},
    }


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
