"""Training across sites against training in one place on the same rows: writes benchmarks/federate-METHOD.md.

The rows of SST-2 lie at 3 or 5 sites, dealt out evenly or with labels skewed (Dirichlet, 0.3), and are learned by FedAvg and
FedProx in as many passes as in one place. Sites answer in this process, one after the other: how messages travel changes no
number. The round is chosen on dev rows; accuracy is of the test rows, its gap to one place a paired bootstrap over them.

    python benchmarks/federate.py [METHOD] [ROWS] [ROUNDS]     full or probe; training rows in all; rounds, each of one pass
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is loaded

from beside.core.federation import must_federate
from beside.core.interfaces import Silent
from beside.core.recipe import Recipe
from beside.core.statistics import paired_gap, rate
from beside.core.types import Example
from beside.engine.checkpoint import Checkpoint
from beside.engine.federate import train_across
from beside.engine.keeping import Keeping
from beside.engine.runtime import load_subject
from beside.engine.site import Site
from beside.engine.training import train_model

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("BESIDE_BENCH_DATA", HERE.parent.parent / "shared" / "data"))
LABELS, DEV = ("negative", "positive"), 400
SKEW, MU = 0.3, 0.1
KNOBS: dict[str, dict[str, Any]] = {  # none of them was looked for
    "full": {"frozen_layers": 3, "batch_size": 16, "learning_rate": 2e-4, "max_length": 64},
    "probe": {"frozen_layers": 6, "batch_size": 16, "head_learning_rate": 0.03, "max_length": 64},
}


class Sites:
    """Sites in this process."""

    def __init__(self, parts: Mapping[str, Sequence[Example]], folder: Path) -> None:
        self.parts, self.folder = parts, folder
        self.sites: dict[str, Site] = {}
        self.bytes = 0  # that left them

    def open(self, plan: bytes, limit: int) -> None:
        self.sites = {name: Site(name, plan, rows, self.folder / name, Silent()) for name, rows in self.parts.items()}

    def gathered(self, fewest: int) -> list[str]:
        return sorted(self.parts)

    def ask(self, messages: Mapping[str, bytes]) -> dict[str, bytes]:
        found = {name: self.sites[name].answer(message) for name, message in messages.items()}
        self.bytes += sum(map(len, found.values()))
        return found


def rows_of(split: str, count: int = 0) -> list[Example]:
    """So many rows of SST-2 by chance; 0 = all."""
    read = [json.loads(line) for line in (DATA / "sst2" / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()]
    chosen = np.random.default_rng(0).permutation(len(read))[: count or None]
    return [Example(id=f"{split}-{place}", text=read[place]["text"], target=str(read[place]["label"])) for place in chosen]


def dealt(rows: Sequence[Example], count: int, skewed: bool) -> dict[str, list[Example]]:
    """The rows of each site: in turn, or each label in shares drawn from a Dirichlet distribution."""
    parts: dict[str, list[Example]] = {f"site-{place + 1}": [] for place in range(count)}
    rng = np.random.default_rng(1)
    for label in LABELS:
        own = [row for row in rows if row.target == label]
        shares = rng.dirichlet([SKEW] * count) if skewed else np.full(count, 1 / count)
        ends = np.round(np.cumsum(shares) * len(own)).astype(int)
        for part, begin, end in zip(parts.values(), [0, *ends[:-1]], ends, strict=True):
            part += own[begin:end]
    return {name: part for name, part in parts.items() if part}


def in_one_place(method: str, rows: Sequence[Example], dev: Sequence[Example], rounds: int, folder: Path) -> Path:
    """The folder of a model trained on all rows together; a probe is solved there, not taken by steps."""
    keeping = Keeping(checkpoint=Checkpoint(folder / "state"), progress=Silent())
    train_model(folder / "model", rows, dev, LABELS, "classify", Recipe(method=method, **KNOBS[method], epochs=rounds), keeping)
    return folder / "model"


def across(
    method: str, parts: Mapping[str, Sequence[Example]], dev: Sequence[Example], rounds: int, folder: Path, **settings: Any
) -> tuple[Path, Sites, dict[str, Any] | None]:
    """The folder of a model trained across sites, the sites, and what was spent."""
    sites, recipe = Sites(parts, folder), must_federate(Recipe(method=method, **KNOBS[method], rounds=rounds, **settings))
    keeping = Keeping(checkpoint=Checkpoint(folder / "state"), progress=Silent())
    pilot = next(iter(parts.values()))  # open knobs are chosen from these; all that matter are given
    trained = train_across(folder / "model", pilot, dev, LABELS, "classify", recipe, sites, len(parts), len(parts), keeping)
    return folder / "model", sites, trained.spent


def right_in(folder: Path, test: Sequence[Example]) -> list[bool]:
    """Which test rows a saved model answers right."""
    said = load_subject(folder).predict([row.text for row in test])
    return [answer == row.target for answer, row in zip(said, test, strict=True)]


def line(title: str, parts: str, right: Sequence[bool], central: Sequence[bool] | None, more: str) -> str:
    """A row of the table."""
    own = rate(sum(right), len(right))
    gap = "-"
    if central is not None:
        found = paired_gap(central, right, np.random.default_rng(0))
        gap = f"{found.value:+.4f} [{found.low:+.4f}, {found.high:+.4f}]"
    return f"| {title} | {parts} | {own.value:.4f} [{own.low:.4f}, {own.high:.4f}] | {gap} | {more} |"


def write(method: str, lines: Sequence[str], count: int, rounds: int, seconds: float, test: int) -> None:
    """The page, as far as it is."""
    cores = len(os.sched_getaffinity(0))
    head = [
        f"# Training across sites: {method}",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {cores} cores, {seconds:.0f} s;",
        f"`benchmarks/federate.py {method} {count} {rounds}`: SST-2, {count} training rows in all, {rounds} rounds of one pass",
        f"or as many passes in one place, {KNOBS[method]['frozen_layers']} of 6 layers frozen, one seed.",
        f"{DEV} dev rows chose the round or pass; n = {test} test rows.",
        "Brackets: 95 %, Wilson for the accuracy, paired bootstrap over the test rows for the gap.",
        "",
        "| training | rows at each site (share of positive) | accuracy | gap to one place | what travelled |",
        "| --- | --- | --- | --- | --- |",
    ]
    (HERE / f"federate-{method}.md").write_text("\n".join([*head, *lines, ""]), encoding="utf-8")


def main() -> None:
    """Trains each way, writes the page."""
    method = sys.argv[1] if len(sys.argv) > 1 else "probe"
    count, rounds = (int(sys.argv[place]) if len(sys.argv) > place else usual for place, usual in ((2, 2000), (3, 5)))
    rows, dev, test = rows_of("train", count), rows_of("dev", DEV), rows_of("test")
    began, lines = time.perf_counter(), []

    def told(text: str) -> None:
        print(text, flush=True)
        lines.append(text)
        write(method, lines, count, rounds, time.perf_counter() - began, len(test))  # what was measured is kept

    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        central = right_in(in_one_place(method, rows, dev, rounds, home / "central"), test)
        told(line("in one place", f"1 x {count}", central, None, ""))
        alone = dealt(rows, 3, False)["site-1"]
        told(
            line(
                "one of 3 sites alone",
                f"1 x {len(alone)}",
                right_in(in_one_place(method, alone, dev, rounds, home / "a"), test),
                central,
                "",
            )
        )
        for number, skewed in ((3, False), (3, True), (5, False), (5, True)):
            parts = dealt(rows, number, skewed)
            how = ", ".join(f"{len(part)} ({np.mean([row.target == LABELS[1] for row in part]):.0%})" for part in parts.values())
            for title, settings in (("FedAvg", {}), (f"FedProx, mu {MU}", {"proximal_mu": MU})):
                if settings and not skewed:
                    continue  # it is for sites that differ
                folder, sites, _ = across(method, parts, dev, rounds, home / f"{number}{skewed}{title}", **settings)
                left = f"{sites.bytes / len(parts) / rounds / 2**20:.1f} MiB per site and round"
                told(line(title, how, right_in(folder, test), central, left))
        parts = dealt(rows, 5, False)
        noisy = {"site_clip": 0.5, "site_noise": 1.0}
        folder, _, spent = across(method, parts, dev, rounds, home / "noisy", **noisy)
        assert spent
        told(line("FedAvg, privacy per site", "5 even", right_in(folder, test), central, f"epsilon {spent['epsilon']:.1f} at 1e-5"))


if __name__ == "__main__":
    main()
