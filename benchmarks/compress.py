"""Compression: size, speed and score of chains against the model they began with; writes benchmarks/compress-DATA.md and .svg.

One model is fine-tuned from the embedded base by the defaults, then compressed by each chain. A tune split, cut out of the training
rows, chooses epochs and forms; what is reported is of the dev rows, which nothing was chosen by. In the end all models are timed
against torch's fp32 in interleaved rounds of one process. The folder is kept: the same command goes on, and measures again.

    python benchmarks/compress.py DATA FOLDER [CHAIN ...]     DATA: sst2 or banking77; CHAIN: compressors with commas between
"""

from __future__ import annotations

import csv
import json
import os
import platform
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is loaded

from beside.charts import draw
from beside.core.columns import Columns
from beside.core.compressing import Compression, Interval, Measured, chain_of
from beside.core.errors import BesideError
from beside.core.interfaces import Silent
from beside.core.recipe import Recipe
from beside.core.types import Actor, Run
from beside.engine.comparing import Yardstick, size_of
from beside.engine.processor import processor
from beside.engine.runtime import load_subject
from beside.loop import Loop
from beside.store.workspace import Workspace

HERE = Path(__file__).parent
DATA = Path(os.environ.get("BESIDE_BENCH_DATA", HERE.parent.parent / "shared" / "data"))
CHAINS = ("quantize", "trim_vocabulary,quantize", "prune", "prune,quantize", "distill", "distill,trim_vocabulary,quantize")
LEARNING = ("prune", "distill")  # become runs of their own, so that chains share their training


class Said:
    """Progress as lines, without bars."""

    def say(self, text: str) -> None:
        print(f"  {text}", file=sys.stderr, flush=True)

    def step(self, stage: str, done: int, total: int, note: str = "") -> None:
        pass


@dataclass
class Work:
    """One benchmark: the data, its workspace, the trained run, and what came of each chain."""

    data: str
    loop: Loop
    parent: Run
    made: dict[str, Run]
    failed: dict[str, str]

    def told(self, chain: str) -> Compression:
        """What a compressed run says of itself."""
        found = self.loop.compression(self.made[chain].id)
        assert found is not None
        return found


def written(data: str, file: Path) -> Path:
    """The data as a CSV file: as many training rows as there are dev rows are for the tune split; dev rows stand as test."""
    train, dev = (
        [json.loads(line) for line in (DATA / data / f"{split}.jsonl").open(encoding="utf-8")] for split in ("train", "dev")
    )
    with file.open("w", newline="", encoding="utf-8") as stream:
        out = csv.writer(stream)
        out.writerow(["text", "label", "split"])
        for place, at in enumerate(np.random.default_rng(0).permutation(len(train))):
            out.writerow([train[at]["text"], str(train[at]["label"]), "tune" if place < len(dev) else "train"])
        out.writerows([row["text"], str(row["label"]), "test"] for row in dev)
    return file


def trained(loop: Loop, data: str, folder: Path) -> Run:
    """The run that everything is compressed from, trained once."""
    try:
        corpus = loop.records.corpus(loop.actor, data)
    except BesideError:
        columns = Columns(text="text", label="label", split="split")
        corpus, _ = loop.intake(str(written(data, folder / f"{data}.csv")), data, columns)
    if there := [run for run in loop.records.runs(loop.actor, corpus.id) if run.parent is None]:
        return there[0]
    return loop.train(corpus.id, Recipe())


def compressed(work: Work, chains: list[str]) -> None:
    """Compresses by each chain. The first that quantizes measures every form; the others take the one that it chose."""
    form = ""
    for chain in chains:
        names, run = chain.split(","), work.parent
        try:
            if names[0] in LEARNING and len(names) > 1:
                run = work.loop.compress(work.parent.id, names[:1])
                names = names[1:]
            settings = [f"quantize={form}", "quantize.loss=1", "quantize.flips=1"] if form and "quantize" in names else []
            work.made[chain] = work.loop.compress(run.id, names, settings)
        except BesideError as error:
            work.failed[chain] = error.message
            continue
        if "quantize" in names and not form:
            form = work.told(chain).chosen


def measured(work: Work) -> tuple[Measured, list[Measured]]:
    """The parent, and what came of each chain, on the dev rows and by one clock."""
    threads = len(os.sched_getaffinity(0))
    folders = {name: work.loop.artifacts.folder(run.model) for name, run in {"parent": work.parent, **work.made}.items()}
    subjects: dict[str, Any] = {name: load_subject(folder, threads) for name, folder in folders.items()}
    corpus = work.loop.records.corpus(work.loop.actor, work.parent.corpus_id)
    reference = load_subject(folders["parent"], threads)
    yardstick = Yardstick(reference.task, reference.labels, reference, work.loop.splits(corpus).test, 0)
    first, *others = yardstick.measure(subjects, {name: size_of(folder) for name, folder in folders.items()}, Silent())
    return first, others


