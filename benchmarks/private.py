"""What privacy costs: accuracy at epsilon 1, 3 and 8 against none, and how much leaks.

SST-2 and BANKING77 with the embedded model; probe, lora and full. Every number is from the test split, with its 95 % interval;
the gap is that of a training with epsilon to the same recipe without, on the same test rows. Each training is one line of
benchmarks/private.jsonl; what is there is not measured again, so that what was cut short goes on where it was. The most telling
come first. Writes the tables, dated, to benchmarks/private.md.

    python benchmarks/private.py [--keep DIR] [--seconds N] [page]     page: print the tables from what is there
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np

from beside.cards.promise import most_found
from beside.core.interfaces import Silent
from beside.core.policies import read_policy
from beside.core.recipe import Recipe
from beside.core.statistics import Estimate, paired_gap, rate
from beside.core.types import Corpus, Example, Finding, Run, Splits
from beside.engine.runtime import load_subject
from beside.engine.untrained import base_subject
from beside.stages.audit import Model, audit
from beside.stages.train import train
from beside.store.artifacts import Artifacts
from checks import opened, rows_of

HERE = Path(__file__).resolve().parent
STORE = HERE / "private.jsonl"
PAGE = HERE / "private.md"
EPSILONS = (None, 3.0, 8.0, 1.0)
# a training that learns its rows by heart, so that there is something to leak; no tune rows, so that the last pass is kept
HEART = {"method": "full", "frozen_layers": 0, "epochs": 12, "learning_rate": 1e-4, "dropout": 0.0, "canaries": 200}
HEART_ROWS = 800
LEAKS = {  # metric -> head of its column
    "membership_tpr": "members found at 1 % false alarms",
    "membership_auc": "membership AUC",
    "canary_exposure": "canaries: bits above those never planted",
    "canary_epsilon": "canaries: epsilon that guesses speak for",
    "accuracy": "accuracy",
}
FEW_STEPS = """Lora for 3 passes with epsilon is what not to do: large batches make 51 noised steps of them, from which nothing is
learned. The rule that fills in an open recipe takes 10 passes."""
PUBLISHED = """Published for comparison, each of its own model and recipe: RoBERTa-large on SST-2 loses 1 to 2 points at epsilon 3
(Li et al. 2022, "Large Language Models Can Be Strong Differentially Private Learners"); Opacus's own BERT tutorial on SNLI has
74.3 % at epsilon 7.5 where full training without has 90.1 %, 16 points. The embedded model has 22.6 million parameters,
RoBERTa-large 355 million, and the larger a model, the less the noise costs it (same paper)."""


@dataclass(frozen=True, kw_only=True)
class Costed:
    """One method on one set, at several epsilons."""

    set: str
    title: str
    method: str
    rows: int  # to learn from; 0 = all
    epochs: int
    frozen: int | None = None  # bottom layers that do not learn, of six; None = by rule
    epsilons: tuple[float | None, ...] = EPSILONS

    def recipe(self, epsilon: float | None) -> Recipe:
        """The default recipe but for these."""
        return Recipe(method=self.method, epochs=self.epochs, epsilon=epsilon, frozen_layers=self.frozen)


COSTED = (  # in the order in which they are measured
    Costed(set="sst2", title="probe", method="probe", rows=3000, epochs=20),
    Costed(set="sst2", title="lora", method="lora", rows=3000, epochs=3, epsilons=(None, 3.0)),
    Costed(set="sst2", title="full, top layer", method="full", rows=3000, epochs=10, frozen=5),
    Costed(set="banking77", title="probe", method="probe", rows=0, epochs=20),
    Costed(set="banking77", title="full, top layer", method="full", rows=0, epochs=10, frozen=5),
    Costed(set="sst2", title="lora, 10 passes", method="lora", rows=3000, epochs=10),
    Costed(set="sst2", title="full", method="full", rows=3000, epochs=10),
    Costed(set="banking77", title="lora, 10 passes", method="lora", rows=0, epochs=10),
    Costed(set="banking77", title="full", method="full", rows=0, epochs=10),
)


def main() -> None:
    """Trains what time allows, writes the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=["page"], help="print the tables from what is there")
    parser.add_argument("--keep", type=Path, help="workspaces to keep")
    parser.add_argument("--seconds", type=float, default=1e9, help="no training begins after so many")
    asked = parser.parse_args()
    if asked.what is None:
        with tempfile.TemporaryDirectory() as scratch:
            measure(asked.keep or Path(scratch), time.monotonic() + asked.seconds)
    PAGE.write_text(page(kept()), encoding="utf-8")


