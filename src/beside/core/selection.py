"""Which gathered rows make the corpus and which split each belongs to; everything decided on the way is noted for a person."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from beside.core.cleaning import near_key
from beside.core.duplicates import Near, Repeats, distinct, find_near, find_repeats, joined
from beside.core.errors import BadInput, NotEnoughData
from beside.core.fingerprints import Fingerprints
from beside.core.gathering import Gathered
from beside.core.interfaces import Progress
from beside.core.queries import notes, pairs_of
from beside.core.splitting import FEW_PER_LABEL, TEST, TRAIN, TUNE, shares, split_rows
from beside.core.types import SPLITS

TOO_LARGE = 0.3  # share of all rows in one group from which near-duplicates of different persons no longer join them
FEWEST_PERSONS = 3  # fewer cannot be told apart into three splits


@dataclass
class Selection:
    """The rows of the corpus; all arrays but those of `repeats` have one entry per row in `rows`."""

    rows: np.ndarray  # int64, place among the gathered rows
    labels: np.ndarray  # int64, numbers of the labels that are left, from 0, in the order of the label book
    splits: np.ndarray  # int8, position in SPLITS
    near: Near
    persons: np.ndarray  # int64, -1 = unknown
    repeats: Repeats
    strata: np.ndarray  # int64, groups of targets in which rows are split evenly: the labels, when a target is one label
    how: str = ""
    held_back: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=bool))  # bool: left out after all
    notes: list[str] = field(default_factory=list)


def select(gathered: Gathered, seed: int, progress: Progress) -> Selection:
    """Leaves out repeats and contradictions, groups what belongs together, and splits.

    Raises:
        NotEnoughData: one label only, or too few independent rows to tune and test on.
        BadInput: the source marks no row for training.
    """
    scopes = np.zeros(len(gathered.line), dtype=np.int8) if gathered.given is None else gathered.given
    repeats = find_repeats(gathered.text, gathered.label, scopes)
    rows = np.flatnonzero(repeats.keep)
    present, labels = np.unique(gathered.label[rows], return_inverse=True)
    if len(present) < (1 if gathered.labels.constant else 2):
        raise one_label(gathered, present)
    prints = Fingerprints(gathered.prints.low[rows], gathered.prints.bands[rows])
    near = find_near(
        prints, lambda place: key_of(gathered, rows[place]), lambda done, of: progress.step("compare", done, of, "pairs")
    )
    pairs = pairs_of(gathered.spill, rows) if gathered.labels.by_text else None
    if pairs:
        near = Near(joined(near.group, pairs.query), [])  # alike queries with other candidates are no contradiction
    strata = np.unique(np.array(gathered.labels.strata())[gathered.label[rows]], return_inverse=True)[1]
    selection = Selection(rows, labels, np.zeros(len(rows), dtype=np.int8), near, persons_of(gathered, rows), repeats, strata)
    drop_useless_persons(selection, gathered)
    groups, by_person_alone = groups_of(selection)
    cut = split(selection, gathered, groups, seed)
    selection.held_back = np.zeros(len(rows), dtype=bool)
    if by_person_alone:
        hold_back(selection, cut)
    check_splits(selection)
    selection.notes += notes(pairs, selection.splits) if pairs else []
    return selection


def key_of(gathered: Gathered, row: int) -> str:
    """The key of a row by which near-duplicates are compared."""
    found = gathered.spill.row(int(row))
    return near_key(found.text if found.pair is None or gathered.labels.by_text else f"{found.text}\n{found.pair}")


def persons_of(gathered: Gathered, rows: np.ndarray) -> np.ndarray:
    """A number for each row's person, -1 where unknown, int64."""
    hashes = gathered.person[rows]
    return np.where(hashes == 0, -1, np.unique(hashes, return_inverse=True)[1])


def drop_useless_persons(selection: Selection, gathered: Gathered) -> None:
    """A guessed person column with hardly any persons was guessed wrongly; one that was named stays."""
    count = len(distinct(selection.persons[selection.persons >= 0]))
    if "person" not in gathered.columns.guessed or count >= FEWEST_PERSONS:
        return
    selection.persons = np.full(len(selection.rows), -1)
    selection.notes.append(f"The column '{gathered.columns.person}' names only {count} persons; rows are not grouped by it.")


