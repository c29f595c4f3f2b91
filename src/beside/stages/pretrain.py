"""Unlabelled texts, Pretraining -> Base: a model to start trainings from, repeatable from the same texts."""

from __future__ import annotations

import hashlib
import platform
import time
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from beside import __version__
from beside.core.cleaning import BETWEEN
from beside.core.interfaces import Progress
from beside.core.pretraining import Base, Pretraining
from beside.core.types import content_id
from beside.engine.checkpoint import Checkpoint
from beside.engine.pretraining import pretrain_model
from beside.store.artifacts import Artifacts
from beside.store.files import storage_errors
from beside.store.memory import making

PACKAGES = ("torch", "transformers", "tokenizers", "numpy", "jieba")
MEMORY = (
    "What is pre-trained on confidential text may repeat it: "
    "guard this base, and every model trained from it, as you guard the text."
)


def base_id(name: str, texts: Sequence[str], recipe: Pretraining, start: str) -> str:
    """The name of a pre-training: the same texts, recipe and start always get the same one."""
    digest = hashlib.sha256(BETWEEN.join(texts).encode()).hexdigest()
    return content_id("base", {"name": name, "texts": digest, "recipe": recipe.model_dump(), "start": start})


def pretrain(
    id: str,
    name: str,
    texts: Sequence[str],
    recipe: Pretraining,
    *,
    start: str | None = None,
    artifacts: Artifacts,
    checkpoints: Path,
    resume: bool = False,
    progress: Progress,
    now: datetime,
) -> Base:
    """Learns from the texts and keeps the base; its checkpoint stays until `forget`.

    Args:
        id: as `base_id` names it.
        start: folder of the base to go on from, when it is one that is kept here.
        artifacts: where the base is kept.
        checkpoints: folder of what a killed training goes on from.

    Raises as `pretrain_model` does.
    """
    began = time.perf_counter()
    home = checkpoints / id
    with storage_errors(f"'{home}'"):
        home.mkdir(parents=True, exist_ok=True)
        made = TemporaryDirectory(prefix="model-", dir=home, ignore_cleanup_errors=True)
    with made, making(Path(made.name)):
        asked = recipe.model_copy(update={"base": start}) if start else recipe
        trained = pretrain_model(Path(made.name), texts, asked, checkpoint=Checkpoint(home), resume=resume, progress=progress)
        model = artifacts.put_folder(Path(made.name))
    return Base(
        id=id,
        name=name,
        base=recipe.base,
        recipe=trained.recipe.model_copy(update={"base": recipe.base}),
        model=model,
        texts=trained.texts,
        tokens=trained.tokens,
        steps=trained.steps,
        perplexity=trained.perplexity.value,
        low=trained.perplexity.low,
        high=trained.perplexity.high,
        n=trained.perplexity.n,
        history=trained.history,
        parameters=trained.parameters,
        seed=recipe.seed,
        seconds=trained.seconds_before + time.perf_counter() - began,
        versions={"beside": __version__, "python": platform.python_version(), **{p: version(p) for p in PACKAGES}},
        made_at=now,
    )


def forget(checkpoints: Path, id: str) -> None:
    """Removes the checkpoint of a pre-training: it has ended."""
    Checkpoint(checkpoints / id).clear()
