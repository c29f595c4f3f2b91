"""Every check of the default policy on a trained run: figures with intervals, seconds per check, seconds of the whole audit.

Trains the default recipe on the set in a workspace of its own, audits it once as a person would (all checks, side by side) and then
each check alone, for its time. Writes a dated section per set to benchmarks/checks.md. With the embedded model and 1,000 test
rows the whole audit is to end within 5 minutes on 2 cores.

    python benchmarks/checks.py SET [--train N] [--test N] [--keep DIR] [--out FILE]     SET: a folder of ../shared/data, e.g. sst2
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import re
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

HERE = Path(__file__).resolve().parent
DATA = HERE.parent.parent / "shared" / "data"
PAGE = HERE / "checks.md"
TITLE = """# What the checks find

Each section is written by `benchmarks/checks.py`: the default recipe on the embedded model, audited with the default policy.
Value, 95 % interval, n. Seconds of a check are those of an audit with this check alone, the model's loading included.
"""


def main() -> None:
    """Trains, audits, writes the section."""
    asked = arguments()
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.keep or Path(scratch)
        loop, corpus = opened(folder, rows_of(asked.set, asked.train, asked.test))
        run = loop.train(corpus.id)
        began = time.perf_counter()
        found = loop.audit(run.id, fresh=True)
        whole = time.perf_counter() - began
        seconds = {name: alone(loop, run.id, name) for name in dict.fromkeys(one.check for one in found)}
    section = written(asked.set, corpus, run, found, seconds, whole)
    print(section)
    put(asked.out, asked.set, section)


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", help="a folder with train, dev and test.jsonl")
    parser.add_argument("--train", type=int, default=0, help="training rows; 0 = all")
    parser.add_argument("--test", type=int, default=1000, help="test rows; 0 = all")
    parser.add_argument("--keep", type=Path, help="workspace to keep; a run that is there is not trained again")
    parser.add_argument("--out", type=Path, default=PAGE)
    return parser.parse_args()


def rows_of(name: str, train: int, test: int) -> list[tuple[str, str, str]]:
    """(text, label, split) of every row; a part is taken evenly from the whole."""
    rows = []
    for split, file, most in (
        ("train", "train", train),
        ("tune", "dev", max(train // 8, 50) if train else 0),
        ("test", "test", test),
    ):
        read = [json.loads(line) for line in (DATA / name / f"{file}.jsonl").read_text(encoding="utf-8").splitlines()]
        step = max(1, len(read) // most) if most else 1
        rows += [(row["text"], str(row["label"]), split) for row in read[::step][: most or None]]
    return rows


def opened(folder: Path, rows: list[tuple[str, str, str]]):  # type: ignore[no-untyped-def]
    """A loop over a workspace with these rows as its corpus."""
    from beside.core.columns import Columns
    from beside.core.types import Actor
    from beside.loop import Loop
    from beside.store.workspace import Workspace

    loop = Loop(Workspace.open(folder), Actor(name="benchmark", roles=("admin",)))
    with (folder / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label", "split"), *rows])
    corpus, _ = loop.intake(str(folder / "rows.csv"), "rows", Columns(text="text", label="label", split="split"))
    return loop, corpus


def alone(loop, run: str, name: str) -> float:  # type: ignore[no-untyped-def]
    """Seconds of an audit with one check."""
    began = time.perf_counter()
    loop.audit(run, checks=[name], policy="sandbox", fresh=True)
    return time.perf_counter() - began


def written(name, corpus, run, found, seconds, whole) -> str:  # type: ignore[no-untyped-def]
    """The section of one set."""
    cores = len(os.sched_getaffinity(0))
    splits = ", ".join(f"{rows} {split}" for split, rows in corpus.splits.items())
    lines = [
        f"## {name}",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {cores} cores; rows: {splits}; trained in {run.seconds:.0f} s.",
        f"The whole audit: {whole:.0f} s.",
        "",
        "| check | metric | value | 95 % interval | n | limit | verdict | seconds |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    told: set[str] = set()
    for one in found:
        took = "" if one.check in told else f"{seconds[one.check]:.1f}"
        told.add(one.check)
        if not hasattr(one, "metric"):
            lines.append(f"| {one.check} | not measured: {one.why} | | | | | | {took} |")
            continue
        limit = "" if one.limit is None else f"{'>=' if one.better == 'higher' else '<='} {one.limit:g}"
        interval = f"{one.low:.3f} to {one.high:.3f}"
        lines.append(f"| {one.check} | {one.metric} | {one.value:.3f} | {interval} | {one.n} | {limit} | {one.verdict} | {took} |")
    return "\n".join(lines) + "\n"


def put(page: Path, name: str, section: str) -> None:
    """Puts the section in place of the one of the same set, or at the end."""
    before = page.read_text(encoding="utf-8") if page.exists() else TITLE
    sections = {part.split("\n", 1)[0].strip(): part for part in re.split(r"(?m)^## ", before)[1:]}
    sections[name] = section.removeprefix("## ")
    head = re.split(r"(?m)^## ", before)[0].rstrip()
    page.write_text(head + "\n\n" + "\n\n".join(f"## {part.strip()}" for part in sections.values()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
