"""Corpus, Recipe -> Run: a fine-tuned model, repeatable from what is stored."""

from __future__ import annotations

import json
import platform
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from beside import __version__
from beside.core.errors import Altered, BadInput, BadOption, NotEnoughData, UnreadableText
from beside.core.interfaces import Progress, Task
from beside.core.pairs import whole
from beside.core.ranking import catalogue
from beside.core.recipe import Recipe, checked
from beside.core.registry import load
from beside.core.types import Corpus, Example, Run, Splits, content_id
from beside.engine import memory
from beside.engine.checkpoint import Checkpoint
from beside.engine.keeping import Keeping
from beside.engine.loading import Start
from beside.engine.tracking import Trackings
from beside.engine.training import train_model
from beside.store.artifacts import Artifacts
from beside.store.files import storage_errors, whole_file
from beside.store.memory import making

REQUEST = "request.json"  # in the folder of a training that is not over: what was asked for
TOLD = ("scores", "history", "trainable", "parameters", "truncated", "spent")  # what a run keeps of its training as it is
NUMBERS = {1: "one", 2: "two"}
MODEL = "model-"  # beginning of the name of a folder in which a model is made


def run_id(corpus_id: str, recipe: Recipe, parent: str | None = None) -> str:
    """The name of a training: the same corpus and recipe always get the same one."""
    return content_id("run", {"corpus": corpus_id, "recipe": recipe.model_dump(), "parent": parent})


def train(
    corpus: Corpus,
    splits: Splits,
    recipe: Recipe,
    *,
    start: Start = Start(),
    artifacts: Artifacts,
    checkpoints: Path,
    boards: Path | None = None,
    resume: bool = False,
    progress: Progress,
    now: datetime,
    parent: str | None = None,
    track: Sequence[str] = (),
) -> Run:
    """Fine-tunes a model on the train split; choices are made on the tune split; the test split is not looked at.

    Args:
        start: folder of the base or run, when the recipe names one that is kept here, and that run's rows where they are needed.
        artifacts: where the model is kept.
        checkpoints: folder of what a killed training goes on from; it stays until `requested` ends, or somebody clears it.
        boards: folder of TensorBoard files, or None for none.
        resume: go on from the checkpoint of this very training, when there is one.
        parent: run that this one is to replace.
        track: names of trackers that are told, too; they change nothing of the run.

    Raises:
        UnknownName, BadOption: there is no such tracker, or its package is not installed.
        NotEnoughData: fewer than two labels to learn.
        UnreadableText: the base model does not know the script of the text.
        GateClosed: the saved model does not answer like the trained one.
        StorageFailed: the disk does not take checkpoint or model; `resume` goes on from the last checkpoint.
        Altered: the checkpoint is not what was written.
    """
    began = time.perf_counter()
    memory.restart()
    home, examples = checkpoints / run_id(corpus.id, recipe, parent), whole(labelled(splits.train))
    task: Task = load("tasks", corpus.task)
    must_be_learnable(corpus.labels, examples, task)
    with tracked(track, corpus, recipe, home, progress) as trackings, model_folder(home) as folder:
        curves = boards / home.name if boards else None
        keeping = Keeping(checkpoint=Checkpoint(home), resume=resume, boards=curves, progress=progress, watch=trackings.watch)
        trained = train_model(
            folder,
            examples,
            whole(labelled(splits.tune)),
            corpus.labels,
            corpus.task,
            recipe.model_copy(update={"base": start.folder or recipe.base}),
            keeping,
            catalogue(*splits) if task.ranks else (),  # its candidates are of all splits; nobody else looks at test rows
            start.rows,
        )
        model = artifacts.put_folder(folder)
        trackings.end(trained.recipe, trained.scores, trained.history)
    return Run(
        id=home.name,
        corpus_id=corpus.id,
        recipe=trained.recipe.model_copy(update={"base": recipe.base}),
        model=model,
        **{name: getattr(trained, name) for name in TOLD},
        parent=parent,
        seed=recipe.seed,
        seconds=trained.seconds_before + time.perf_counter() - began,
        peak_memory=memory.peak(),
        versions=versions(),
        made_at=now,
    )


