"""What the tests of intake share: a store in a folder, and rows that are neither equal nor alike."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from beside.core.report import Report
from beside.core.types import Corpus, Example, Splits
from beside.stages.intake import intake
from beside.store.artifacts import Artifacts
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
