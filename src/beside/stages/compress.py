"""Run -> Run: the same task with a smaller or faster model, compared with its parent on the tune split, never on the test split."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from beside.charts import draw
from beside.core.compressing import FAMILY, picture_of
from beside.core.interfaces import Progress
from beside.core.options import options
from beside.core.types import Corpus, Example, Run, Splits, content_id
from beside.engine.bench import Stock
from beside.engine.compressing import compress_model
from beside.engine.processor import processor
from beside.store.artifacts import Artifacts
from beside.store.cache import code_behind

PICTURE = "compression.svg"  # in the model folder
CODE = ("core", "engine", "methods", "tasks")  # what compressors work with, beside their own files
PACKAGES = ("onnx", "onnxruntime")  # besides those that a training depends on
Place = Callable[[Path], AbstractContextManager[Path]]  # a folder for a model in the making, within another


def run_id(parent: Run, chain: Mapping[str, Any], unlabelled: Sequence[str], versions: Mapping[str, str]) -> str:
    """The name of a compression: all that it depends on, the code and the kind of processor that measures among it.

    Args:
        versions: of this machine.
    """
    content = {
        "parent": parent.id,
        "model": parent.model,
        "compressors": [[name, options(compressor)] for name, compressor in chain.items()],
        "unlabelled": hashlib.sha256(json.dumps(list(unlabelled), ensure_ascii=False).encode()).hexdigest() if unlabelled else "",
        "processor": processor(),
        "code": code_behind(FAMILY, chain, CODE),
        "versions": dict(versions),
    }
    return content_id("run", content)


def packages() -> dict[str, str]:
    """Versions of the packages that make graphs and run them."""
    return {name: version(name) for name in PACKAGES}


def compress(
    parent: Run,
    corpus: Corpus,
    splits: Splits,
    chain: Mapping[str, Any],
    unlabelled: Sequence[str] = (),
    *,
    artifacts: Artifacts,
    home: Path,
    place: Place,
    progress: Progress,
    versions: Mapping[str, str],
    now: datetime,
) -> Run:
    """Puts a run's model through a chain of compressors; after a kill the same call goes on from the last checkpoint.

    Args:
        chain: compressors by name, in order (`core/compressing.py`).
        unlabelled: texts without an answer, for those that learn from the parent's.
        home: folder of checkpoints; whoever calls removes it when the run is stored.
        place: gives folders for models in the making.
        versions: of this machine.

    Raises:
        BadInput, BadOption: this model cannot be compressed so.
        NotEnoughData: the corpus has no tune row.
        GateClosed: no form keeps the limits, or the saved model does not answer like the one in memory.
        StorageFailed: the disk does not take it.
    """
    began = time.perf_counter()
    stock = Stock(
        source=artifacts.folder(parent.model),
        train=answered(splits.train),
        tune=answered(splits.tune),
        unlabelled=unlabelled,
        recipe=parent.recipe,
        private=parent.spent is not None,
        home=home,
        room=lambda name: place(home / name),
        threads=parent.recipe.threads or len(os.sched_getaffinity(0)),
        progress=progress,
    )
    with place(home) as folder:
        made = compress_model(folder, parent.id, stock, chain)
        (folder / PICTURE).write_text(draw(picture_of(made.told)), encoding="utf-8")
        model = artifacts.put_folder(folder)
    return Run(
        id=home.name,
        corpus_id=corpus.id,
        recipe=parent.recipe,  # of what was compressed; a later training of this corpus starts from it
        model=model,
        scores=made.scores,
        trainable=min(parent.trainable, made.parameters),
        parameters=made.parameters,
        truncated=made.truncated,
        spent=parent.spent,
        parent=parent.id,
        seed=parent.seed,
        seconds=time.perf_counter() - began,
        versions=dict(versions),
        made_at=now,
    )


def answered(examples: Sequence[Example]) -> list[Example]:
    """The rows whose answer is known."""
    return [example for example in examples if example.target is not None]
