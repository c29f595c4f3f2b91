"""How fast rows are imported, and in how much memory: makes short synthetic rows, imports them, prints one table.

    python benchmarks/intake.py [ROWS]     (default 1,000,000)

One row in twenty repeats an earlier one, one in twenty nearly does, one in fifty is Chinese. The rows are written
before anything is measured, by another process, so that peak memory is that of the import alone.
"""

from __future__ import annotations

import multiprocessing
import platform
import resource
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from beside.core.report import Report
from beside.stages.intake import intake
from beside.store.artifacts import Artifacts

LABELS = 20


def write_rows(file: Path, count: int) -> None:
    """A CSV file of `count` rows with text and label."""
    rng = np.random.default_rng(0)
    words = ["".join(chr(letter) for letter in rng.integers(97, 123, rng.integers(2, 10))) for _ in range(20_000)]
    characters = [chr(code) for code in range(0x4E00, 0x4E00 + 3000)]
    earlier: list[str] = []
    with file.open("w", encoding="utf-8") as stream:
        stream.write("text,label\n")
        for place in range(count):
            chance = rng.random()
            if chance < 0.05 and earlier:
                text = earlier[int(rng.integers(len(earlier)))]
            elif chance < 0.10 and earlier:
                text = f"{earlier[int(rng.integers(len(earlier)))]} {words[int(rng.integers(len(words)))]}!"
            elif chance < 0.12:
                text = "".join(characters[code] for code in rng.integers(0, len(characters), 24))
            else:
                text = " ".join(words[code] for code in rng.integers(0, len(words), rng.integers(5, 18)))
            if place % 7 == 0:
                earlier.append(text)
            stream.write(f"{text},label {sum(map(ord, text[:9])) % LABELS}\n")


class Clock:
    """Notes when each stage was first and last heard of."""

    def __init__(self) -> None:
        self.spans: dict[str, tuple[float, float]] = {}

    def say(self, text: str) -> None:
        """Nothing is said."""

    def step(self, stage: str, done: int, total: int, note: str = "") -> None:
        """One more step of a stage."""
        now = time.perf_counter()
        self.spans[stage] = (self.spans.get(stage, (now, now))[0], now)


def measure(file: Path, folder: Path) -> tuple[Report, float, float, Clock]:
    """Report, seconds, seconds of CPU, and when each stage ran."""
    clock, began, cpu = Clock(), time.perf_counter(), time.process_time()
    _, report = intake(str(file), name="benchmark", artifacts=Artifacts(folder), progress=clock, now=datetime.now(UTC))
    return report, time.perf_counter() - began, time.process_time() - cpu, clock


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with TemporaryDirectory() as folder:
        file = Path(folder) / "rows.csv"
        writer = multiprocessing.get_context("spawn").Process(target=write_rows, args=(file, count))
        writer.start()
        writer.join()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        report, seconds, cpu, clock = measure(file, Path(folder) / "artifacts")
        megabytes = file.stat().st_size / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    stages = ", ".join(f"{stage} {end - begin:.0f} s" for stage, (begin, end) in clock.spans.items())
    print("| rows | file MB | seconds | CPU seconds | rows/s | peak MB (before) | kept | repeated | near-duplicate rows | stages |")
    print("| --: | --: | --: | --: | --: | --: | --: | --: | --: | :-- |")
    print(
        f"| {count:,} | {megabytes:.0f} | {seconds:.0f} | {cpu:.0f} | {count / seconds:,.0f} | {peak:,.0f} ({before:,.0f}) "
        f"| {report.kept:,} | {report.repeated:,} | {report.near_rows:,} | {stages} |"
    )
    print(f"\n{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}")


if __name__ == "__main__":
    main()
