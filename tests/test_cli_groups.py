"""Groups of people: named at the import, measured at the audit."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from beside.core.types import Actor
from beside.store.rows import read_splits
from beside.store.workspace import Workspace


@pytest.fixture
def table(tmp_path: Path, messages: Any) -> Path:
    """Messages with two columns that no name gives away as groups."""
    file = tmp_path / "messages.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["message", "intent", "desk", "part_of_country"])
        rows.writerows([text, label, f"d{n % 3}", ("north", "south")[n % 2]] for n, (text, label) in enumerate(messages(90)))
    return file


def test_columns_of_groups_are_named_and_kept_with_each_row(beside: Any, table: Path, tmp_path: Path) -> None:
    ended = beside("import", table, "--name", "inbox", "--group", "part_of_country", "--group", "desk", "--json", cwd=tmp_path)
    assert ended.code == 0, ended.err
    workspace = Workspace.open(tmp_path)
    corpus = workspace.records.corpus(Actor(name="olga", roles=("admin",)), ended.json["id"])
    rows = [row for split in read_splits(workspace.artifacts.path(corpus.examples)) for row in split]
    assert {tuple(row.groups) for row in rows} == {("part_of_country", "desk")}
    assert {row.groups["part_of_country"] for row in rows} == {"north", "south"}


def test_a_column_that_is_not_there_is_refused_with_a_guess(beside: Any, table: Path, tmp_path: Path) -> None:
    ended = beside("import", table, "--name", "inbox", "--group", "part_of_contry", cwd=tmp_path)
    assert ended.code == 2
    assert "no column 'part_of_contry' for the group" in ended.err
    assert "Did you mean 'part_of_country'?" in ended.err
