"""Words of the training text that lie close to each other in a model's embeddings and speak for the same labels."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from beside.core.interfaces import Subject
from beside.core.types import Example
from beside.core.wording import words

MOST_WORDS = 3000  # the most frequent ones; each costs one pass of a very short text
FEWEST = 3  # rows in which a word must stand, to know which labels it speaks for
NEAREST = 3
APART = 0.5  # total variation between two words' labels from which on they are not interchangeable (good and bad)


def vocabulary(rows: Sequence[Example]) -> Counter[str]:
    """Word, small letters -> in how many rows it stands."""
    return Counter(word for row in rows for word in {word.text.casefold() for word in words(row.text) if word.text.isalpha()})


def near_words(subject: Subject, rows: Sequence[Example], nearness: float) -> dict[str, tuple[str, ...]]:
    """Word -> its nearest words by cosine, the nearest first; only mutual ones, so that rare words do not crowd around one.

    Args:
        subject: whose `embed` is asked for single words.
        rows: training rows; those with a label say what a word speaks for.
        nearness: the lowest cosine that counts.
    """
    listed = sorted(word for word, count in vocabulary(rows).most_common(MOST_WORDS) if count >= FEWEST and len(word) > 1)
    if len(listed) < 2:
        return {}
    vectors = np.asarray(subject.embed(listed), dtype=float)
    vectors = vectors - vectors.mean(axis=0)  # embeddings share a direction that says nothing of the word (Mu & Viswanath 2018)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -1.0)
    nearest = np.argsort(-cosines, axis=1, kind="stable")[:, :NEAREST]
    spoken = labels_of(listed, rows)
    found: dict[str, tuple[str, ...]] = {}
    for place, word in enumerate(listed):
        mutual = [other for other in nearest[place] if cosines[place, other] >= nearness and place in nearest[other]]
        alike = [listed[other] for other in mutual if np.abs(spoken[place] - spoken[other]).sum() / 2 < APART]
        if alike:
            found[word] = tuple(alike)
    return found


def nearest(subject: Subject, rows: Sequence[Example], least: float, most: int) -> dict[str, tuple[str, ...]]:
    """Word of the training text -> its nearest words by cosine; none that speaks clearly for other labels (good and bad).

    Unlike `near_words` also words that are not each other's nearest: an attack takes what it can get.

    Args:
        subject: whose `embed` is asked for single words.
        rows: training rows.
        least: the lowest cosine that counts.
        most: words for a word.
    """
    listed = sorted(word for word, count in vocabulary(rows).most_common(MOST_WORDS) if count > 1 and len(word) > 1)
    if len(listed) < 2:
        return {}
    vectors = np.asarray(subject.embed(listed), dtype=float)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    spoken, found = labels_of(listed, rows), dict[str, tuple[str, ...]]()
    for place, word in enumerate(listed):
        cosines = vectors @ vectors[place]
        cosines[place] = -1.0
        cosines[np.abs(spoken - spoken[place]).sum(axis=1) / 2 >= APART] = -1.0
        top = np.argsort(-cosines, kind="stable")[:most]
        if near := tuple(listed[other] for other in top if cosines[other] >= least):
            found[word] = near
    return found


def labels_of(listed: Sequence[str], rows: Sequence[Example]) -> np.ndarray:
    """Share of each label among the rows that hold a word, float, shape (words, labels); add-one smoothed over all labels."""
    names = sorted({row.target for row in rows if row.target is not None}) or [""]
    column = {name: place for place, name in enumerate(names)}
    place_of = {word: place for place, word in enumerate(listed)}
    counts: defaultdict[tuple[int, int], int] = defaultdict(int)
    for row in rows:
        if row.target is not None:
            for word in {word.text.casefold() for word in words(row.text)} & place_of.keys():
                counts[place_of[word], column[row.target]] += 1
    table = np.full((len(listed), len(names)), 1 / len(names))
    for (row_of, label), count in counts.items():
        table[row_of, label] += count
    shares: np.ndarray = table / table.sum(axis=1, keepdims=True)
    return shares
