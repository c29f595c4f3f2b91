"""How often a look for drift alarms without drift, how often with it, and how far accuracy without labels is off.

One training of the embedded model on 3,000 rows of SST-2; its tune rows are the official dev split, and nothing is tuned on the
rest. Every look is the one of `beside drift`, once a day with one false alarm a month allowed, on a window of rows the model
never saw. Without drift: windows of fresh rows. With drift: a share of the window is other texts (the same sentences with slips
of typing, longer film reviews of imdb, questions of BANKING77, Chinese hotel reviews). Each figure is one line of
benchmarks/drift.jsonl; what is there is not measured again, so that what was cut short goes on where it was. Writes the tables,
dated, to benchmarks/drift.md.

    python benchmarks/drift.py [--home DIR] [--seconds N] [page]     page: write the tables from what is there
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
from drift_page import written
from results import rows_of

from beside.core.answers import Said
from beside.core.askable import answers_of
from beside.core.columns import Columns
from beside.core.drift import RESAMPLES, Look, atc, estimates
from beside.core.interfaces import Subject
from beside.core.recipe import Recipe
from beside.core.registry import load
from beside.core.types import Actor, Example, Prediction
from beside.loop import Loop
from beside.stages.drift import DIGITS, look
from beside.store.workspace import Workspace

HERE = Path(__file__).resolve().parent
STORE = HERE / "drift.jsonl"
LEARNED = 3000  # rows; the others of the train split are fresh ones
SIZES = (50, 100, 200, 500)  # of a window
SHARES = (1.0, 0.3, 0.1)  # of its rows that are other texts
QUIET, LOUD = 400, 60  # windows of one figure without and with drift
ASKED = 1000  # other texts of a kind, at most
SEEN = 200  # size of the windows whose estimates of accuracy are judged
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Pool(NamedTuple):
    """Texts of one kind that the model never saw."""

    rows: Sequence[Example]
    right: np.ndarray | None  # whether each answer is right; None where no label of the model fits
    sure: np.ndarray  # probability of each answer


class Remembered:
    """A subject that answers each text once: many windows hold the same rows."""

    def __init__(self, subject: Subject) -> None:
        self.subject, self.labels = subject, subject.labels
        self.said: dict[str, Said] = {}
        self.vectors: dict[str, np.ndarray] = {}

    def learn(self, texts: Sequence[str]) -> None:
        """Answers those it has not answered yet."""
        new = list(dict.fromkeys(text for text in texts if text not in self.said))
        if new:
            self.said |= dict(zip(new, answers_of(self.subject, new), strict=True))
            self.vectors |= dict(zip(new, self.subject.embed(new), strict=True))

    def answers(self, texts: Sequence[str]) -> list[Said]:
        """As a subject gives them."""
        self.learn(texts)
        return [self.said[text] for text in texts]

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """As a subject gives them, shape (texts, hidden)."""
        self.learn(texts)
        return np.stack([self.vectors[text] for text in texts])


class Bench:
    """The model and the texts it is asked."""

    def __init__(self, home: Path) -> None:
        loop = Loop(Workspace.open(home), Actor(name="bench", roles=("admin",)))
        train = rows_of("sst2", "train")
        order = np.random.default_rng(0).permutation(len(train)).tolist()
        self.tune, test = rows_of("sst2", "dev"), rows_of("sst2", "test")
        if not loop.records.runs(loop.actor):
            trained(loop, home, [train[at] for at in order[:LEARNED]], self.tune)
        [run] = loop.records.runs(loop.actor)
        self.subject, self.task = Remembered(loop.subject(run)), load("tasks", "classify")
        typos, rng = load("perturbations", "typos"), np.random.default_rng(1)
        slipped = [row.model_copy(update={"text": typos.edit(row.text, rng)}) for row in test]
        self.pools = {
            "fresh": self.pool([*test, *(train[at] for at in order[LEARNED:])]),
            "test": self.pool(test),
            "typos": self.pool(slipped),
            **{name: self.pool(some(rows_of(name, "test"))) for name in ("imdb", "banking77", "chnsenticorp_hotel")},
        }

    def pool(self, rows: Sequence[Example]) -> Pool:
        """Rows with what the model says of them."""
        said = self.subject.answers([row.text for row in rows])
        fits = {row.target for row in rows} <= set(self.subject.labels)
        right = np.array([float(one.label == row.target) for one, row in zip(said, rows, strict=True)])
        return Pool(rows, right if fits else None, np.round([one.probability for one in said], DIGITS))

    def looked(self, tune: Sequence[Example], asked: Sequence[Example], rng: np.random.Generator) -> Look:
        """One daily look."""
        stored = [
            Prediction(
                id=f"p{at}",
                release_id="r",
                text=row.text,
                label=said.label,
                probability=said.probability,
                probabilities=said.probabilities,
                made_at=NOW,
            )
            for at, (row, said) in enumerate(zip(asked, self.subject.answers([row.text for row in asked]), strict=True))
        ]
        facts = {"release_id": "r", "days": 1.0, "budget": 1.0, "now": NOW, "rng": rng}
        return look(self.subject, self.task, tune, stored, **facts)  # type: ignore[arg-type]

    def without(self, drawn_anew: bool, size: int, rng: np.random.Generator) -> Look:
        """A look at fresh rows; `drawn_anew` draws the rows they are compared with afresh as well."""
        if not drawn_anew:
            return self.looked(self.tune, drawn(self.pools["test"].rows, size, rng), rng)
        rows = drawn(self.pools["fresh"].rows, len(self.tune) + size, rng)
        return self.looked(rows[size:], rows[:size], rng)

    def with_(self, kind: str, share: float, size: int, rng: np.random.Generator) -> Look:
        """A look at a window of which a share is other texts."""
        other = round(share * size)
        if kind == "typos":  # of the same rows
            order = rng.permutation(len(self.pools["test"].rows))[:size]
            rows = [self.pools["typos" if at < other else "test"].rows[place] for at, place in enumerate(order)]
        else:
            rows = [*drawn(self.pools[kind].rows, other, rng), *drawn(self.pools["test"].rows, size - other, rng)]
        return self.looked(self.tune, rows, rng)

    def estimated(self, kind: str) -> dict[str, Any]:
        """Accuracy estimated on all texts of a kind and what it is, the error with its bootstrap interval, and windows of 200."""
        pool, tune, rng = self.pools[kind], self.pool(self.tune), np.random.default_rng(2)
        assert tune.right is not None
        found = estimates(tune.sure, tune.right, pool.sure, rng)
        row: dict[str, Any] = {"n": len(pool.rows), "tune": float(tune.right.mean())}
        row["estimates"] = {one.method: one.value for one in found}
        if pool.right is None:
            return row
        off = []
        for _ in range(RESAMPLES):
            old, new = (rng.integers(0, len(side.rows), len(side.rows)) for side in (tune, pool))
            now, truth = pool.sure[new], pool.right[new].mean()
            off.append((now.mean() - truth, atc(tune.sure[old], tune.right[old], now) - truth))
        lows, highs = np.quantile(off, [0.025, 0.975], axis=0)
        truth = float(pool.right.mean())
        row |= {"truth": truth, "windows": LOUD}
        row["errors"] = {one.method: [one.value - truth, lows[at], highs[at]] for at, one in enumerate(found)}
        held: Counter[str] = Counter()
        for _ in range(LOUD):
            chosen = rng.permutation(len(pool.rows))[:SEEN]
            seen = estimates(tune.sure, tune.right, pool.sure[chosen], rng)
            held.update(one.method for one in seen if one.low <= truth <= one.high)
            held["either"] += min(one.low for one in seen) <= truth <= max(one.high for one in seen)
        return row | {"held": {name: held[name] for name in ("average confidence", "ATC", "either")}}


def trained(loop: Loop, home: Path, train: Sequence[Example], tune: Sequence[Example]) -> None:
    """Trains with the default recipe; the test split is not needed and holds a few tune rows."""
    with (home / "sst2.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["text", "label", "split"])
        for split, rows in (("train", train), ("tune", tune), ("test", tune[:40])):
            out.writerows([row.text, row.target, split] for row in rows)
    corpus, _ = loop.intake(str(home / "sst2.csv"), "sst2", Columns(text="text", label="label", split="split"))
    loop.train(corpus.id, Recipe())


def some(rows: Sequence[Example]) -> list[Example]:
    """At most ASKED rows, by chance."""
    return [rows[at] for at in np.random.default_rng(3).permutation(len(rows))[:ASKED]]


def drawn(rows: Sequence[Example], count: int, rng: np.random.Generator) -> list[Example]:
    """So many different rows by chance."""
    return [rows[at] for at in rng.permutation(len(rows))[:count]]


def cells(bench: Bench) -> Iterator[tuple[str, dict[str, Any], Callable[[], dict[str, Any]]]]:
    """Every figure: its name, what it is of, and how it is measured; the most telling first."""
    kinds = ("typos", "imdb", "banking77", "chnsenticorp_hotel")
    for kind in ("test", *kinds):
        yield f"accuracy {kind}", {"what": "accuracy", "texts": kind}, partial(bench.estimated, kind)
    for share in SHARES:
        for kind in kinds:
            for size in SIZES:
                facts: dict[str, Any] = {"what": "with", "texts": kind, "share": share, "size": size}
                name = f"with {kind} {share} {size}"
                yield name, facts, partial(counted, partial(bench.with_, kind, share, size), LOUD, name)
    for size in SIZES:
        for anew in (True, False):
            facts = {"what": "without", "anew": anew, "size": size}
            yield f"without {anew} {size}", facts, partial(counted, partial(bench.without, anew, size), QUIET, f"{anew} {size}")


def counted(work: Callable[[np.random.Generator], Look], windows: int, name: str) -> dict[str, Any]:
    """In how many windows a look alarms, and of what."""
    rng = np.random.default_rng(crc32(name.encode()))
    found = [work(rng).alarms for _ in range(windows)]
    aspects = Counter(aspect for alarms in found for aspect in alarms)
    return {"windows": windows, "alarmed": sum(bool(alarms) for alarms in found), "aspects": dict(sorted(aspects.items()))}


def kept() -> dict[str, dict[str, Any]]:
    """What was measured, by name."""
    lines = STORE.read_text(encoding="utf-8").splitlines() if STORE.exists() else []
    return {row["name"]: row for row in map(json.loads, lines)}


def main() -> None:
    """Measures what time allows, writes the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=["page"], help="write the tables from what is there")
    parser.add_argument("--home", type=Path, help="a folder that keeps the model")
    parser.add_argument("--seconds", type=float, default=1e9, help="no figure is begun after so many")
    asked = parser.parse_args()
    if asked.what is None:
        with tempfile.TemporaryDirectory() as scratch:
            measure(asked.home or Path(scratch), time.monotonic() + asked.seconds)
    (HERE / "drift.md").write_text(written(kept()), encoding="utf-8")


def measure(home: Path, until: float) -> None:
    """Measures what is not kept yet."""
    home.mkdir(parents=True, exist_ok=True)
    bench = Bench(home)
    for name, facts, work in cells(bench):
        if name in kept() or time.monotonic() > until:
            continue
        began = time.perf_counter()
        row = {"name": name, **facts, "date": datetime.now(UTC).date().isoformat(), **work()}
        print(json.dumps(row), f"{time.perf_counter() - began:.1f} s", flush=True)
        with STORE.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