def tracked(names: Sequence[str], corpus: Corpus, recipe: Recipe, home: Path, progress: Progress) -> Trackings:
    """The trackers of the training whose checkpoints are in `home`; what they keep lies in the workspace's state folder."""
    about = {"corpus": corpus.name, "corpus_id": corpus.id, "task": corpus.task, "seed": recipe.seed}
    return Trackings(names, home.parent.parent / "tracking", home.name, about, progress)


def labelled(examples: Sequence[Example]) -> list[Example]:
    """The rows whose answer is known."""
    return [example for example in examples if example.target is not None]


def must_be_learnable(labels: Sequence[str], examples: Sequence[Example], task: Task) -> None:
    """Does nothing when there are labels enough for the task, two for most, each with a training row.

    Raises:
        NotEnoughData: otherwise; the message names the labels.
    """
    if len(labels) < task.fewest:
        raise NotEnoughData(
            f"Training needs at least {NUMBERS[task.fewest]} labels, got {len(labels)}: {', '.join(labels)}.",
            "Import with another label column.",
        )
    counts = Counter(label for example in examples for label in task.members(str(example.target)))
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


@contextmanager
def model_folder(home: Path) -> Iterator[Path]:
    """A folder for the model in the making, on the disk of the checkpoints; what a killed training left there is removed."""
    with storage_errors(f"'{home}'"):
        home.mkdir(parents=True, exist_ok=True)
        for left in home.glob(f"{MODEL}*"):
            shutil.rmtree(left, ignore_errors=True)
        folder = TemporaryDirectory(prefix=MODEL, dir=home, ignore_cleanup_errors=True)
    with folder, making(Path(folder.name)):
        yield Path(folder.name)


@contextmanager
def requested(checkpoints: Path, corpus: Corpus, recipe: Recipe, parent: str | None) -> Iterator[None]:
    """Notes what was asked for, so that `--resume` needs no repetition of options; forgotten when the block ends well.

    It is forgotten, too, when the training was refused before its first checkpoint: going on would be refused again.
    """
    name = run_id(corpus.id, recipe, parent)
    content = {"corpus": corpus.id, "recipe": recipe.model_dump(), "parent": parent}
    with storage_errors(f"'{checkpoints / name}'"):
        (checkpoints / name).mkdir(parents=True, exist_ok=True)
    with whole_file(checkpoints / name / REQUEST) as file:
        file.write_text(json.dumps(content), encoding="utf-8")
    try:
        yield
    except (BadInput, BadOption, NotEnoughData, UnreadableText):
        if not cut_short(checkpoints, name):
            forget(checkpoints, name)
        raise
    forget(checkpoints, name)


def cut_short(checkpoints: Path, name: str) -> bool:
    """Whether this training was begun, not ended, and has a state to go on from."""
    return Checkpoint(checkpoints / name).index.exists()


def forget(checkpoints: Path, name: str) -> None:
    """Removes the checkpoint and the request of a training."""
    Checkpoint(checkpoints / name).clear()


def unfinished(checkpoints: Path, corpus_id: str | None) -> tuple[str, Recipe, str | None]:
    """Corpus, recipe and parent of the newest training that was begun and not ended, of that corpus when one is given.

    Raises:
        BadInput: there is none.
        Altered: its request cannot be read.
    """
    for file in sorted(checkpoints.glob(f"*/{REQUEST}"), key=lambda file: file.stat().st_mtime, reverse=True):
        try:
            request = json.loads(file.read_text(encoding="utf-8"))
            asked = request["corpus"], checked(Recipe, request["recipe"], "recipe"), request["parent"]
            intact = run_id(*asked) == file.parent.name
        except (OSError, ValueError, KeyError, TypeError, BadOption) as error:
            raise altered(file, f"cannot be read: {error}") from error
        if not intact:
            raise altered(file, "was altered: it asks for another training than its folder is named after")
        if corpus_id in (None, asked[0]):
            return asked
    of = f" of '{corpus_id}'" if corpus_id else ""
    raise BadInput(f"There is no unfinished training{of} to resume.", "Start one: `beside train CORPUS`.")


def altered(file: Path, what: str) -> Altered:
    """The error for a request that is not what was written."""
    hint = f"Delete the folder {file.parent}, then start the training again: `beside train CORPUS`."
    return Altered(f"The request of an unfinished training, {file.parent.name}/{file.name}, {what}.", hint)
