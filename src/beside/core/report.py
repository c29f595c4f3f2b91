"""What an import says of itself: every row is accounted for, every decision named. Stored beside the corpus as JSON.

Texts in a report are cut to 160 characters; it is as confidential as the rows themselves.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from beside.core.protecting import ProtectionReport
from beside.core.types import Value

SHOWN = 20  # examples of each kind
REFUSALS_SHOWN = 100


class Refusal(Value):
    """A row that was not taken, where it stood and why."""

    line: int
    why: str


class LabelRows(Value):
    """Rows of one label in each split."""

    label: str
    train: int
    tune: int
    test: int


class MergedLabel(Value):
    """Spellings that became one label, and how many rows used each; `label` was the commonest."""

    label: str
    spellings: dict[str, int]


class Repeat(Value):
    """A text that stands in the source several times with the same label; its first row was kept."""

    text: str
    label: str
    rows: int
    lines: tuple[int, ...]


class Conflict(Value):
    """A text with several labels; `kept` is the one that more than half of its rows have, or None: all were left out."""

    text: str
    labels: dict[str, int]
    kept: str | None
    lines: tuple[int, ...]


class Look(Value):
    """Two rows that say nearly or exactly the same, with their splits where those differ."""

    first: str
    second: str
    first_line: int
    second_line: int
    first_label: str
    second_label: str
    first_split: str
    second_split: str
    similarity: float  # Jaccard index of character shingles, 0..1


class Leak(Value):
    """Rows of `inside` that `source` holds as well: what is measured on them is memory, not skill."""

    inside: str  # test or tune
    source: str  # train or tune
    same: int  # rows whose very text is there
    near: int  # further rows whose near-duplicate is there
    rows: int  # rows of `inside` in all
    examples: tuple[Look, ...]


class Bin(Value):
    """Rows whose length is in low..high, both inclusive."""

    low: int
    high: int
    rows: int


class Lengths(Value):
    """How long the texts are."""

    unit: str  # characters or tokens
    least: int
    median: int
    mean: float
    p95: int
    most: int
    bins: tuple[Bin, ...]


class Tokens(Value):
    """What the base model's tokenizer makes of the texts."""

    lengths: Lengths
    cut: dict[str, int]  # max_length in tokens -> rows that are longer
    unknown: float | None  # share of tokens that the base model does not know, 0..1; None = not measured


class Report(Value):
    """The account of one import. rows_read = kept + refused + repeated + contradicted + held_back."""

    source: str
    task: str
    seed: int
    notes: tuple[str, ...]  # sentences for a person: what was found, guessed, decided
    columns: dict[str, str]  # role -> column
    rows_read: int
    kept: int
    refused: int
    refused_why: dict[str, int]
    refusals: tuple[Refusal, ...]  # the first 100
    cleaned: int  # rows with control characters or broken code points, which were taken out
    labels: tuple[LabelRows, ...]
    merged: tuple[MergedLabel, ...]
    repeated: int  # rows left out because an earlier one says the same
    repeats: tuple[Repeat, ...]
    contradicted: int  # rows left out because the same text has another label
    conflicting_texts: int
    conflicts: tuple[Conflict, ...]
    near_rows: int  # kept rows that have a near-duplicate
    near_groups: int
    near_largest: int  # rows in the largest group
    near_conflicts: int  # compared pairs of near-duplicates with different labels
    near_examples: tuple[Look, ...]
    held_back: int  # training rows left out because they nearly repeat a held-out row
    leaks: tuple[Leak, ...]  # only between splits that the source itself named
    persons: int | None
    persons_across: int  # persons with rows in several given splits
    languages: dict[str, int]
    characters: Lengths
    tokens: Tokens | None
    split: str  # how the split came about
    protection: ProtectionReport | None = None  # of a corpus whose personal data was replaced after the import


def lengths_of(lengths: Sequence[int] | np.ndarray, unit: str) -> Lengths:
    """Quantiles and a histogram whose bins double in width: 1-8, 9-16, 17-32, ..."""
    numbers = np.sort(np.asarray(lengths, dtype=np.int64))
    edges = [0, 8]
    while edges[-1] < numbers[-1]:
        edges.append(2 * edges[-1])
    places = np.searchsorted(numbers, edges, side="right")
    places[0] = 0
    bins = tuple(
        Bin(low=low + 1 if low else 0, high=high, rows=int(end - begin))
        for low, high, begin, end in zip(edges, edges[1:], places, places[1:], strict=False)
    )
    return Lengths(
        unit=unit,
        least=int(numbers[0]),
        median=int(numbers[(len(numbers) - 1) // 2]),
        mean=round(float(numbers.mean()), 2),
        p95=int(numbers[min(len(numbers) - 1, int(0.95 * len(numbers)))]),
        most=int(numbers[-1]),
        bins=bins,
    )
