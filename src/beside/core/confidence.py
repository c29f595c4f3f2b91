"""How sure a model must be before its own answers may teach the next one: a threshold measured on rows whose answer is known."""

from __future__ import annotations

import numpy as np

WANTED = 0.9  # share of right answers among those that are sure enough
FEWEST = 10  # known rows above the threshold: fewer right ones prove little


def threshold(sure: np.ndarray, right: np.ndarray) -> float | None:
    """The lowest probability above which at least `WANTED` of the known rows were answered rightly; None when there is none.

    Args:
        sure: probability of each answer, 0..1, from models that did not learn the row.
        right: whether it was right.
    """
    order = np.argsort(-sure, kind="stable")
    shares = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    last_of_its_value = np.append(sure[order][1:] < sure[order][:-1], True)  # equal probabilities stand or fall together
    enough = (shares >= WANTED) & (np.arange(1, len(order) + 1) >= FEWEST) & last_of_its_value
    return float(sure[order][np.flatnonzero(enough)[-1]]) if enough.any() else None


def surest(answers: list[str], sure: np.ndarray, above: float, most: int) -> list[int]:
    """Places of the answers that are sure enough, at most `most` of each label, the surest first; in their own order."""
    chosen: list[int] = []
    counts: dict[str, int] = {}
    for place in np.argsort(-sure, kind="stable"):
        label = answers[place]
        if sure[place] >= above and counts.get(label, 0) < most:
            counts[label] = counts.get(label, 0) + 1
            chosen.append(int(place))
    return sorted(chosen)
