"""Peak memory and time of one pass over few and over many rows: writes a dated table to benchmarks/many_rows.md.

Contrastive training by pairs is where a peer's memory exploded at 40,000 rows (setfit #628), for all pairs of n rows are n squared.
Each training is a process of its own, from rows in memory to the saved and proven model; nobody gets a tune split and no test row
is read.

    python benchmarks/many_rows.py [ROWS ...]     of SST-2; 4,000 and 40,000 when left out
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is loaded

HERE = Path(__file__).parent
METHODS = ("contrastive",)
THREADS = len(os.sched_getaffinity(0))


def main(asked: list[str]) -> None:
    """Each method at each size, each alone; then the page."""
    found = []
    for count in [int(one) for one in asked] or [4_000, 40_000]:
        for method in METHODS:
            command = [sys.executable, __file__, "one", method, str(count)]
            ended = subprocess.run(command, capture_output=True, text=True, check=True)
            found.append(json.loads(ended.stdout.splitlines()[-1]))
            print(found[-1], flush=True)
    (HERE / "many_rows.md").write_text(page(found), encoding="utf-8")


def one(method: str, count: int) -> dict[str, object]:
    """One training in this process."""
    from results import rows_of

    from beside.core.interfaces import Silent
    from beside.core.recipe import Recipe
    from beside.engine.checkpoint import Checkpoint
    from beside.engine.keeping import Keeping
    from beside.engine.training import train_model

    known = rows_of("sst2", "train")
    # the set has fewer rows than are asked for: they come again, under other ids
    learned = [known[place % len(known)].model_copy(update={"id": str(place)}) for place in range(count)]
    recipe = Recipe(method=method, epochs=1, threads=THREADS)
    with tempfile.TemporaryDirectory() as folder:
        keeping = Keeping(checkpoint=Checkpoint(Path(folder) / "left"), progress=Silent())
        before, began = peak(), time.perf_counter()
        train_model(Path(folder) / "model", learned, [], ("negative", "positive"), "classify", recipe, keeping)
        seconds = time.perf_counter() - began
    return {"method": method, "rows": len(learned), "seconds": round(seconds, 1), "before": before, "peak": peak()}


def peak() -> float:
    """Peak resident memory of this process, MiB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def page(found: list[dict]) -> str:
    """The dated table."""
    lines = [
        "# Many rows",
        "",
        f"{datetime.now(UTC).date()}, {THREADS} cores ({platform.machine()}, no GPU), SST-2 train rows (6,920, again and "
        "again), base `embedded`, one pass,",
        "the rest as the recipe chose; one training each. By `benchmarks/many_rows.py`.",
        "",
        "| method | rows | peak memory | of it before training began | seconds |",
        "|---|---|---|---|---|",
    ]
    for row in found:
        cells = (row["method"], f"{row['rows']:,}", f"{row['peak']:,.0f} MiB", f"{row['before']:,.0f} MiB", f"{row['seconds']:.0f}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    if sys.argv[1:2] == ["one"]:
        print(json.dumps(one(sys.argv[2], int(sys.argv[3]))))
    else:
        main(sys.argv[1:])
