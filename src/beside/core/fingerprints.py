"""MinHash fingerprints of texts (Broder 1997): equal bytes in two fingerprints estimate how much two texts share.

A text is compared by its shingles, all runs of three characters of its `near_key`; two texts' similarity is the Jaccard index
of their sets of shingles, 0 (nothing shared) to 1 (the same). Three characters serve words as well as Chinese.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

SHINGLE = 3  # characters
HASHES = 64  # standard error of an estimate near 0.8: 0.05
BANDS = 16  # of 4 hashes each: a pair of similarity 0.8 meets in some band with probability 0.9998
PAD = "\0" * (SHINGLE - 1)
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FACTORS = np.random.default_rng(0xB351DE).integers(1, 2**63, (HASHES, 2), dtype=np.uint64) * np.uint64(2) + np.uint64(1)


class Packed(NamedTuple):
    """Texts as one array of code points."""

    codes: np.ndarray  # uint32, every text followed by SHINGLE - 1 zeros
    lengths: np.ndarray  # int64, characters of each text
    starts: np.ndarray  # int64, where each text begins in `codes`


class Fingerprints(NamedTuple):
    """What is kept of each text: 64 + 64 bytes."""

    low: np.ndarray  # uint8, shape (rows, HASHES): the lowest byte of each smallest hash
    bands: np.ndarray  # uint32, shape (rows, BANDS): a key of 4 smallest hashes each


def mix(numbers: np.ndarray) -> np.ndarray:
    """The finisher of SplitMix64 (Steele et al. 2014): uint64 -> uint64 with every bit depending on every bit."""
    mixed = numbers + GOLDEN
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def pack(keys: Sequence[str]) -> Packed:
    """Texts without lone surrogates, none of them empty, as code points."""
    joined = PAD.join(keys) + PAD
    lengths = np.fromiter(map(len, keys), dtype=np.int64, count=len(keys))
    starts = np.concatenate([[0], np.cumsum(lengths + len(PAD))[:-1]])
    return Packed(np.frombuffer(joined.encode("utf-32-le"), dtype=np.uint32), lengths, starts)


def fingerprint(packed: Packed) -> Fingerprints:
    """Fingerprints of packed texts, in time linear in their characters."""
    codes = packed.codes.astype(np.uint64)
    hashes = mix((codes[:-2] << np.uint64(42)) ^ (codes[1:-1] << np.uint64(21)) ^ codes[2:])
    inside = np.ones(len(hashes), dtype=bool)
    for offset in range(len(PAD)):  # no shingle begins in the zeros between texts
        ends = packed.starts + packed.lengths + offset
        inside[ends[ends < len(inside)]] = False
    hashes = hashes[inside]
    starts = np.concatenate([[0], np.cumsum(packed.lengths)[:-1]])
    smallest = np.empty((HASHES, len(packed.lengths)), dtype=np.uint64)
    for hashed, (factor, shift) in zip(smallest, FACTORS, strict=True):  # multiply-shift hashing (Dietzfelbinger et al. 1997)
        hashed[:] = np.minimum.reduceat((hashes * factor + shift) >> np.uint64(32), starts)
    quads = smallest.reshape(BANDS, HASHES // BANDS, -1)
    keys = np.zeros_like(quads[:, 0])
    for position in range(quads.shape[1]):
        keys = mix(keys ^ quads[:, position])
    return Fingerprints((smallest & np.uint64(0xFF)).astype(np.uint8).T.copy(), (keys >> np.uint64(32)).astype(np.uint32).T.copy())


def shingles(key: str) -> set[str]:
    """All runs of three characters of a `near_key`, the last ones padded."""
    padded = key + PAD
    return {padded[place : place + SHINGLE] for place in range(len(key))}


def similarity(first: str, second: str) -> float:
    """Jaccard index of two texts' shingles, 0..1; both are `near_key`s."""
    one, other = shingles(first), shingles(second)
    return len(one & other) / len(one | other)


def estimate(low: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Estimated similarity of pairs of rows, float64, shape (pairs,); bytes that are equal by chance are taken off."""
    found = np.empty(len(first))
    for at in range(0, len(first), 100_000):
        span = slice(at, at + 100_000)
        found[span] = (low[first[span]] == low[second[span]]).mean(axis=1)
    return (found - 1 / 256) / (1 - 1 / 256)
