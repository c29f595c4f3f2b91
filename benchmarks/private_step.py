"""How much longer a private step takes: the same rows, the same model, with and without epsilon, turn by turn.

SST-2 rows, embedded model, no frozen layers, as many rows a step as the rule draws from 2,000. A pair of steps, private and not,
is taken on the same batch one after the other, so that a busy machine slows both; shown is the median over pairs of their ratio
with its bootstrap interval. The aim is 1.5 and below (published: ghost clipping 1.8, Opacus 2.0 times the plain step). Writes
benchmarks/private_step.md, dated.

    python benchmarks/private_step.py [--pairs N] [--batch ROWS] [METHOD ...]
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np

from beside.core.interfaces import Silent
from beside.core.recipe import Recipe
from beside.core.statistics import Estimate, bootstrap
from beside.core.types import Example
from beside.engine.checkpoint import Checkpoint
from beside.engine.dropping import light_dropout
from beside.engine.fit import Fit
from beside.engine.ghost import recording
from beside.engine.keeping import Keeping
from beside.engine.private import PrivateFit
from beside.engine.private_proof import prove_gradients
from beside.engine.training import learn
from checks import rows_of

HERE = Path(__file__).resolve().parent
METHODS = ("full", "lora", "adapter")  # without epsilon the probe is fitted at once, without steps
ROWS = 400
WARM_UP = 1  # pairs that do not count


class Caught(Exception):
    """A training on the point of its first step; afterwards what a method added would be merged away."""


def main() -> None:
    """Times pairs of steps, writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("methods", nargs="*", default=METHODS)
    parser.add_argument("--pairs", type=int, default=20, help="pairs of steps that count")
    parser.add_argument("--batch", type=int, default=128, help="rows of a step")
    asked = parser.parse_args()
    examples = [Example(id=str(place), text=text, target=label) for place, (text, label, _) in enumerate(rows_of("sst2", ROWS, 1))]
    heads = ("method", "learning", "plain step", "private step", "private / plain (95 % interval)", "pairs")
    lines = [
        "# Time of a private step",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {len(os.sched_getaffinity(0))} cores, shared; SST-2, embedded model,",
        f"{asked.batch} rows a step; by `benchmarks/private_step.py`.",
        "Published on a GPU: a step with ghost clipping takes 1.8 times the plain one, one of Opacus 2.0 times.",
        "",
        f"| {' | '.join(heads)} |",
        "|" + " --- |" * len(heads),
    ]
    for method in asked.methods:
        lines.append(line(method, examples[:ROWS], asked.pairs, asked.batch))
        print(lines[-1], flush=True)
        (HERE / "private_step.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def line(method: str, examples: list[Example], pairs: int, batch: int) -> str:
    """One method: median seconds of both kinds of step and the median of their ratio."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        plain, private = (fit_of(method, epsilon, examples, batch, Path(folder)) for epsilon in (None, 3.0))
        prove_gradients(private)
        private.tape = stack.enter_context(recording(list(private.layers)))
        seconds = np.zeros((pairs + WARM_UP, 2))
        for row in seconds:
            drawn = rng.choice(len(examples), batch, replace=False)
            for place in rng.permutation(2):  # neither kind always comes first
                row[place] = timed((plain, private)[place], drawn)
    both = seconds[WARM_UP:]
    ratio: Estimate = bootstrap(lambda rows: float(np.median(both[rows, 1] / both[rows, 0])), len(both), rng)
    times = [f"{1000 * value:.0f} ms" for value in np.median(both, axis=0)]
    learning = sum(parameter.numel() for parameter in plain.trained)
    told = f"{ratio.value:.2f} ({ratio.low:.2f} to {ratio.high:.2f})"
    return f"| {' | '.join([method, f'{learning:,}', *times, told, str(ratio.n)])} |"


def timed(fit: Fit, drawn: np.ndarray) -> float:
    """Seconds of one step over these rows."""
    fit.model.train()
    began = time.perf_counter()
    with light_dropout(fit.device):
        fit.one_step([drawn])
    return time.perf_counter() - began


def fit_of(method: str, epsilon: float | None, examples: list[Example], batch: int, folder: Path) -> Any:
    """A training as the product makes it, stopped before its first step."""

    def caught(self: Fit, resume: bool) -> None:
        raise Caught(self)

    recipe = Recipe(method=method, epsilon=epsilon, batch_size=batch, epochs=1, frozen_layers=0)
    keeping = Keeping(checkpoint=Checkpoint(folder / f"{method}-{epsilon}"), progress=Silent())
    with patch.object(Fit, "run", caught), patch.object(PrivateFit, "run", caught):
        try:
            learn(examples, [], ("negative", "positive"), "classify", recipe, keeping)
        except Caught as made:
            return made.args[0]
    raise AssertionError(f"{method} learns without steps")


if __name__ == "__main__":
    main()
