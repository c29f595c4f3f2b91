"""A handful of rows per label: Beside's methods against SetFit on the same base, rows, threads and test rows, one after the other.

    python benchmarks/few_labels.py --peer /path/to/setfit-env/bin/python SET:SHOTS[:SEED,...] ...
    python benchmarks/few_labels.py --dev ...      looks at dev rows instead, to choose by; writes nothing

Reads `../shared/data` beside the checkout, or the folder in BESIDE_BENCH_DATA. Sets: banking77, sst2. Nobody gets a tune split.
The test rows are looked at once per training, after it has ended. Lines go to few_labels.jsonl, the table to few_labels.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from results import few, rows_of
from scipy.stats import t as student_t

from beside.core.interfaces import Silent
from beside.core.recipe import Recipe
from beside.core.types import Example
from beside.engine.checkpoint import Checkpoint
from beside.engine.keeping import Keeping
from beside.engine.model import embedded_folder
from beside.engine.runtime import load_subject
from beside.engine.training import train_model

HERE = Path(__file__).parent
STORE, PAGE = HERE / "few_labels.jsonl", HERE / "few_labels.md"
# pairs of SetFit per row and kind; its paper has 20, which takes too long here where rows are many
ITERATIONS = {("sst2", 8): 20, ("sst2", 64): 10}
OTHERWISE = 5
METHODS = ("probe", "lpft", "contrastive", "best")


def main() -> None:
    """Measures what is asked for and writes the page from everything measured so far."""
    parser = argparse.ArgumentParser()
    parser.add_argument("asked", nargs="*")
    parser.add_argument("--peer")
    parser.add_argument("--dev", action="store_true")
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    for asked in options.asked:
        name, shots, *seeds = asked.split(":")
        for seed in map(int, seeds[0].split(",") if seeds else "012"):
            for row in measure(name, int(shots), seed, options):
                print(json.dumps(row), flush=True)
                if not options.dev:
                    with STORE.open("a", encoding="utf-8") as lines:
                        lines.write(json.dumps(row) + "\n")
    if not options.dev:
        PAGE.write_text(page(), encoding="utf-8")


def measure(name: str, shots: int, seed: int, options: argparse.Namespace):
    """One draw of rows, learned by each method in turn."""
    learned, asked = few(rows_of(name, "train"), shots, seed), rows_of(name, "dev" if options.dev else "test")
    common = {"set": name, "shots": shots, "seed": seed, "threads": options.threads, "date": datetime.now(UTC).date().isoformat()}
    for method in filter(None, options.methods.split(",")):
        yield {**common, "who": f"Beside {method}", **ours(learned, asked, method, seed, options.threads)}
    if options.peer:
        try:
            yield {**common, "who": "SetFit", **theirs(learned, asked, name, seed, options)}
        except RuntimeError as error:
            print(f"SetFit ended without an answer: {error}", flush=True)


def ours(learned: list[Example], asked: list[Example], method: str, seed: int, threads: int) -> dict[str, object]:
    """Beside's recipe as it is, with the truth test."""
    labels = tuple(sorted({str(example.target) for example in learned}))
    with tempfile.TemporaryDirectory() as folder:
        model, left = Path(folder) / "model", Checkpoint(Path(folder) / "left")
        recipe = Recipe(method=method, seed=seed, threads=threads)
        began = time.perf_counter()
        trained = train_model(model, learned, [], labels, "classify", recipe, Keeping(checkpoint=left, progress=Silent()))
        seconds = time.perf_counter() - began
        answers = load_subject(model, threads).predict([example.text for example in asked])
    return {**scored(answers, asked), "seconds": round(seconds, 1), "method": trained.recipe.method, "route": trained.history[:1]}


def theirs(learned: list[Example], asked: list[Example], name: str, seed: int, options: argparse.Namespace) -> dict[str, object]:
    """SetFit in its own environment."""
    with tempfile.TemporaryDirectory() as scratch:
        job = {
            "base": str(embedded_folder()),
            "train": [[example.text, example.target] for example in learned],
            "test": [example.text for example in asked],
            "seed": seed,
            "iterations": ITERATIONS.get((name, len(learned) // len({one.target for one in learned})), OTHERWISE),
            "threads": options.threads,
            "scratch": scratch,
        }
        command = [options.peer, str(HERE / "few_labels_setfit.py")]
        environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
        ended = subprocess.run(command, input=json.dumps(job), capture_output=True, text=True, env=environment, check=False)
        if ended.returncode:
            raise RuntimeError(ended.stderr[-2000:])
        said = json.loads(ended.stdout.splitlines()[-1])
    return {**scored(said["answers"], asked), "seconds": round(said["seconds"], 1), "pairs": said["pairs"]}


def scored(answers: Sequence[str], asked: Sequence[Example]) -> dict[str, object]:
    """Accuracy and how many rows it is of."""
    right = sum(answer == example.target for answer, example in zip(answers, asked, strict=True))
    return {"accuracy": round(right / len(asked), 4), "n": len(asked)}


def page() -> str:
    """The table, from the newest line of each set, draw and contestant."""
    newest = {}
    for line in STORE.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        newest[row["set"], row["shots"], row["who"], row["seed"]] = row
    groups = defaultdict(list)
    for (name, shots, who, _), row in sorted(newest.items()):
        groups[name, shots, who].append(row)
    dates = sorted({row["date"] for row in newest.values()})
    body = [HEAD.format(dates=" to ".join(sorted({dates[0], dates[-1]})), cores=os.cpu_count())]
    for (name, shots, who), rows in groups.items():
        went = ", ".join(f"{method}" for method in (row["method"] for row in rows)) if who == "Beside best" else ""
        seconds, threads = np.mean([row["seconds"] for row in rows]), sorted({row["threads"] for row in rows})
        cells = [name, str(shots), who + (f" ({went})" if went else ""), interval([row["accuracy"] for row in rows])]
        body.append(f"| {' | '.join([*cells, str(rows[0]['n']), f'{seconds:.0f} s on {threads[0]} threads'])} |")
    return "\n".join([*body, "", NOTES, ""])


def interval(values: Sequence[float]) -> str:
    """Mean and Student's t interval over draws."""
    mean, spread = float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
    half = float(student_t.ppf(0.975, len(values) - 1)) * spread / np.sqrt(len(values)) if len(values) > 1 else float("nan")
    return f"{mean:.4f} ({mean - half:.4f} to {mean + half:.4f}, {len(values)} draws)"


HEAD = """# Few labels

Measured {dates} by `benchmarks/few_labels.py` on {cores} cores (no GPU), base `embedded` (all-MiniLM-L6-v2) for
everybody, the same rows drawn from train, the same threads, one after the other; the official test split, looked at once
per training.

| data | rows per label | who | accuracy (95 % interval over draws) | test rows | training |
|---|---|---|---|---|---|"""
NOTES = f"""`Beside best` is `--method best`: the method in brackets, one per draw, was chosen by cross-validation among the
training rows, and its seconds hold that measuring. Beside's seconds hold the truth test in a fresh process, too; SetFit's end with
the fitted head. SetFit 1.2.0 with its documented settings (one epoch, batches of 16 pairs, logistic head) and so many
pairs of either kind per row: SST-2 {ITERATIONS["sst2", 8]} with 8 rows per label, {ITERATIONS["sst2", 64]} with 64; BANKING77
{OTHERWISE}, where its own default would make 146,000 pairs of 385 rows. The intervals are wide: few draws. The machine had other
work beside: read the seconds as ratios."""


if __name__ == "__main__":
    main()
