"""A trained model -> a smaller or faster one, by a chain of compressors; compared with its parent and proved to reload."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from beside.core.compressing import FINAL, TOLD, WHOLE, WRITTEN, Compression
from beside.core.errors import BadInput, BadOption, NotEnoughData
from beside.core.options import options
from beside.core.pairs import whole
from beside.engine.bench import Bench, Stock
from beside.engine.catalogue import keep
from beside.engine.comparing import Yardstick, size_of
from beside.engine.compressed import write_facts
from beside.engine.model import save_model
from beside.engine.probe import fit_temperature
from beside.engine.processor import processor
from beside.engine.runtime import TRUTH_TEXTS, TorchSubject, load_subject, reformed, writes
from beside.engine.scoring import scores_on
from beside.engine.truth import prove

SAME = 1e-5  # logits; a model that differs by less keeps its temperature and thresholds


@dataclass(frozen=True, kw_only=True)
class Compressed:
    """What a compression leaves beside the model folder."""

    told: Compression
    scores: dict[str, float]  # tune split
    parameters: int
    truncated: int  # training rows longer than the sequence length


def compress_model(folder: Path, parent: str, stock: Stock, chain: Mapping[str, Any]) -> Compressed:
    """Puts the model in `stock.source` through a chain of compressors and saves what comes out into `folder`.

    Args:
        parent: id of the run that it was of.
        chain: compressors by name, in order.

    Raises:
        BadInput: the model writes its answers, or was compressed to a form that nothing can be done to.
        BadOption: a compressor cannot do with this model.
        NotEnoughData: there is no tune row to compare on.
        GateClosed: no form keeps the limits, or the saved model does not answer like the one in memory.
    """
    progress = stock.progress
    must_be_torch(stock)
    before, subject = (load_subject(stock.source, stock.threads) for _ in range(2))
    did = []
    with ExitStack() as rooms:
        bench = Bench(stock, subject, rooms)
        for bench.step, (name, compressor) in enumerate(chain.items(), 1):
            if why := compressor.why_not(bench):
                raise BadOption(f"Cannot use {name}: {why}.", "Leave it out of --with.")
            progress.step("compress", bench.step - 1, len(chain), name)
            progress.say(f"{name}: {options_in_words(compressor)}")
            did.append(f"{name}: {compressor.compress(bench)}")
            progress.say(did[-1])
        saved(folder, bench)
        parameters = sum(parameter.numel() for parameter in subject.model.parameters())
    made = load_subject(folder, stock.threads)
    settled(folder, made, before, stock)
    if before.catalogue:
        keep(folder, made, before.catalogue.texts, progress)
    made = load_subject(folder, stock.threads)
    texts = [row.text for row in whole(stock.tune)[:TRUTH_TEXTS]]
    prove(folder, made, texts, progress)
    progress.step("compress", len(chain), len(chain))
    yardstick = Yardstick(made.task, made.labels, before, stock.tune, stock.recipe.seed)
    form = bench.chosen[0] if bench.chosen else WHOLE
    sizes = {form: size_of(folder), "parent": size_of(stock.source)}
    found, itself = yardstick.measure({form: made, "parent": before}, sizes, progress)
    told = Compression(
        parent=parent,
        chain=tuple(chain),
        settings={name: options(compressor) for name, compressor in chain.items()},
        did=tuple(did),
        metric=yardstick.metric,
        against_parent=found,
        parent_size=itself.size,
        parent_speed=itself.speed,
        parent_score=itself.score,
        parameters=parameters,
        threads=stock.threads,
        processor=processor(),
        candidates=tuple(bench.candidates),
        chosen=form,
    )
    (folder / TOLD).write_text(json.dumps(told.model_dump(mode="json"), ensure_ascii=False, indent=1), encoding="utf-8")
    cut = sum(count > made.max_length for count in made.token_counts(bench.texts))
    return Compressed(told=told, scores=scores_on(made, made.task, whole(stock.tune)), parameters=parameters, truncated=cut)


def must_be_torch(stock: Stock) -> None:
    """Does nothing when compressors can work on the model, and there are rows to compare it on. Raises as `compress_model` does."""
    if writes(stock.source):
        raise BadInput(*WRITTEN)
    if reformed(stock.source):
        raise BadInput(*FINAL)
    if not stock.tune:
        raise NotEnoughData("Compression is compared on the tune split, and there is none.", "Import with a tune split.")


def options_in_words(compressor: Any) -> str:
    """The options of a compressor, each with its value."""
    return ", ".join(f"{name}={value}" for name, value in options(compressor).items()) or "no options"


def saved(folder: Path, bench: Bench) -> None:
    """Puts what is on the bench into the folder: the form that was chosen, or the model as it stands."""
    if bench.chosen is None:
        save_model(folder, bench.model, bench.tokens, bench.subject.facts)
        return
    for file in bench.chosen[1].iterdir():
        if file.is_file() and file.stat().st_size:
            shutil.copyfile(file, folder / file.name)


def settled(folder: Path, made: TorchSubject, before: TorchSubject, stock: Stock) -> None:
    """Fits temperature and thresholds to the compressed model on the tune split, when its scores are others than its parent's."""
    tune = whole(stock.tune)
    if made.task.apart:
        return  # cosines are the scores, and their temperature is the task's own
    texts, targets = [row.text for row in tune], [str(row.target) for row in tune]
    logits = made.logits(texts)
    if float(np.abs(logits - before.logits(texts)).max()) <= SAME:
        return
    task = made.task.tuned(logits, targets, made.labels)
    own = task.temperature(logits, targets, made.labels)
    temperature = fit_temperature(logits, [made.labels.index(target) for target in targets]) if own is None else own
    write_facts(folder, replace(made.facts, temperature=temperature, settings=task.settings()))
