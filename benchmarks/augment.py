"""Does learning from edited copies make a model mind edits less? SST-2 dev rows, with and without `augment`.

The same rows and recipe with no copies and with copies by `typos`; both models are asked the dev rows as they are, and each with
slips of the finger that no training saw. Dev rows, for this tells whether to turn a knob, and test rows are not for that. The
passes are the same, so training with copies takes more steps. Writes the table, dated, to benchmarks/augment.md.

    python benchmarks/augment.py [--train ROWS]
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np

from beside.core.interfaces import Silent
from beside.core.recipe import Recipe
from beside.core.registry import load
from beside.core.statistics import Estimate, paired_gap, rate
from beside.core.types import Example
from beside.engine.checkpoint import Checkpoint
from beside.engine.keeping import Keeping
from beside.engine.runtime import load_subject
from beside.engine.training import train_model
from checks import rows_of

HERE = Path(__file__).resolve().parent
KINDS = ("typos",)
EPOCHS = 3


def main() -> None:
    """Trains twice, asks, writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=int, default=1000, help="training rows")
    asked = parser.parse_args()
    read = rows_of("sst2", 0, 1)
    rows = [example(*row) for row in read if row[2] == "train"][:: max(1, 6920 // asked.train)][: asked.train]
    dev = [example(*row) for row in read if row[2] == "tune"]
    right = {augment: answers(augment, rows, dev) for augment in (None, ",".join(KINDS))}
    plain, copied = right.values()
    lines = [
        "# Learning from edited copies",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}; SST-2, {len(rows):,} training rows, {len(dev)} dev rows, embedded",
        f"model, lpft for {EPOCHS} passes, seed 0; by `benchmarks/augment.py`. Share of right answers with its 95 % interval;",
        "the gap is paired over dev rows.",
        "",
        "| dev rows | without | augment=typos, augment_share=1 | gap |",
        "| --- | --- | --- | --- |",
    ]
    for asked_as in ("as they are", "with slips of the finger"):
        without, with_copies = plain[asked_as], copied[asked_as]
        gap = paired_gap(without, with_copies, np.random.default_rng(0))
        lines.append(f"| {asked_as} | {told(without)} | {told(with_copies)} | {shown(gap, '+')} |")
    (HERE / "augment.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


def example(text: str, label: str, split: str) -> Example:
    """A row."""
    return Example(id=text, text=text, target=label)


def answers(augment: str | None, rows: list[Example], dev: list[Example]) -> dict[str, list[bool]]:
    """Which dev rows a training answers rightly, as they are and edited."""
    recipe = Recipe(method="lpft", epochs=EPOCHS, augment=augment, augment_share=1.0 if augment else 0.5)
    with tempfile.TemporaryDirectory() as folder:
        keeping = Keeping(checkpoint=Checkpoint(Path(folder) / "state"), progress=Silent())
        train_model(Path(folder) / "model", rows, [], ("negative", "positive"), "classify", recipe, keeping)
        subject = load_subject(Path(folder) / "model")
        rng, typos = np.random.default_rng(1), load("perturbations", "typos")
        edited = [(typos.edit(row.text, rng), row) for row in dev]
        return {
            "as they are": rightly(subject, [(row.text, row) for row in dev]),
            "with slips of the finger": rightly(subject, edited),
        }


def rightly(subject: Any, asked: Sequence[tuple[str, Example]]) -> list[bool]:
    """Whether each text gets its row's label."""
    said = subject.predict([text for text, _ in asked])
    return [answer == row.target for answer, (_, row) in zip(said, asked, strict=True)]


def told(right: list[bool]) -> str:
    """A share of right answers."""
    return f"{shown(rate(sum(right), len(right)))}, n {len(right):,}"


def shown(score: Estimate, sign: str = "") -> str:
    """A value with its interval."""
    value, low, high = (f"{number:{sign}.3f}" for number in (score.value, score.low, score.high))
    return f"{value} ({low} to {high})"


if __name__ == "__main__":
    main()
