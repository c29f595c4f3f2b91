"""What privacy costs: accuracy at epsilon 1, 3 and 8 against none, and how much leaks.

SST-2 and BANKING77 with the embedded model; full, lora and probe. Every number is from the test split, with its 95 % interval;
the gap is that of a training with epsilon to the same recipe without. Trainings are kept in a workspace and found again, so that
what was cut short goes on where it was. Writes the tables, dated, to benchmarks/private.md.

    python benchmarks/private.py [--keep DIR] [--seconds N] [--train ROWS] [SET ...]     sets: sst2, banking77
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np

from beside.cards.promise import most_found
from beside.core.recipe import Recipe
from beside.core.statistics import paired_gap, rate
from beside.core.types import Finding
from checks import opened, rows_of

HERE = Path(__file__).resolve().parent
EPSILONS = (None, 8.0, 3.0, 1.0)
PASSES = {"probe": 20, "lora": 5, "full": 5}  # each recipe is the default but for these
# a training that learns its rows by heart, so that there is something to leak
HEART = {"method": "full", "frozen_layers": 0, "epochs": 12, "learning_rate": 1e-4, "dropout": 0.0}
HEART_ROWS = 800


def main() -> None:
    """Trains what time allows, writes the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=["sst2", "banking77"])
    parser.add_argument("--keep", type=Path, help="workspaces to keep")
    parser.add_argument("--seconds", type=float, default=1e9, help="no training begins after so many")
    parser.add_argument("--train", type=int, default=3000, help="training rows of each set")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home, until = asked.keep or Path(scratch), time.monotonic() + asked.seconds
        lines = [
            "# What privacy costs",
            "",
            f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {len(os.sched_getaffinity(0))} cores; embedded model,",
            f"delta 1e-5, unit row, {asked.train:,} rows to learn from; by `benchmarks/private.py`. One training a line.",
        ]
        for name in asked.sets:
            lines += costs(name, home / name, asked.train, until)
        lines += leaks(home / "leaks", until)
        (HERE / "private.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def costs(name: str, home: Path, train: int, until: float) -> list[str]:
    """The table of one set: accuracy of each method at each epsilon, and the gap to none on the same test rows."""
    lines = [
        "",
        f"## {name}",
        "",
        "| method | epsilon | noise | accuracy (95 % interval) | gap to none | seconds |",
        "|" + " --- |" * 6,
    ]
    home.mkdir(parents=True, exist_ok=True)
    loop, corpus = opened(home, rows_of(name, train, 1000))
    test = loop.splits(corpus).test
    for method, epochs in PASSES.items():
        plain: list[bool] = []
        for epsilon in EPSILONS:
            if time.monotonic() > until:
                return lines
            run = loop.train(corpus.id, Recipe(method=method, epochs=epochs, epsilon=epsilon))
            answers = loop.subject(run).predict([row.text for row in test])
            right = [answer == row.target for answer, row in zip(answers, test, strict=True)]
            plain = plain or right
            gap = "-" if epsilon is None else shown(paired_gap(plain, right, np.random.default_rng(0)), "+")
            noise = f"{run.spent['noise']:.2f}" if run.spent else "-"
            score = f"{shown(rate(sum(right), len(right)))}, n {len(right)}"
            lines.append(f"| {' | '.join([method, told(epsilon), noise, score, gap, f'{run.seconds:.0f}'])} |")
            print(name, lines[-1], flush=True)
    return lines


def leaks(home: Path, until: float) -> list[str]:
    """Promised and measured: the attack on a training that learns its rows by heart, without and with epsilon."""
    heads = ("epsilon", "promised: members found at 1 % false alarms", "measured (95 % interval)", "membership AUC", "accuracy")
    lines = ["", f"## Leakage: SST-2, {HEART_ROWS} rows, every layer for {HEART['epochs']} passes", ""]
    lines += [f"| {' | '.join(heads)} |", "|" + " --- |" * len(heads)]
    home.mkdir(parents=True, exist_ok=True)
    loop, corpus = opened(home, rows_of("sst2", HEART_ROWS, HEART_ROWS))
    for epsilon in (None, 3.0):
        if time.monotonic() > until:
            return lines
        run = loop.train(corpus.id, Recipe(**HEART, epsilon=epsilon))
        audited = loop.audit(run.id, checks=["privacy/membership", "utility/report"], policy="sandbox")
        found = {one.metric: one for one in audited if isinstance(one, Finding)}
        promised = f"at most {most_found(run.spent['epsilon'], run.spent['delta']):.3f}" if run.spent else "nothing"
        cells = [shown(found[name]) for name in ("membership_tpr", "membership_auc", "accuracy")]
        lines.append(f"| {told(epsilon)} | {promised} | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    return lines


def told(epsilon: float | None) -> str:
    """An epsilon in a cell."""
    return "none" if epsilon is None else f"{epsilon:g}"


def shown(score, sign: str = "") -> str:  # type: ignore[no-untyped-def]
    """A value with its interval."""
    value, low, high = (f"{number:{sign}.3f}" for number in (score.value, score.low, score.high))
    return f"{value} ({low} to {high})"


if __name__ == "__main__":
    main()
