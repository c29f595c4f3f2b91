"""Rows that say the same once their personal data is gone, and did not before."""

from __future__ import annotations

from array import array

import numpy as np

from beside.core.cleaning import same_hash
from beside.core.types import SPLITS, Example


class Sameness:
    """Hashes of all rows before and after: 25 bytes a row."""

    def __init__(self) -> None:
        self.before, self.after, self.target, self.split = array("Q"), array("Q"), array("Q"), array("b")

    def add(self, before: Example, after: Example, split: str) -> None:
        """One row."""
        self.before.append(same_hash(before.text, before.pair))
        self.after.append(same_hash(after.text, after.pair))
        self.target.append(same_hash(after.target or ""))
        self.split.append(SPLITS.index(split))

    def counts(self) -> dict[str, int]:
        """Texts that became one, held-out rows that became a training row, texts whose targets now differ."""
        before, after, target = (np.array(one, dtype=np.uint64) for one in (self.before, self.after, self.target))
        learned = np.array(self.split) == SPLITS.index("train")
        leaks = np.isin(after, after[learned]) & ~np.isin(before, before[learned]) & ~learned
        return {
            "same_text": len(set(before.tolist())) - len(set(after.tolist())),
            "across_splits": int(leaks.sum()),
            "several_targets": max(0, ambiguous(after, target) - ambiguous(before, target)),
        }


def ambiguous(texts: np.ndarray, targets: np.ndarray) -> int:
    """How many texts stand there with more than one target."""
    if not len(texts):
        return 0
    both = np.unique(np.stack([texts, targets]), axis=1)[0]
    return int((np.unique(both, return_counts=True)[1] > 1).sum())
