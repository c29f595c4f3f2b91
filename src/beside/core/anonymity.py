"""k-anonymity (Samarati and Sweeney 1998): how many persons share each combination of values that others may know of them.

A combination that few share points at somebody even when no name stands there. Counted are persons where they are known, else rows.
Sizes of classes are told, never a value.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from beside.core.statistics import rate
from beside.core.types import Value

SHOWN = 10  # sizes of the rarest classes


class ColumnEffect(Value):
    """What one column does."""

    column: str
    values: int  # different values
    missing: int  # units without one; missing is a value of its own
    smallest_without: int  # size of the smallest class if this column were left out
    share_without: float  # share of units in classes below k if this column were left out, 0..1


class Anonymity(Value):
    """Equivalence classes of a corpus under some quasi-identifiers."""

    columns: tuple[str, ...]
    k: int  # size from which a class is large enough
    unit: str  # persons or rows
    n: int  # units
    classes: int
    smallest: int  # units in the smallest class
    below: int  # units in classes smaller than k
    share: float  # of those, 0..1; lower is better
    low: float
    high: float
    rarest: tuple[int, ...]  # sizes of the ten smallest classes
    alone: int  # classes of one unit
    one_target: (
        int  # units in classes of k and more whose rows all have the same target: who is known to be in one is known in that
    )
    effects: tuple[ColumnEffect, ...]  # the column whose absence helps most first

    def advice(self) -> list[str]:
        """What to do, in sentences."""
        found = []
        if self.below and self.effects:
            best = self.effects[0]
            gain = self.share - best.share_without
            if len(self.columns) > 1 and gain > 0:
                found.append(
                    f"Without '{best.column}', or with it coarser, most is won: {best.share_without:.1%} would be below {self.k}."
                )
            found.append(
                "Coarsen: years in tens (COLUMN:10), places and codes to their first characters (COLUMN:2); then look again."
            )
            found.append(f"Or leave out the {self.below:,} {self.unit} below {self.k} when the corpus is given away.")
        if self.one_target:
            found.append(
                f"{self.one_target:,} {self.unit} are in classes with one target: belonging to the class tells it (l-diversity 1)."
            )
        return found


def anonymity(columns: Sequence[str], table: np.ndarray, targets: np.ndarray, k: int, unit: str) -> Anonymity:
    """Classes of units that share all values.

    Args:
        columns: names, C.
        table: number of each unit's value in each column, -1 = none, int64, shape (n, C).
        targets: number of each unit's target, int64, shape (n,).
        k: size from which a class is large enough.
        unit: what a row of the table is: persons or rows.
    """
    group, sizes = classes_of(table)
    own = sizes[group]
    below = own < k
    found = rate(int(below.sum()), len(own))
    both = np.unique(np.stack([group, targets]), axis=1)[0]
    different = np.bincount(both, minlength=len(sizes))
    effects = []
    for place, column in enumerate(columns):
        others, counts = classes_of(np.delete(table, place, axis=1))
        numbers = table[:, place]
        effects.append(
            ColumnEffect(
                column=column,
                values=len(np.unique(numbers[numbers >= 0])),
                missing=int((numbers < 0).sum()),
                smallest_without=int(counts.min()),
                share_without=float((counts[others] < k).mean()),
            )
        )
    return Anonymity(
        columns=tuple(columns),
        k=k,
        unit=unit,
        n=len(own),
        classes=len(sizes),
        smallest=int(sizes.min()),
        below=int(below.sum()),
        share=found.value,
        low=found.low,
        high=found.high,
        rarest=tuple(int(size) for size in np.sort(sizes)[:SHOWN]),
        alone=int((sizes == 1).sum()),
        one_target=int((~below & (different[group] == 1)).sum()),
        effects=tuple(sorted(effects, key=lambda effect: (effect.share_without, effect.column))),
    )


def classes_of(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The class of each unit, and how many units each class has."""
    if table.shape[1] == 0:
        return np.zeros(len(table), dtype=np.int64), np.array([len(table)])
    _, group, sizes = np.unique(table, axis=0, return_inverse=True, return_counts=True)
    return group.reshape(-1), sizes