def kept() -> dict[str, dict[str, Any]]:
    """What was measured, by name."""
    lines = STORE.read_text(encoding="utf-8").splitlines() if STORE.exists() else []
    return {row["name"]: row for row in map(json.loads, lines)}


def measure(home: Path, until: float) -> None:
    """Measures what is not there yet, in order; each goes to the store as it ends."""
    there = kept()
    for name, figures in everything(home):
        if time.monotonic() > until:
            return
        if name in there:
            continue
        row = {"name": name, "date": f"{datetime.now(UTC):%Y-%m-%d}", **figures()}
        with STORE.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        print(row, flush=True)
        PAGE.write_text(page(kept()), encoding="utf-8")


def everything(home: Path) -> Iterator[tuple[str, Any]]:
    """Name and measurement of every training: what leaks, then every method at none and 3, then what is left."""
    for epsilon in (None, 3.0):
        yield f"leak {told(epsilon)}", partial(leaked, home, epsilon)
    for part in (COSTED[:4], COSTED[4:]):
        for some in (EPSILONS[:2], EPSILONS[2:]):
            for costed in part:
                for epsilon in some:
                    if epsilon in costed.epsilons:
                        yield f"{costed.set} {costed.title} {told(epsilon)}", partial(cost, home, costed, epsilon)


def cost(home: Path, costed: Costed, epsilon: float | None) -> dict[str, Any]:
    """Accuracy of one training, and its gap to none."""
    loop, corpus = there(home / f"{costed.set}-{costed.rows}", rows_of(costed.set, costed.rows, 0))
    splits = loop.splits(corpus)

    def right(recipe: Recipe) -> tuple[Any, list[bool]]:
        same = [one for one in loop.records.runs(loop.actor, corpus.id) if alike(one.recipe, recipe)]
        run = same[0] if same else loop.train(corpus.id, recipe)
        answers = loop.subject(run).predict([row.text for row in splits.test])
        return run, [answer == row.target for answer, row in zip(answers, splits.test, strict=True)]

    run, own = right(costed.recipe(epsilon))
    found = {"rows": len(splits.train), "epochs": costed.epochs, "seconds": round(run.seconds), "spent": run.spent}
    found["accuracy"] = told_estimate(rate(sum(own), len(own)))
    if epsilon is not None:
        found["gap"] = told_estimate(paired_gap(right(costed.recipe(None))[1], own, np.random.default_rng(0)))
    return found


def alike(one: Recipe, other: Recipe) -> bool:
    """Whether both are the same line of the table; a kept training may be of before a knob was added."""
    frozen = other.frozen_layers in (None, one.frozen_layers)
    return frozen and (one.method, one.epochs, one.epsilon) == (other.method, other.epochs, other.epsilon)


def leaked(home: Path, epsilon: float | None) -> dict[str, Any]:
    """The attacks on a training that learns its rows by heart, canaries among them; no tune rows, so that the last pass is kept."""
    rows = [(text, label, split) for text, label, split in rows_of("sst2", HEART_ROWS, HEART_ROWS) if split != "tune"]
    made = [(split, Example(id=f"{split}-{place}", text=text, target=label)) for place, (text, label, split) in enumerate(rows)]
    splits = Splits(*([row for at, row in made if at == split] for split in ("train", "tune", "test")))
    now, counts = datetime.now(UTC), {name: len(part) for name, part in splits._asdict().items()}
    labels = tuple(sorted({label for _, label, _ in rows}))
    corpus = Corpus(id="corpus-leaks", name="leaks", task="classify", labels=labels, splits=counts, examples="", made_at=now)
    artifacts = Artifacts(home / "leaks")
    given = {"artifacts": artifacts, "progress": Silent(), "now": now}
    kept_run = home / f"leaks-{told(epsilon)}.json"  # the attacks may be made again without another training
    if kept_run.exists():
        run = Run.model_validate_json(kept_run.read_text(encoding="utf-8"))
    else:
        run = train(corpus, splits, Recipe(**HEART, epsilon=epsilon), checkpoints=home / kept_run.stem, resume=True, **given)
        kept_run.write_text(run.model_dump_json(), encoding="utf-8")
    subject, base = load_subject(artifacts.folder(run.model)), base_subject(run.recipe)
    found = audit(
        run,
        Model(None, lambda: subject),
        splits,
        read_policy("sandbox"),
        given={"base": Model(None, lambda: base)},
        checks=("privacy/membership", "privacy/canaries", "utility/report"),
        **given,
    )
    by_name = {one.metric: one for one in found if isinstance(one, Finding)}
    return {"seconds": round(run.seconds), "spent": run.spent, **{name: told_estimate(by_name[name]) for name in LEAKS}}


