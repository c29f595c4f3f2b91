"""Which rows are trained on, tuned on, tested on: stratified by label, groups never torn apart, the same seed the same split.

Where a group lies depends on its own content and the seed, not on the order of the rows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from beside.core.duplicates import distinct
from beside.core.fingerprints import mix

TRAIN, TUNE, TEST = 0, 1, 2  # positions in core.types.SPLITS
SHARE = 0.1  # of the rows, for tuning and for testing each
SHARE_OF_SMALL = 0.2  # for testing a small corpus: fewer test rows could hardly pass or fail any limit
SMALL = 2_000  # rows
FEW_PER_LABEL = 20  # rows per label below which none is spared for tuning: the few-label recipe has nothing to choose
ROUNDS = 3  # passes over labels that are still missing somewhere


class Membership(NamedTuple):
    """Which groups hold rows of which labels: one entry per pair that occurs, sorted by label."""

    label: np.ndarray
    group: np.ndarray
    groups_of_label: np.ndarray  # int64, shape (labels,)


def split_rows(
    labels: np.ndarray, groups: np.ndarray, keys: np.ndarray, seed: int, held_out: tuple[int, ...] = (TUNE, TEST)
) -> np.ndarray:
    """TRAIN, TUNE or TEST for each row, int8, shape (rows,).

    Every label that occurs in more groups than there are splits to hold out gets at least one group in each split. (When
    groups hold several labels there may be no such split; `lacking` tells.)

    Args:
        labels: label of each row, 0..n-1.
        groups: group of each row, 0..m-1; rows of a group stay together.
        keys: a hash of each row's content, uint64.
        seed: another seed, another split.
        held_out: splits to cut, `shares` of the rows; the rest is TRAIN.
    """
    sizes = np.bincount(groups)
    luck = group_luck(groups, keys, seed, len(sizes))
    member = membership(labels, groups)
    splits = np.full(len(sizes), TRAIN, dtype=np.int8)
    home = home_label(member, len(sizes))
    by_home = np.argsort(home, kind="stable")
    begins = np.searchsorted(home[by_home], np.arange(len(member.groups_of_label) + 1))
    for label in range(len(member.groups_of_label)):
        ours = by_home[begins[label] : begins[label + 1]]
        enough = member.groups_of_label[label] > len(held_out)
        if len(ours):
            deal(ours, sizes, luck, splits, held_out, shares(len(labels)), at_least_one=bool(enough))
    repair(member, sizes, splits, held_out)
    of_rows: np.ndarray = splits[groups]
    return of_rows


def group_luck(groups: np.ndarray, keys: np.ndarray, seed: int, count: int) -> np.ndarray:
    """A pseudo-random number per group from its smallest content hash and the seed, uint64, shape (groups,)."""
    smallest = np.full(count, np.iinfo(np.uint64).max, dtype=np.uint64)
    np.minimum.at(smallest, groups, keys)
    return mix(smallest ^ mix(np.array([seed], dtype=np.uint64)))


def membership(labels: np.ndarray, groups: np.ndarray) -> Membership:
    """Pairs of label and group that occur."""
    width = int(groups.max(initial=0)) + 1
    pairs = distinct(labels.astype(np.int64) * width + groups)
    label, group = pairs // width, pairs % width
    return Membership(label, group, np.bincount(label, minlength=int(labels.max(initial=0)) + 1))


def home_label(member: Membership, count: int) -> np.ndarray:
    """The rarest label in each group (rarest by groups), int64, shape (groups,): rare labels choose their groups first."""
    rarest = np.lexsort((member.label, member.groups_of_label[member.label], member.group))
    _, first = np.unique(member.group[rarest], return_index=True)
    home = np.zeros(count, dtype=np.int64)
    home[member.group[rarest][first]] = member.label[rarest][first]
    return home


def shares(rows: int) -> dict[int, float]:
    """Which share of so many rows each held-out split gets."""
    return {TUNE: SHARE, TEST: SHARE_OF_SMALL if rows < SMALL else SHARE}


def deal(
    ours: np.ndarray,
    sizes: np.ndarray,
    luck: np.ndarray,
    splits: np.ndarray,
    held_out: tuple[int, ...],
    share: dict[int, float],
    *,
    at_least_one: bool,
) -> None:
    """Gives one label's groups to splits, in place: each held-out split its share of the rows, groups too large for it last."""
    rows_here = float(sizes[ours].sum())
    smallest = round(rows_here * min(share[split] for split in held_out)) if held_out else 0
    large = np.where(sizes[ours] > max(smallest, 1), sizes[ours], 0)
    waiting = ours[np.lexsort((luck[ours], large))]
    for position, split in enumerate(reversed(held_out)):  # TEST before TUNE: when there is too little for both, it is tested
        wanted = round(rows_here * share[split])
        behind = len(held_out) - position  # groups to leave for the other held-out splits and for TRAIN
        most = len(waiting) - behind
        if most < 1 or (wanted < 1 and not at_least_one):
            return
        rows = np.cumsum(sizes[waiting[:most]])
        taken = int(np.searchsorted(rows, wanted, side="right"))
        if taken < most and wanted - (rows[taken - 1] if taken else 0) > rows[taken] - wanted:
            taken += 1  # one more comes closer than one less
        taken = max(taken, 1) if at_least_one else taken
        splits[waiting[:taken]] = split
        waiting = waiting[taken:]


def repair(member: Membership, sizes: np.ndarray, splits: np.ndarray, held_out: tuple[int, ...]) -> None:
    """Moves small groups, in place, so that labels missing from a split get there, if no other label is lost by it."""
    begins = np.searchsorted(member.label, np.arange(len(member.groups_of_label) + 1))
    by_group = np.argsort(member.group, kind="stable")
    group_begins = np.searchsorted(member.group[by_group], np.arange(len(sizes) + 1))
    for _ in range(ROUNDS):
        counts = group_counts(member, splits)
        missing = lacking_labels(member, counts, held_out)
        if not missing:
            return
        for label, split in sorted(missing, key=lambda pair: member.groups_of_label[pair[0]]):
            ours = member.group[begins[label] : begins[label + 1]]
            for group in ours[np.argsort(sizes[ours], kind="stable")]:
                theirs = member.label[by_group[group_begins[group] : group_begins[group + 1]]]
                if counts[label, split] == 0 and (counts[theirs, splits[group]] > 1).all():
                    counts[theirs, splits[group]] -= 1
                    counts[theirs, split] += 1
                    splits[group] = split


def group_counts(member: Membership, splits: np.ndarray) -> np.ndarray:
    """Groups of each label in each split, int64, shape (labels, 3)."""
    counts = np.zeros((len(member.groups_of_label), 3), dtype=np.int64)
    np.add.at(counts, (member.label, splits[member.group]), 1)
    return counts


def lacking_labels(member: Membership, counts: np.ndarray, held_out: tuple[int, ...]) -> list[tuple[int, int]]:
    """Pairs of label and split where a label with enough groups has none."""
    enough = member.groups_of_label > len(held_out)
    return [(int(label), split) for split in (TRAIN, *held_out) for label in np.flatnonzero(enough & (counts[:, split] == 0))]
