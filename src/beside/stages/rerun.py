"""Run -> the same training once more from what is stored, and whether it gives the same model. Nothing is stored or replaced."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np

from beside.core.compressing import TOLD
from beside.core.errors import BadInput
from beside.core.interfaces import Progress
from beside.core.pairs import whole
from beside.core.ranking import catalogue
from beside.core.registry import load
from beside.core.repetition import Repetition
from beside.core.types import Corpus, Run, Splits
from beside.engine.checkpoint import Checkpoint
from beside.engine.keeping import Keeping
from beside.engine.loading import Start
from beside.engine.runtime import load_subject
from beside.engine.training import train_model
from beside.store.artifacts import Artifacts
from beside.store.files import files_below, sha256_of, storage_errors
from beside.store.memory import making

TOLERANCE = 1e-4  # of scores: less is rounding


def rerun(
    run: Run,
    corpus: Corpus,
    splits: Splits,
    *,
    start: Start = Start(),
    artifacts: Artifacts,
    checkpoints: Path,
    versions: Mapping[str, str],
    progress: Progress,
) -> Repetition:
    """Trains again and compares; after a kill the same call goes on.

    Same weights is what the same machine and versions must give. Where versions changed, the same scores are as good.

    Args:
        start: folder of the base or run, when the recipe names one that is kept here, and that run's rows where they are needed.
        versions: of this machine, as a run has them.

    Raises:
        BadInput: it is a private run.
        Altered: the stored rows, the model or the checkpoint are not what was written.
    """
    must_be_repeatable(run, artifacts)
    began = time.monotonic()
    train, tune = (whole(row for row in split if row.target is not None) for split in (splits.train, splits.tune))
    home = checkpoints / f"rerun-{run.id}"
    checkpoint = Checkpoint(home)
    with storage_errors(f"'{home}'"):
        home.mkdir(parents=True, exist_ok=True)
        folder = TemporaryDirectory(prefix="model-", dir=checkpoints, ignore_cleanup_errors=True)
    recipe = run.recipe.model_copy(update={"base": start.folder or run.recipe.base})
    with folder as made, making(Path(made)):
        trained = train_model(
            Path(made),
            train,
            tune,
            corpus.labels,
            corpus.task,
            recipe,
            Keeping(checkpoint=checkpoint, resume=checkpoint.index.exists(), progress=progress),
            catalogue(*splits) if load("tasks", corpus.task).ranks else (),
            start.rows,
        )
        changed = changed_files(artifacts.read_json(run.model), Path(made))
        texts = [row.text for row in tune or train]
        largest, answers = apart(artifacts.folder(run.model), Path(made), recipe.threads, texts) if changed else (0.0, 0)
    checkpoint.clear()
    other = changed_versions(run.versions, versions)
    return Repetition(
        run_id=run.id,
        verdict=verdict_of(changed, run.scores, trained.scores, other),
        changed_files=tuple(changed),
        scores=run.scores,
        again=trained.scores,
        n=len(tune),
        changed_answers=answers,
        largest=largest,
        versions=other,
        seconds=time.monotonic() - began,
    )


def must_be_repeatable(run: Run, artifacts: Artifacts) -> None:
    """Does nothing when a run can be had again.

    Raises:
        BadInput: its noise was thrown away, as its promise demands, or it was made of another run by compression.
    """
    if TOLD in artifacts.read_json(run.model):
        told = f"The run '{run.id}' was compressed from '{run.parent}', not trained."
        raise BadInput(told, f"Repeat the parent: beside rerun {run.parent}. Compress it anew: beside compress {run.parent}.")
    if run.spent:
        epsilon, unit = run.spent["epsilon"], run.spent["unit"]
        raise BadInput(
            f"A private run cannot be repeated: the key of its noise is gone. Another training with this recipe would "
            f"spend epsilon {epsilon:.3g} once more on every {unit}.",
            "To spend it knowingly: beside train CORPUS with the same settings and --set seed=1.",
        )


def changed_files(stored: Mapping[str, str], folder: Path) -> list[str]:
    """Names of the files that are not, byte for byte, those of the stored tree."""
    made = {name: sha256_of(file) for name, file in files_below(folder).items()}
    return sorted(name for name in stored.keys() | made.keys() if stored.get(name) != made.get(name))


def apart(before_folder: Path, after_folder: Path, threads: int | None, texts: list[str]) -> tuple[float, int]:
    """Largest absolute difference of two models' logits, and how many answers are others; infinite for heads of another size."""
    before, after = load_subject(before_folder, threads), load_subject(after_folder, threads)
    one, other = before.logits(texts), after.logits(texts)
    if one.shape != other.shape:
        return float("inf"), len(texts)
    answers = zip(before.predict(texts), after.predict(texts), strict=True)
    return float(np.abs(one - other).max()), sum(first != second for first, second in answers)


def changed_versions(stored: Mapping[str, str], present: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """What is another version now than when the run was made."""
    names = sorted(stored.keys() | present.keys())
    pairs = {name: (stored.get(name, "not noted"), present.get(name, "not noted")) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def verdict_of(
    changed: list[str], stored: Mapping[str, float], again: Mapping[str, float], other: Mapping[str, tuple[str, str]]
) -> Literal["same weights", "same scores", "differs"]:
    """Other weights are excused by other versions alone, and only with the same scores."""
    if not changed:
        return "same weights"
    same = stored.keys() == again.keys() and all(abs(stored[name] - again[name]) <= TOLERANCE for name in stored)
    return "same scores" if same and other else "differs"