def there(folder: Path, rows: list[tuple[str, str, str]]):  # type: ignore[no-untyped-def]
    """A loop over a workspace with these rows, made when it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    return opened(folder, rows)


def told(epsilon: float | None) -> str:
    """An epsilon in a cell."""
    return "none" if epsilon is None else f"{epsilon:g}"


def told_estimate(score: Finding | Estimate) -> dict[str, Any]:
    """A value with its interval, as it is kept."""
    return {"value": score.value, "low": score.low, "high": score.high, "n": score.n}


def page(found: dict[str, dict[str, Any]]) -> str:
    """The tables of what was measured."""
    dates = sorted({row["date"] for row in found.values()})
    lines = [
        "# What privacy costs",
        "",
        f"{' to '.join(dict.fromkeys([*dates[:1], *dates[-1:]]))}, {platform.machine()}, embedded model, delta 1e-5, unit row;",
        "by `benchmarks/private.py`. One training a line, seed 0. Seconds of one shared core tell the order of size.",
    ]
    lines += leaks(found)
    for name in dict.fromkeys(costed.set for costed in COSTED):
        lines += costs(name, found)
    return "\n".join([*lines, "", FEW_STEPS, "", PUBLISHED]) + "\n"


def costs(name: str, found: dict[str, dict[str, Any]]) -> list[str]:
    """The table of one set: accuracy of each method at each epsilon, and the gap to none on the same test rows."""
    heads = ("method", "rows", "passes", "epsilon", "noise", "accuracy (95 % interval)", "gap to none", "seconds")
    lines = ["", f"## {name}", "", f"| {' | '.join(heads)} |", "|" + " --- |" * len(heads)]
    for costed in (one for one in COSTED if one.set == name):
        for epsilon in (None, 8.0, 3.0, 1.0):
            row = found.get(f"{name} {costed.title} {told(epsilon)}")
            if row is None:
                continue
            noise = f"{row['spent']['noise']:.2f}" if row["spent"] else "-"
            gap = shown(row["gap"], "+") if "gap" in row else "-"
            score = f"{shown(row['accuracy'])}, n {row['accuracy']['n']}"
            cells = [costed.title, f"{row['rows']:,}", str(row["epochs"]), told(epsilon), noise, score, gap, str(row["seconds"])]
            lines.append(f"| {' | '.join(cells)} |")
    return lines if len(lines) > 5 else []  # nothing measured yet


def leaks(found: dict[str, dict[str, Any]]) -> list[str]:
    """Promised and measured: the attack on a training that learns its rows by heart, without and with epsilon."""
    heads = ("epsilon", "promised: members found at 1 % false alarms", *LEAKS.values())
    title = f"## Leakage: SST-2, {HEART_ROWS} rows, every layer for {HEART['epochs']} passes, the last one kept"
    lines = ["", title, "", f"| {' | '.join(heads)} |", "|" + " --- |" * len(heads)]
    for epsilon in (None, 3.0):
        row = found.get(f"leak {told(epsilon)}")
        if row is None:
            continue
        spent = row["spent"]
        promised = f"at most {most_found(spent['epsilon'], spent['delta']):.3f}" if spent else "nothing"
        cells = [f"{shown(row[name])}, n {row[name]['n']}" for name in LEAKS]
        lines.append(f"| {told(epsilon)} | {promised} | {' | '.join(cells)} |")
    return lines


def shown(score: dict[str, Any], sign: str = "") -> str:
    """A value with its interval."""
    value, low, high = (f"{score[part]:{sign}.3f}" for part in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


if __name__ == "__main__":
    main()
