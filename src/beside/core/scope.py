"""How much a text looks like what the model was trained for: four scores, each higher for texts within its scope.

A check finds out which of them tells best; the server asks the same functions, against a threshold kept with the release.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from beside.core.interfaces import Subject
from beside.core.types import FEWEST_ROWS, Example

SCORES = ("energy", "maximum softmax", "Mahalanobis distance", "nearest training rows")
NEIGHBOURS = 10  # training rows that a new text is compared with; Sun et al. take 50 of 50,000, and small labels have fewer
KEPT = 0.95  # share of texts within scope that are let through
MOST = 2000  # rows of a split that are asked about: seconds on two cores
SHRINK = 0.1  # share of the identity mixed into a covariance, so that few rows per label still give a stable inverse


def energy(logits: np.ndarray) -> np.ndarray:
    """Negative free energy (Liu et al. 2020): log of the summed powers of the scores (n, labels), shape (n,)."""
    top = logits.max(axis=1)
    found: np.ndarray = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    return found


def maximum_softmax(logits: np.ndarray) -> np.ndarray:
    """Probability of the top answer (Hendrycks & Gimpel 2017), from scores (n, labels), shape (n,), 0..1."""
    found: np.ndarray = 1 / np.exp(logits - logits.max(axis=1, keepdims=True)).sum(axis=1)
    return found


@dataclass(frozen=True)
class Known:
    """What is kept of the training rows, to compare new texts with. Made by `known`; plain arrays, so that it can be stored."""

    rows: np.ndarray  # training vectors at length 1, shape (rows, hidden)
    means: np.ndarray  # mean vector of each label, whitened, shape (labels, hidden)
    whiten: np.ndarray  # turns a vector into one in which Mahalanobis distance is plain distance, shape (hidden, hidden)

    def nearest(self, vectors: np.ndarray) -> np.ndarray:
        """Cosine similarity to the k-th nearest training row (Sun et al. 2022), -1..1, shape (n,)."""
        k = min(NEIGHBOURS, len(self.rows))
        similar = unit(vectors) @ self.rows.T
        found: np.ndarray = np.partition(similar, -k, axis=1)[:, -k]
        return found

    def mahalanobis(self, vectors: np.ndarray) -> np.ndarray:
        """Minus the squared distance to the nearest label's mean under one shared covariance (Lee et al. 2018), shape (n,)."""
        white = vectors @ self.whiten
        squared = (white**2).sum(axis=1)[:, None] - 2 * white @ self.means.T + (self.means**2).sum(axis=1)
        found: np.ndarray = -squared.min(axis=1)
        return found

    def score(self, name: str, logits: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """One of SCORES, of texts with these raw scores (n, labels) and vectors (n, hidden); shape (n,)."""
        if name in SCORES[:2]:
            return energy(logits) if name == SCORES[0] else maximum_softmax(logits)
        return self.mahalanobis(vectors) if name == SCORES[2] else self.nearest(vectors)


def known(vectors: np.ndarray, labels: Sequence[str]) -> Known:
    """What to compare with, from vectors of training rows, shape (rows, hidden), and the label of each."""
    rows = np.asarray(vectors, dtype=float)
    names, place = np.unique(np.asarray(labels), return_inverse=True)
    counts = np.bincount(place, minlength=len(names))
    means = np.zeros((len(names), rows.shape[1]))
    np.add.at(means, place, rows)
    means /= counts[:, None]
    around = rows - means[place]
    covariance = around.T @ around / len(rows)
    scale = max(float(np.trace(covariance)) / len(covariance), 1e-12)
    whiten = np.linalg.cholesky(np.linalg.inv((1 - SHRINK) * covariance + SHRINK * scale * np.eye(len(covariance))))
    return Known(unit(rows), means @ whiten, whiten)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Rows at length 1."""
    found: np.ndarray = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return found


@dataclass(frozen=True)
class Scope:
    """What a release was trained for, as its guard knows it: a score and the level below which a text lies outside."""

    name: str  # one of SCORES
    threshold: float
    n: int  # tune rows that it was fitted on
    known: Known | None  # None for scores that need logits only

    def scores(self, subject: Subject, texts: Sequence[str]) -> np.ndarray:
        """The score of each text, higher for texts within scope, shape (n,)."""
        if self.known is None:
            logits = np.asarray(subject.logits(texts), dtype=float)
            return energy(logits) if self.name == SCORES[0] else maximum_softmax(logits)
        vectors = np.asarray(subject.embed(texts), dtype=float)
        return self.known.mahalanobis(vectors) if self.name == SCORES[2] else self.known.nearest(vectors)


def fitted(name: str, subject: Subject, train: Sequence[Example], tune: Sequence[Example]) -> Scope | None:
    """A scope with the score of that name; None with fewer than 30 labelled tune rows, on which the threshold is fitted.

    It is the k-th lowest score of n tune rows, k = 5 % of n + 1 rounded down: of texts like them at most one in twenty lies below,
    on average (split-conformal, Vovk et al. 2005). Of a split with more than MOST rows every so-manieth is asked about.
    """
    inside, learned = ([row for row in rows if row.target is not None] for rows in (spread(tune), spread(train)))
    if len(inside) < FEWEST_ROWS or not learned:
        return None
    found = None
    if name not in SCORES[:2]:
        found = known(np.asarray(subject.embed([row.text for row in learned])), [str(row.target) for row in learned])
    open_ = Scope(name, -np.inf, len(inside), found)
    scores = np.sort(open_.scores(subject, [row.text for row in inside]))
    return Scope(name, float(scores[int((1 - KEPT) * (len(inside) + 1) + 1e-9) - 1]), len(inside), found)


def spread(rows: Sequence[Example]) -> Sequence[Example]:
    """All rows, or of many every so-manieth one, always the same."""
    return rows if len(rows) <= MOST else [rows[place] for place in np.linspace(0, len(rows) - 1, MOST).astype(int).tolist()]
