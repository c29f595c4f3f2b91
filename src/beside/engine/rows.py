"""Rows as token ids, grouped by length so that a batch carries almost no padding."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

WINDOW = 32  # batches that are sorted together: long enough to match lengths, short enough to stay random


def bucketed(lengths: np.ndarray, batch_size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Row positions of each batch, in random order, rows of one batch of similar length.

    Args:
        lengths: tokens of each row, shape (n,).
        batch_size: rows per batch; the last one of a window may be smaller.
        rng: decides which rows meet and in which order batches come.
    """
    order = rng.permutation(len(lengths))
    batches: list[np.ndarray] = []
    for start in range(0, len(order), batch_size * WINDOW):
        window = order[start : start + batch_size * WINDOW]
        window = window[np.argsort(lengths[window], kind="stable")]
        batches += [window[i : i + batch_size] for i in range(0, len(window), batch_size)]
    return [batches[i] for i in rng.permutation(len(batches))]


def balanced(classes: Sequence[str], rng: np.random.Generator) -> np.ndarray:
    """Row positions of an epoch in which each class is as frequent as the most frequent one.

    Every row comes at least once; which rows of a rare class come once more than others is `rng`'s choice, so over the epochs it
    evens out. How many positions there are depends on the classes alone.

    Args:
        classes: class of each row.
        rng: decides which rows come once more, and nothing else.
    """
    _, codes, counts = np.unique(np.asarray(classes), return_inverse=True, return_counts=True)
    most, shown = int(counts.max()), []
    for code, count in enumerate(counts):
        rows = np.flatnonzero(codes == code)
        shown += [np.tile(rows, most // count), rng.permutation(rows)[: most % count]]
    return np.concatenate(shown)


def by_length(lengths: Sequence[int], tokens_per_batch: int) -> list[np.ndarray]:
    """Row positions of each batch, longest first, at most `tokens_per_batch` padded tokens each: for inference."""
    order = np.argsort(-np.asarray(lengths), kind="stable")
    batches: list[np.ndarray] = []
    start = 0
    while start < len(order):
        size = max(1, tokens_per_batch // max(1, lengths[order[start]]))
        batches.append(order[start : start + size])
        start += size
    return batches


def collate(rows: Sequence[np.ndarray], pad_id: int) -> tuple[Tensor, Tensor | None]:
    """Ids (B, L) int64 and mask (B, L), or None for the mask when all rows are of one length: attention is then cheaper."""
    longest = max(len(row) for row in rows)
    if all(len(row) == longest for row in rows):
        return torch.from_numpy(np.stack(rows).astype(np.int64)), None
    ids_BL = np.full((len(rows), longest), pad_id, dtype=np.int64)
    mask_BL = np.zeros((len(rows), longest), dtype=np.int64)
    for index, row in enumerate(rows):
        ids_BL[index, : len(row)] = row
        mask_BL[index, : len(row)] = 1
    return torch.from_numpy(ids_BL), torch.from_numpy(mask_BL)