def page(work: Work, parent: Measured, found: list[Measured]) -> str:
    """The page: all chains against the parent on dev rows, the forms of the first one on tune rows, and what was done."""
    corpus = work.loop.records.corpus(work.loop.actor, work.parent.corpus_id)
    first = next((work.told(chain) for chain in work.made if len(work.told(chain).candidates) > 1), None)
    recipe, cores = work.parent.recipe, len(os.sched_getaffinity(0))
    score, size, speed = told(parent.score), f"{parent.size / 1e6:.1f} MB", f"{parent.speed:.0f} texts a second"
    lines = [
        f"# Compression: {work.data}\n",
        f"{datetime.now(UTC):%Y-%m-%d}, {cores} threads on {os.cpu_count()} cores ({platform.machine()}, no GPU), {processor()}.",
        f"all-MiniLM-L6-v2, {recipe.method}, {corpus.splits['train']} training rows, {recipe.epochs} epochs.",
        f"The parent, torch fp32: score {score} on {parent.score.n} dev rows, {size}, {speed}.",
        f"Intervals are of 95 %; those of speed are the range of {parent.faster.n} interleaved rounds.",
        f"By `benchmarks/compress.py {work.data} FOLDER`.\n",
        "## Chains on dev rows\n",
        f"![size, speed and score](compress-{work.data}.svg)\n",
        *head("chain"),
        *(line(one, "", parent.size) for one in found),
        *(f"\nLeft out: {chain}: {said}" for chain, said in work.failed.items()),
    ]
    if first:
        notes = {one.form: one.why_not or ("**taken**" if one.form == first.chosen else "") for one in first.candidates}
        lines += ["\n## Forms that `quantize` chose from, on tune rows\n", *head("form")]
        lines += [line(one, notes[one.form], first.parent_size) for one in first.candidates]
    lines += ["\n## What was done\n"]
    lines += [f"- `{chain}`, {run.seconds:.0f} s: {said}" for chain, run in work.made.items() for said in work.told(chain).did]
    return "\n".join(lines) + "\n"


def head(first: str) -> tuple[str, str]:
    """The head of a table."""
    names = (first, "times as fast", "score", "gap", "answered otherwise", "alone otherwise", "MB", "times smaller", "")
    return "| " + " | ".join(names) + " |", "|---" * len(names) + "|"


def line(one: Measured, note: str, before: int) -> str:
    """One form or chain."""
    shares = (
        "-" if share is None else f"{share.value:.2%} ({share.low:.2%} to {share.high:.2%}), n {share.n}"
        for share in (one.flips, one.company)
    )
    faster = f"{one.faster.value:.2f} ({one.faster.low:.2f} to {one.faster.high:.2f})"
    smaller = f"{before / one.size:.2f}"
    cells = [one.form, faster, f"{one.score.value:.4f}", told(one.gap), *shares, f"{one.size / 1e6:.1f}", smaller, note]
    return "| " + " | ".join(cells) + " |"


def told(one: Interval) -> str:
    """A value with its interval."""
    return f"{one.value:+.4f} ({one.low:+.4f} to {one.high:+.4f})"


def picture(parent: Measured, found: list[Measured], metric: str) -> str:
    """Score against speed, the area of a dot the size of its model."""
    points = [
        {"name": one.form, "x": one.faster.value, "y": one.score.value, "low": one.score.low, "high": one.score.high}
        | {"size": one.size, "taken": one.form.endswith("quantize")}
        for one in (parent, *found)
    ]
    about = {"title": "size, speed and score on dev rows", "y": metric, "n": parent.score.n}
    return draw({"kind": "compression", **about, "points": points})


def main() -> None:
    """Trains, compresses, measures, prints and writes the page."""
    data, folder, chains = sys.argv[1], Path(sys.argv[2]), sys.argv[3:] or list(CHAINS)
    for chain in chains:
        chain_of(chain.split(","))
    if not (DATA / data).is_dir():
        print(f"skipped: there is no {DATA / data}")
        return
    folder.mkdir(parents=True, exist_ok=True)
    workspace = Workspace.open(folder)
    loop = Loop(workspace, Actor(name="bench", roles=("admin",)), Said())
    work = Work(data, loop, trained(loop, data, folder), {}, {})
    compressed(work, chains)
    parent, found = measured(work)
    metric = work.told(next(iter(work.made))).metric
    (HERE / f"compress-{data}.md").write_text(page(work, parent, found), encoding="utf-8")
    (HERE / f"compress-{data}.svg").write_text(picture(parent, found, metric), encoding="utf-8")
    workspace.close()
    print((HERE / f"compress-{data}.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
