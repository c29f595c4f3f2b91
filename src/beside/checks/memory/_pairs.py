"""Two models on the same test rows: those whose right answer both of them know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from beside.checks._rows import labelled
from beside.core.interfaces import Subject
from beside.core.types import Splits

SHOWN = 20  # rows kept as examples for a person to read


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """What two models answer on the same rows."""

    rows: list[tuple[str, str]]  # (text, target)
    before: list[str]
    after: list[str]

    @property
    def was_right(self) -> np.ndarray:
        """Where the earlier model is right, bool, shape (n,)."""
        return np.array([answer == target for answer, (_, target) in zip(self.before, self.rows, strict=True)], dtype=bool)

    @property
    def is_right(self) -> np.ndarray:
        """Where the present model is right, bool, shape (n,)."""
        return np.array([answer == target for answer, (_, target) in zip(self.after, self.rows, strict=True)], dtype=bool)

    def lost(self) -> dict[str, Any]:
        """The rows that only the earlier model answers correctly, as examples."""
        places = np.flatnonzero(self.was_right & ~self.is_right)
        rows = [
            {"text": self.rows[at][0], "target": self.rows[at][1], "before": self.before[at], "after": self.after[at]}
            for at in places[:SHOWN]
        ]
        return {"kind": "examples", "columns": ["text", "target", "before", "after"], "rows": rows, "of": len(places)}


def shared_rows(subject: Subject, other: Subject, splits: Splits) -> list[tuple[str, str]]:
    """(text, target) of the test rows whose target both models can answer."""
    both = set(subject.labels) & set(other.labels)
    return [(text, target) for text, target in labelled(splits) if target in both]


def pairs(subject: Subject, other: Subject, splits: Splits) -> Pairs:
    """Both models asked about those rows; `other` is the earlier one."""
    rows = shared_rows(subject, other, splits)
    texts = [text for text, _ in rows]
    return Pairs(rows=rows, before=other.predict(texts), after=subject.predict(texts))
