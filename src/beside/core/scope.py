"""How much a text looks like what the model was trained for: four scores, each higher for texts within its scope.

A check finds out which of them tells best; the server asks the same functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SCORES = ("energy", "maximum softmax", "Mahalanobis distance", "nearest training rows")
NEIGHBOURS = 10  # training rows that a new text is compared with; Sun et al. take 50 of 50,000, and small labels have fewer
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
