"""What checks of edited texts share: each row asked as it is and edited, what flipped, and the rows to show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from beside.core.interfaces import Subject
from beside.core.statistics import Estimate, rate

LISTS = ("texts", "edits", "targets", "before", "after")
COLUMNS = ["text", "edited", "target", "before", "after"]


@dataclass(frozen=True, kw_only=True)
class Flips:
    """Rows that could be edited, with both answers; rows in which nothing can be edited are counted, not asked."""

    places: list[int]  # which of the rows asked about
    texts: list[str]
    edits: list[str]
    targets: list[str]
    before: list[str]
    after: list[str]
    unchanged: int

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def flipped(self) -> list[int]:
        """Places of the rows whose answer changed."""
        return [place for place, answer in enumerate(self.after) if answer != self.before[place]]

    def rate(self) -> Estimate:
        """Share of rows whose answer changed; there must be one row at least."""
        return rate(len(self.flipped), len(self))

    def accuracy(self) -> Estimate:
        """Share of edited copies that are answered correctly."""
        return rate(sum(answer == target for answer, target in zip(self.after, self.targets, strict=True)), len(self))

    def examples(self, shown: int) -> dict[str, Any]:
        """The flipped rows, so many of them, as evidence."""
        told = zip(self.texts, self.edits, self.targets, self.before, self.after, strict=True)
        rows = [dict(zip(COLUMNS, row, strict=True)) for row in told if row[3] != row[4]]
        return {"kind": "examples", "columns": COLUMNS, "rows": rows[:shown], "of": len(rows), "unchanged": self.unchanged}


def ask(subject: Subject, rows: Sequence[tuple[str, str]], edits: Sequence[str]) -> Flips:
    """Asks every row as it is, and its edited copy where that differs.

    Args:
        rows: (text, target) of each row.
        edits: one edited copy of each row's text; the text itself where nothing in it can be edited.
    """
    answers = subject.predict([text for text, _ in rows])
    changed = [place for place, (text, _) in enumerate(rows) if edits[place] != text]
    return Flips(
        places=changed,
        texts=[rows[place][0] for place in changed],
        edits=[edits[place] for place in changed],
        targets=[rows[place][1] for place in changed],
        before=[answers[place] for place in changed],
        after=subject.predict([edits[place] for place in changed]) if changed else [],
        unchanged=len(rows) - len(changed),
    )


def joined(several: Sequence[Flips]) -> Flips:
    """Several ways to edit the same rows as one: a row flips when one of its edits flips it."""
    best: dict[int, tuple[Flips, int]] = {}
    for flips in several:
        flipped = set(flips.flipped)
        for at, place in enumerate(flips.places):
            if place not in best or at in flipped:
                best[place] = flips, at
    chosen = sorted(best)
    found = {name: [getattr(flips, name)[at] for flips, at in (best[place] for place in chosen)] for name in LISTS}
    return Flips(places=chosen, **found, unchanged=len(several[0]) + several[0].unchanged - len(chosen))


def bars(title: str, found: dict[str, Estimate]) -> dict[str, Any]:
    """One bar per kind, as evidence."""
    rows = [{"name": name, "value": one.value, "low": one.low, "high": one.high, "n": one.n} for name, one in found.items()]
    return {"kind": "bars", "title": title, "unit": "share", "rows": rows}
