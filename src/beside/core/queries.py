"""Rows that ask the same stay in one split: for tasks about a query and its candidates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from beside.core.cleaning import near_key, same_hash
from beside.core.spill import Row
from beside.core.splitting import TEST, TRAIN, TUNE


class Pairs(NamedTuple):
    """Who asks what, one entry per row."""

    query: np.ndarray  # int64: rows with the same number ask the same, but for case, width, punctuation and spaces
    candidate: np.ndarray  # int64: rows with the same number have the same second text


def pairs_of(spill: Iterable[Row], rows: np.ndarray) -> Pairs:
    """Queries and candidates of the chosen rows, read once.

    Args:
        rows: places in the spill, ascending.
    """
    wanted, queries, candidates = set(rows.tolist()), [], []
    for place, row in enumerate(spill):
        if place in wanted:
            queries.append(same_hash(near_key(row.text)))
            candidates.append(same_hash(row.pair or ""))
    numbers = (np.unique(np.array(hashes, dtype=np.uint64), return_inverse=True)[1] for hashes in (queries, candidates))
    return Pairs(*numbers)


def notes(pairs: Pairs, splits: np.ndarray) -> list[str]:
    """How many queries and candidates there are, what stays together, and which candidates stand in several splits."""
    asked, there = len(np.unique(pairs.query)), len(np.unique(pairs.candidate))
    told = [
        f"{asked:,} queries, {there:,} candidates. Rows of one query, and of queries that are nearly the same, stay in one split; "
        "near-duplicates are counted by the query alone."
    ]
    tested = np.unique(pairs.candidate[splits == TEST])
    known = np.isin(tested, pairs.candidate[(splits == TRAIN) | (splits == TUNE)])
    if known.any():
        told.append(
            f"{int(known.sum()):,} of {len(tested):,} candidates of the test rows serve queries of other splits as well: "
            "the test asks whether new queries find them."
        )
    crossing = sum(bool(np.isin(pairs.query[splits == inside], pairs.query[splits == TRAIN]).any()) for inside in (TUNE, TEST))
    if crossing:
        told.append("Queries of tune or test rows stand in train rows, too, because the source names the splits: scores flatter.")
    return told