def groups_of(selection: Selection) -> tuple[np.ndarray, bool]:
    """What must stay together, and whether it is the persons alone.

    Short messages that everybody sends ("thank you!") would chain all persons into one group that cannot be split. Then
    persons alone are the groups, and training rows too near to a held-out row are held back afterwards.
    """
    if (selection.persons < 0).all():
        return selection.near.group, False
    both = joined(selection.near.group, selection.persons)
    alone = joined(selection.persons)
    limit = TOO_LARGE * len(both)
    chained = np.bincount(both).max() > limit >= np.bincount(alone).max()
    return (alone, True) if chained else (both, False)


def split(selection: Selection, gathered: Gathered, groups: np.ndarray, seed: int) -> tuple[int, ...]:
    """Fills in the splits: those the source names, what it does not name cut from its training rows; says which were cut."""
    keys = gathered.text[selection.rows]
    if gathered.given is None:
        cut: tuple[int, ...] = (TEST,) if few(selection.strata) else (TUNE, TEST)
        selection.splits = split_rows(selection.strata, groups, keys, seed, cut)
        parts = in_words(cut, len(keys))
        selection.how = f"{parts}, stratified by label, seed {seed}; near-duplicates and each person's rows stay together"
        return cut
    selection.splits = gathered.given[selection.rows].copy()
    train = np.flatnonzero(selection.splits == TRAIN)
    if not len(train):
        column = gathered.columns.split
        raise BadInput(f"The column '{column}' marks no row for training.", "Mark rows as train, or import without it: --split ''.")
    absent = tuple(place for place in (TUNE, TEST) if not (selection.splits == place).any())
    given = ", ".join(SPLITS[place] for place in (TRAIN, TUNE, TEST) if place not in absent)
    if few(selection.strata[train]):
        absent = tuple(place for place in absent if place != TUNE)
    if not absent:
        selection.how = f"as the source names it: {given}"
        return absent
    strata = np.unique(selection.strata[train], return_inverse=True)[1]
    together = np.unique(groups[train], return_inverse=True)[1]
    selection.splits[train] = split_rows(strata, together, keys[train], seed, absent)
    parts = in_words(absent, len(train))
    selection.how = f"as the source names it: {given}; cut from train: {parts}, stratified by label, seed {seed}"
    return absent


def few(labels: np.ndarray) -> bool:
    """Whether there are so few rows per label that none can be spared for tuning."""
    return len(labels) < FEW_PER_LABEL * len(np.unique(labels))


def in_words(cut: tuple[int, ...], rows: int) -> str:
    """What was cut from so many rows: `20 % test, 10 % tune`."""
    said = ", ".join(f"{shares(rows)[place]:.0%} {SPLITS[place]}".replace("%", " %") for place in reversed(cut))
    return said if TUNE in cut else f"{said}, none to tune on (under {FEW_PER_LABEL} rows per label)"


def hold_back(selection: Selection, cut: tuple[int, ...]) -> None:
    """Leaves out rows that nearly repeat one of a split that was cut here: test rows stay, tune rows come before training rows."""
    for inside in reversed(cut):
        held_out = (selection.splits == inside) & ~selection.held_back
        others = selection.splits == TRAIN
        if inside == TEST and TUNE in cut:
            others |= selection.splits == TUNE
        selection.held_back |= others & np.isin(selection.near.group, selection.near.group[held_out])
    if selection.held_back.any():
        selection.notes.append(
            "Persons share so many near-duplicates that they would all be one group; rows were grouped by person alone, and "
            f"{int(selection.held_back.sum()):,} training or tuning rows that nearly repeat a held-out row were left out."
        )


def check_splits(selection: Selection) -> None:
    """Notes labels that are missing somewhere.

    Raises:
        NotEnoughData: a split is empty.
    """
    kept = ~selection.held_back
    for place in (TRAIN, TEST) if few(selection.strata) else (TRAIN, TUNE, TEST):
        if not (kept & (selection.splits == place)).any():
            raise NotEnoughData(
                f"There are too few independent rows: none is left for the split '{SPLITS[place]}' among {int(kept.sum())} rows.",
                "Give more rows: at least three per label that are neither near-duplicates nor all of one person.",
            )


def one_label(gathered: Gathered, present: np.ndarray) -> NotEnoughData:
    """The error for a corpus in which there is nothing to tell apart."""
    names = gathered.labels.names()
    column = gathered.columns.label
    if not len(present):
        return NotEnoughData(
            "Every text stands there with several labels, so no row can be used.", f"Is '{column}' the right column? Use --label."
        )
    return NotEnoughData(
        f"All rows that can be used have one label, '{names[present[0]]}' (column '{column}').",
        "Give rows of at least two labels, or name another column with --label.",
    )
