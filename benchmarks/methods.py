"""Parameter-efficient methods against full fine-tuning on equal terms: writes a dated table to benchmarks/methods-SET.md.

The same rows, epochs, batches and seeds for all; each method's own learning rate. Scores are of the set's dev rows, which chose
each run's epoch and, on SST-2, the methods' default learning rates; the test rows are not looked at. Forgetting is measured on the
other set: what a head fitted on the untouched base loses on its dev rows when the trained model makes the vectors.

    python benchmarks/methods.py [SET] [ROWS] [SEEDS] [METHODS]     SET: sst2 or banking77; ROWS: training rows, 0 = all
"""

from __future__ import annotations

import csv
import json
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is loaded

from beside.core.columns import Columns
from beside.core.recipe import Recipe
from beside.core.types import Actor
from beside.loop import Loop
from beside.stages.compare import Contender, Contest, Interval
from beside.store.workspace import Workspace

HERE = Path(__file__).parent
DATA = Path(os.environ.get("BESIDE_BENCH_DATA", HERE.parent.parent / "shared" / "data"))
METHODS = "full,lpft,lora,adalora,adapter,prefix,probe"
OTHER = {"sst2": "banking77", "banking77": "sst2"}
CHOSEN = {"sst2": " and the methods' default rates"}
PROBE_ROWS = 1500  # of the other set, for the head that remembers


class Said:
    """Progress as lines, without bars."""

    def say(self, text: str) -> None:
        print(f"  {text}", file=sys.stderr, flush=True)

    def step(self, stage: str, done: int, total: int, note: str = "") -> None:
        pass


def written(name: str, count: int, file: Path) -> Path:
    """A set as a CSV file: so many train rows (0 = all), every dev row for the tune split; the test rows stay unused."""
    with file.open("w", newline="", encoding="utf-8") as stream:
        out = csv.writer(stream)
        out.writerow(["text", "label", "split"])
        for split, called in (("train", "train"), ("dev", "tune"), ("test", "test")):
            rows = [json.loads(line) for line in (DATA / name / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()]
            if split == "train" and count:
                rows = [rows[place] for place in np.random.default_rng(0).permutation(len(rows))[:count]]
            out.writerows([row["text"], str(row["label"]), called] for row in rows)
    return file


def compared(name: str, count: int, seeds: int, methods: str, folder: Path) -> tuple[Contest, int]:
    """The contest, and how many training rows there were."""
    workspace = Workspace.open(folder)
    loop = Loop(workspace, Actor(name="bench", roles=("admin",)), Said())
    columns = Columns(text="text", label="label", split="split")
    corpus, _ = loop.intake(str(written(name, count, folder / f"{name}.csv")), name, columns)
    other, _ = loop.intake(str(written(OTHER[name], PROBE_ROWS, folder / "other.csv")), OTHER[name], columns)
    try:
        return loop.compare(corpus.id, methods.split(","), seeds, Recipe(), probe=other.id), corpus.splits["train"]
    finally:
        workspace.close()


def table(name: str, rows: int, found: Contest) -> str:
    """The page."""
    lines = [
        f"# Parameter-efficient methods: {name}\n",
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({platform.machine()}, no GPU), weights fp32, "
        "products as recipes chose, all-MiniLM-L6-v2.",
        f"{rows} training rows, {found.n} dev rows (n of each score), seeds {', '.join(map(str, found.seeds))}; 95 % intervals.",
        f"Forgetting: accuracy that a head fitted on the untouched base loses on {found.probe_n} dev rows of {OTHER[name]}.",
        f"The dev rows chose each run's epoch{CHOSEN.get(name, '')}. By `benchmarks/methods.py {' '.join(sys.argv[1:])}`.\n",
        f"| method | {found.metric} | against the best | trainable | seconds | peak memory | forgetting |",
        "|---|---|---|---|---|---|---|",
        *(line(one) for one in found.contenders),
        *(f"\nLeft out: {method}: {why}" for method, why in found.refused.items()),
    ]
    return "\n".join(lines) + "\n"


def line(one: Contender) -> str:
    """One method."""
    memory = f"{(one.peak_memory or 0) / 2**20:.0f} MiB"
    cells = [one.method, told(one.score), told(one.gap), f"{one.share:.2%}", f"{one.seconds:.0f}", memory]
    return "| " + " | ".join([*cells, told(one.forgetting) if one.forgetting else "-"]) + " |"


def told(one: Interval) -> str:
    """A value with its interval."""
    return f"{one.value:.4f} ({one.low:.4f} to {one.high:.4f})"


def main() -> None:
    """Trains, prints and writes the table."""
    given = (*sys.argv[1:], *("sst2", "1500", "1", METHODS)[len(sys.argv) - 1 :])
    name, count, seeds, methods = given[0], int(given[1]), int(given[2]), given[3]
    if not (DATA / name).is_dir():
        print(f"skipped: there is no {DATA / name}")
        return
    with tempfile.TemporaryDirectory() as folder:
        found, rows = compared(name, count, seeds, methods, Path(folder))
    page = table(name, rows, found)
    print(page)
    (HERE / f"methods-{name}.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
