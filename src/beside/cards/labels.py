"""The classification report of the evidence as a table: how each label fares, with intervals and both n."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from beside.cards.facts import Facts
from beside.cards.numbers import count, interval, number
from beside.cards.words import Words

SCORES = ("recall", "precision", "f1")


@dataclass(frozen=True, kw_only=True)
class ByLabel:
    """Column names, and per label one cell for each."""

    columns: list[str]
    rows: list[tuple[str, list[str]]]


def by_label(facts: Facts, words: Words) -> ByLabel | None:
    """The first classification report among the evidence; None when no check left one."""
    for finding in facts.findings:
        evidence = facts.evidence.get(finding.evidence or "", {})
        if evidence.get("kind") == "report":
            columns = [words("support"), *(words(score) for score in SCORES)]
            return ByLabel(columns=columns, rows=[(str(row["label"]), cells(row, words)) for row in evidence["rows"]])
    return None


def cells(row: dict[str, Any], words: Words) -> list[str]:
    """`41 / 39`, then each score with its interval."""
    none = words("no_interval")
    scores = ((number(row[name]), interval(row[f"{name}_low"], row[f"{name}_high"], none)) for name in SCORES)
    return [f"{count(row['support'])} / {count(row['answered'])}", *(f"{value} [{bounds}]" for value, bounds in scores)]
