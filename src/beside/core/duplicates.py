"""Rows that say the same: exact duplicates and contradictions by hash, near-duplicates by MinHash and locality-sensitive hashing.

Every step is a sort or a pass, so time grows no faster than n log n; rows are numbers, texts are only read to verify a pair.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from beside.core.fingerprints import BANDS, Fingerprints, estimate, mix, shingles

SIMILAR = 0.8  # Jaccard index from which two texts count as near-duplicates, as in Lee et al. 2022
WORTH_READING = SIMILAR - 0.15  # three standard errors of the estimate
TRIES = 8  # failed verifications after which a row is left in peace, so that look-alikes cost linear time


class Repeats(NamedTuple):
    """What exact comparison found; every array has one entry per row."""

    text: np.ndarray  # int64: rows with the same number have the same text
    keep: np.ndarray  # bool: first row of its text and label, and not contradicted
    repeated: np.ndarray  # bool: says what an earlier row says, text and label
    contradicted: np.ndarray  # bool: the same text has another label, which more rows have, or no label has more than half


class Near(NamedTuple):
    """What approximate comparison found."""

    group: np.ndarray  # int64, one entry per row: near-duplicates have the same number
    pairs: list[tuple[int, int, float]]  # verified pairs and their similarity; enough of them to connect every group


class Forest:
    """Groups that grow together (disjoint sets with path halving)."""

    def __init__(self, size: int) -> None:
        self.parent = list(range(size))

    def root(self, item: int) -> int:
        """The item that stands for the group."""
        parent = self.parent
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    def join(self, first: int, second: int) -> None:
        """Makes two groups one."""
        one, other = self.root(first), self.root(second)
        self.parent[max(one, other)] = min(one, other)

    def groups(self) -> np.ndarray:
        """Group of each item, int64, numbered from 0 by first occurrence."""
        roots = np.fromiter((self.root(item) for item in range(len(self.parent))), dtype=np.int64, count=len(self.parent))
        return np.unique(roots, return_inverse=True)[1]


def find_repeats(texts: np.ndarray, labels: np.ndarray, scopes: np.ndarray) -> Repeats:
    """Exact duplicates and contradictions among rows of the same scope.

    Args:
        texts: hash of each row's text, uint64.
        labels: label of each row, integer.
        scopes: rows of different scopes (splits that were given) are not compared, integer.
    """
    scoped = texts ^ mix(scopes.astype(np.uint64))
    _, text = np.unique(scoped, return_inverse=True)
    said = text.astype(np.int64) * (int(labels.max(initial=0)) + 1) + labels
    _, first, saying, times = np.unique(said, return_index=True, return_inverse=True, return_counts=True)
    votes = times[saying]  # rows that say the same text and label as this one
    rows = np.bincount(text)[text]  # rows with the same text, whatever their label
    contradicted = (rows != votes) & (2 * votes <= rows)
    repeated = np.ones(len(texts), dtype=bool)
    repeated[first] = False
    return Repeats(text, ~repeated & ~contradicted, repeated & ~contradicted, contradicted)


def find_near(prints: Fingerprints, key: Callable[[int], str], report: Callable[[int, int], None]) -> Near:
    """Groups of near-duplicates: rows connected by pairs whose similarity is at least SIMILAR, each pair verified.

    Args:
        prints: fingerprints of the rows.
        key: the `near_key` of a row, for verifying.
        report: told how many of all candidate pairs are behind.
    """
    first, second = candidates(prints)
    order = np.argsort(-estimate(prints.low, first, second), kind="stable")
    forest, failed, pairs = Forest(len(prints.low)), np.zeros(len(prints.low), dtype=np.uint8), []
    for done, place in enumerate(order):
        one, other = int(first[place]), int(second[place])
        if done % 10_000 == 0:
            report(done, len(order))
        if max(failed[one], failed[other]) >= TRIES or forest.root(one) == forest.root(other):
            continue
        ours, theirs = shingles(key(one)), shingles(key(other))
        shared = len(ours & theirs) / len(ours | theirs)
        if shared >= SIMILAR:
            forest.join(one, other)
            pairs.append((one, other, shared))
        else:
            failed[one] += 1
            failed[other] += 1
    return Near(forest.groups(), pairs)


def candidates(prints: Fingerprints) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of rows that meet in a band and look similar enough to be read.

    In each band, rows with the same key are sorted by the next band's key and compared with their neighbour and with the
    first of them, not with all: two pairs a row and band, however large the bucket.
    """
    found = np.empty(0, dtype=np.uint64)
    for band in range(BANDS):
        order = np.lexsort((prints.bands[:, (band + 1) % BANDS], prints.bands[:, band]))
        keys = prints.bands[order, band]
        begins = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
        leader = np.repeat(order[begins], np.diff(np.append(begins, len(keys))))
        neighbour = np.concatenate([order[:1], order[:-1]])
        neighbour[begins] = order[begins]
        for partner in (leader, neighbour):
            apart = partner != order
            one, other = np.minimum(partner, order)[apart], np.maximum(partner, order)[apart]
            close = estimate(prints.low, one, other) >= WORTH_READING
            pairs = (one[close].astype(np.uint64) << np.uint64(32)) | other[close].astype(np.uint64)
            found = distinct(np.concatenate([found, pairs]))
    return (found >> np.uint64(32)).astype(np.int64), (found & np.uint64(0xFFFFFFFF)).astype(np.int64)


def distinct(numbers: np.ndarray) -> np.ndarray:
    """The different numbers, sorted. By sorting: `np.unique` alone hashes, and slows down a thousandfold on packed pairs."""
    ordered = np.sort(numbers)
    first = np.ones(len(ordered), dtype=bool)
    first[1:] = ordered[1:] != ordered[:-1]
    return np.compress(first, ordered)


def joined(*partitions: np.ndarray) -> np.ndarray:
    """The finest grouping that keeps every group of every partition whole; -1 in a partition = alone.

    Args:
        partitions: int64 arrays of the same length, a group's number for each row.
    """
    forest = Forest(len(partitions[0]))
    for partition in partitions:
        for one, other in neighbours(partition):
            forest.join(one, other)
    return forest.groups()


def neighbours(partition: np.ndarray) -> Iterable[tuple[int, int]]:
    """Pairs of rows that connect every group of a partition; rows numbered -1 stay alone."""
    order = np.argsort(partition, kind="stable")
    same = (partition[order][1:] == partition[order][:-1]) & (partition[order][1:] >= 0)
    return zip(order[:-1][same].tolist(), order[1:][same].tolist(), strict=True)
