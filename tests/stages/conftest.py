"""What the tests of intake share: a store in a folder, and rows that are neither equal nor alike."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from beside.core.recipe import Limit, Policy
from beside.core.report import Report
from beside.core.types import Actor, Corpus, Example, Finding, Release, Splits
from beside.stages.intake import intake
from beside.stages.review import sign
from beside.stages.serve import Served, open_release
from beside.stages.verify import Verification, attest_release, verify
from beside.store.artifacts import Artifacts
from beside.store.bundle import write_bundle
from beside.store.keyring import Keyring
from beside.store.proof import proof_of
from beside.store.rows import read_splits

NOW = datetime(2026, 1, 2, tzinfo=UTC)
PLACES = (
    "the station",
    "a taxi",
    "my office",
    "the park",
    "a bakery",
    "the cinema",
    "some hotel",
    "a museum",
    "the gym",
    "our garden",
)
THINGS = ("wallet", "phone", "umbrella", "passport", "jacket", "necklace", "laptop", "bicycle", "suitcase", "guitar")


class World:
    """A store in a folder, and the last import read back from it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.artifacts = Artifacts(folder / "artifacts")
        self.corpus: Corpus
        self.report: Report
        self.splits: Splits

    def write(self, rows: Sequence[Sequence[str]], name: str = "rows.csv") -> str:
        with (self.folder / name).open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, quoting=csv.QUOTE_ALL).writerows(rows)
        return str(self.folder / name)

    def take(self, source: str, **given: object) -> World:
        settings = {"name": "mail", "now": NOW, "artifacts": self.artifacts, **given}
        self.corpus, self.report = intake(source, **settings)
        self.splits = read_splits(self.artifacts.path(self.corpus.examples))
        return self

    def rows(self) -> list[Example]:
        return [example for split in self.splits for example in split]

    def stored(self) -> list[Path]:
        return [path for path in self.artifacts.home.rglob("*") if path.is_file()]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A store of its own, into which files are taken."""
    return World(tmp_path)


@pytest.fixture(scope="session")
def make_world() -> Callable[[Path], World]:
    """`make_world(folder)`: for tests that need several in one run."""
    return World


@pytest.fixture(scope="session")
def plain() -> Callable[..., list[list[str]]]:
    """`plain(count=100, labels=2)`: pairs of text and label."""
    return plain_rows


def plain_rows(count: int = 100, labels: int = 2) -> list[list[str]]:
    """Rows that are neither equal nor alike."""
    return [
        [
            f"{THINGS[place % 10]} {place * 7919 % 100003:x} left behind in {PLACES[place // 10 % 10]} {place * 104729 % 99991:x}",
            f"kind {place % labels}",
        ]
        for place in range(count)
    ]


class Signed:
    """A release without a real model, approved by Rita, in a workspace with keys: quick to tamper with."""

    def __init__(self, folder: Path, at: datetime = NOW, who: str = "rita", run: str = "run-1", **rules: object) -> None:
        self.keys = Keyring(folder / ".beside" / "keys", "bank", clock=lambda: at)
        self.folder, self.at = folder / ".beside" / "releases" / f"release-{run}", at
        self.finding = Finding(
            id="finding-1", run_id=run, check="utility/report", metric="accuracy", unit="share", better="higher",
            value=0.9, low=0.85, high=0.94, n=120, limit=0.8, seed=0, made_at=at,
        )  # fmt: skip
        limit = Limit(check="utility/report", metric="accuracy", limit=0.8, reason="people would be quicker")
        policy = Policy.model_validate({"name": "two eyes", "limits": (limit,), **rules})
        evidence = {"findings": [self.finding.model_dump(mode="json", exclude={"verdict"})], "skipped": []}
        files: dict[str, bytes | Path] = {
            "model/config.json": b'{"size": 3}', "model/model.safetensors": bytes(range(256)), "card.html": "<p>卡</p>".encode(),
            "recipe.toml": b"epochs = 3", "run.json": b"{}", "corpus.json": b"{}", "findings.json": json.dumps(evidence).encode(),
        }  # fmt: skip
        facts = {"release": f"release-{run}", "run": run, "findings": ["finding-1"], "policy": policy.model_dump(mode="json")}
        seal = write_bundle(self.folder, files, facts)
        self.release = Release(
            id=f"release-{run}", run_id=run, finding_ids=("finding-1",), policy=policy, seal=seal, bundle=str(self.folder),
            card=str(self.folder / "card.html"), made_at=at,
        )  # fmt: skip
        attest_release(self.release, self.keys, at)
        self.release = self.decide(who)

    def decide(self, who: str, decision: Any = "approve", reason: str = "read it all", at: datetime | None = None) -> Release:
        """One more person decides."""
        prove = partial(proof_of, keys=self.keys)
        actor = Actor(name=who, roles=("reviewer",))
        self.release = sign(self.release, [self.finding], actor, decision, reason, now=at or self.at, prove=prove)
        return self.release

    def verify(self, at: datetime | None = None, **given: Any) -> Verification:
        return verify(self.folder, at or self.at, **{"known": self.keys.known(), **given})

    def serve(self, release: Release | None = None, at: datetime | None = None) -> Served:
        """Opened for use; the model itself is never loaded."""
        nothing: Any = object()
        return open_release(
            release or self.release, [self.finding], load=lambda folder: nothing, keys=self.keys.known, now=at or self.at
        )  # fmt: skip


@pytest.fixture(scope="session")
def make_signed() -> type[Signed]:
    """`make_signed(folder, at=, who=, run=, **policy)`: a signed and approved release of its own, to tamper with."""
    return Signed
