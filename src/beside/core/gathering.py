"""Rows of a reader -> numbers in memory and texts on disk: some 200 bytes a row, however long its text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice

import numpy as np

from beside.core.cleaning import ODD, clean, near_key, same_hash
from beside.core.columns import ColumnMap, Columns, find_columns, split_of
from beside.core.errors import BadInput
from beside.core.fingerprints import Fingerprints, fingerprint, pack
from beside.core.interfaces import Progress, RawRow, Refused, Task
from beside.core.labels import LabelBook
from beside.core.languages import count_scripts, languages_of
from beside.core.report import REFUSALS_SHOWN, Refusal
from beside.core.several import columns_in, in_one
from beside.core.spill import Row, Spill
from beside.core.types import SPLITS

FIELD_LIMIT = 1_000_000  # characters in one cell
SAMPLE = 1_000  # rows by which columns are guessed
BATCH_ROWS, BATCH_CHARACTERS = 5_000, 1_000_000
LABELS_LIMIT = 5_000  # different labels from which it is checked, while reading, whether the column holds labels at all
WHYS = 50  # different reasons for refusing that are counted apart


@dataclass
class Refusals:
    """Rows that were not taken: all are counted, the first ones kept with their line."""

    total: int = 0
    why: Counter[str] = field(default_factory=Counter)
    first: list[Refusal] = field(default_factory=list)

    def add(self, line: int, why: str) -> None:
        """Counts one."""
        self.total += 1
        self.why[why if why in self.why or len(self.why) < WHYS else "other reasons"] += 1
        if len(self.first) < REFUSALS_SHOWN:
            self.first.append(Refusal(line=line, why=why))


@dataclass
class Gathered:
    """All rows that were taken; the arrays have one entry per row."""

    columns: ColumnMap
    spill: Spill
    labels: LabelBook
    refusals: Refusals
    languages: Counter[str]
    rows_read: int
    cleaned: int
    line: np.ndarray  # int64, 1-based, in the source
    text: np.ndarray  # uint64, hash of text and pair
    label: np.ndarray  # int32, number in `labels`
    given: np.ndarray | None  # int8, position in SPLITS; None when the source names no splits
    person: np.ndarray  # uint64, hash; 0 = unknown
    length: np.ndarray  # int32, characters of text and pair
    prints: Fingerprints


class Gatherer:
    """Takes rows one by one and works on them in batches."""

    def __init__(self, columns: ColumnMap, spill: Spill, book: LabelBook) -> None:
        self.columns, self.spill = columns, spill
        self.labels, self.refusals, self.languages = book, Refusals(), Counter[str]()
        self.read = self.unlabelled = self.cleaned = self.waiting_characters = 0
        self.numbers: list[tuple[int, int, int, int, int, int]] = []  # line, text, label, given, person, length
        self.texts: list[str] = []
        self.keys: list[str] = []
        self.batches: list[tuple[np.ndarray, ...]] = []

    def add(self, row: RawRow | Refused) -> None:
        """Takes a row, or notes why not."""
        self.read += 1
        why = row.why if isinstance(row, Refused) else self.take(row)
        if why:
            self.refusals.add(row.line, why)

    def take(self, row: RawRow) -> str | None:
        """Takes a row; the reason when it cannot be taken."""
        cells, columns = row.cells, self.columns
        raw = cells.get(columns.text, "")
        pair = cells.get(columns.pair, "") if columns.pair else None
        if max(len(raw), len(pair or "")) > FIELD_LIMIT:
            return f"the text is longer than {FIELD_LIMIT:,} characters"
        text = clean(raw)
        if not text:
            return f"the column '{columns.text}' is empty"
        given = split_of(cells.get(columns.split, "")) if columns.split else SPLITS[0]
        if given is None:
            return f"the column '{columns.split}' names no split (train, tune or dev or validation, test)"
        label = clean(cells.get(columns.label, "")) if columns.label else self.labels.implied
        if not label and not self.labels.takes_empty:
            self.unlabelled += 1
            return f"the column '{columns.label}' is empty"
        if pair is not None and not (pair := clean(pair)):
            return f"the column '{columns.pair}' is empty"
        person = clean(cells.get(columns.person, "")) if columns.person else ""
        self.cleaned += ODD.search(raw.replace("\r\n", "\n")) is not None
        length = len(text) + len(pair or "")
        try:
            number = self.labels.read(label, text, raw)
        except ValueError as error:
            return f"the column '{columns.label}' {error}"
        self.numbers.append(
            (row.line, same_hash(text, pair), number, SPLITS.index(given), same_hash(person) if person else 0, length)
        )
        self.texts.append(text)
        self.keys.append(near_key(text if pair is None or self.labels.by_text else f"{text}\n{pair}"))
        self.spill.append(Row(text, pair, person or None, [clean(cells.get(name, "")) for name in columns.groups]))
        self.waiting_characters += length
        if len(self.numbers) >= BATCH_ROWS or self.waiting_characters >= BATCH_CHARACTERS:
            self.work()
        return None

    def work(self) -> None:
        """Turns the waiting rows into arrays."""
        if not self.numbers:
            return
        packed = pack(self.keys)
        self.languages.update(languages_of(self.texts, count_scripts(packed.codes, packed.starts).tolist()))
        line, text, label, given, person, length = zip(*self.numbers, strict=True)
        prints = fingerprint(packed)
        self.batches.append((
            np.array(line, dtype=np.int64), np.array(text, dtype=np.uint64), np.array(label, dtype=np.int32),
            np.array(given, dtype=np.int8), np.array(person, dtype=np.uint64), np.array(length, dtype=np.int32), *prints,
        ))  # fmt: skip
        self.numbers, self.texts, self.keys, self.waiting_characters = [], [], [], 0
        if self.labels.variety() > LABELS_LIMIT:
            check_labels(self.columns.label, self.labels.variety(), len(self.spill))

    def done(self) -> Gathered:
        """Everything that was gathered.

        Raises:
            BadInput: nothing usable was in the source, or what was named as label is none.
        """
        self.work()
        self.spill.flush()
        self.check()
        joined = []
        while self.batches and self.batches[0]:  # one column after the other, so that only one exists twice
            joined.append(np.concatenate([batch[0] for batch in self.batches]))
            self.batches = [batch[1:] for batch in self.batches]
        line, text, label, given, person, length, low, bands = joined
        return Gathered(
            columns=self.columns, spill=self.spill, labels=self.labels, refusals=self.refusals, languages=self.languages,
            rows_read=self.read, cleaned=self.cleaned, line=line, text=text, label=label,
            given=given if self.columns.split else None, person=person, length=length, prints=Fingerprints(low, bands),
        )  # fmt: skip

    def check(self) -> None:
        """Does nothing when there are rows, and labels in more than half of them. Raises as `done` does."""
        labelled = len(self.spill)
        if self.unlabelled and self.unlabelled >= labelled:
            raise BadInput(
                f"{self.unlabelled:,} of {self.unlabelled + labelled:,} rows have no label in the column '{self.columns.label}'.",
                "Name another column with --label, or have people label more of them; rows without a label are left out.",
            )
        if not labelled:
            first = self.refusals.first[0]
            raise BadInput(
                f"None of the {self.read:,} rows can be used; line {first.line}: {first.why}.",
                f"Columns taken: {', '.join(f'{role} = {name}' for role, name in self.columns.as_dict().items())}.",
            )
        check_labels(self.columns.label, self.labels.variety(), labelled)


def gather(rows: Iterable[RawRow | Refused], wanted: Columns, spill: Spill, progress: Progress, task: Task) -> Gathered:
    """Streams all rows of a reader into arrays and the spill.

    Args:
        task: says what a target is, and whether rows are pairs of texts.

    Raises:
        BadInput: no rows, a column that is not there, labels missing in half of the rows or more, no pairs where there must be.
    """
    stream = iter(rows)
    sample = list(islice(stream, SAMPLE))
    cells = [row.cells for row in sample if isinstance(row, RawRow)]
    if not cells:
        raise nothing_read(sample)
    whole = chain(sample, stream)
    if task.several and (names := columns_in(wanted.label, list(cells[0]))):
        whole = chain(in_one(whole, str(wanted.label), names))
        cells = [row.cells for row in in_one(sample, str(wanted.label), names) if isinstance(row, RawRow)]
    book = task.book()
    gatherer = Gatherer(find_columns(for_task(wanted, task), cells, not book.implied), spill, book)
    if task.pairs == "must" and not gatherer.columns.pair:
        raise no_pair(cells)
    for row in watched(whole, progress):
        gatherer.add(row)
    return gatherer.done()


def for_task(wanted: Columns, task: Task) -> Columns:
    """The wanted columns; a task about one text has no second one, even if a column looks like it.

    Raises:
        BadInput: one was named all the same.
    """
    if task.pairs != "never":
        return wanted
    if wanted.pair:
        raise BadInput(f"This task reads one text, so the column '{wanted.pair}' cannot be a second one.", "Leave out --pair.")
    return replace(wanted, pair="")


def no_pair(cells: Sequence[Mapping[str, str]]) -> BadInput:
    """The error for rows of one text where a task compares two."""
    listed = ", ".join(list(cells[0])[:40]) if cells else ""
    return BadInput(
        "This task compares two texts, and only one column of text was found.",
        f"Name both: --text COL --pair COL. Columns: {listed}.",
    )


def watched(rows: Iterable[RawRow | Refused], progress: Progress) -> Iterator[RawRow | Refused]:
    """The same rows; every few thousand are reported."""
    count = 0
    for count, row in enumerate(rows, start=1):
        if count % BATCH_ROWS == 0:
            progress.step("read", count, 0, "rows")
        yield row
    progress.step("read", count, count, "rows")


def nothing_read(sample: list[RawRow | Refused]) -> BadInput:
    """The error for a source none of whose first rows can be read."""
    refused = [row for row in sample if isinstance(row, Refused)]
    if not refused:
        return BadInput("There are no rows, only a header or nothing at all.", "Give at least a few rows for each label.")
    return BadInput(
        f"None of the first {len(refused):,} rows can be read; line {refused[0].line}: {refused[0].why}.",
        "Check that the file is what its ending says: .csv, .tsv, .jsonl, .parquet, .xlsx.",
    )


def check_labels(column: str, labels: int, rows: int) -> None:
    """Does nothing when labels repeat.

    Raises:
        BadInput: most rows have a label of their own, so the column is something else.
    """
    if rows >= 50 and labels > rows / 2:
        raise BadInput(
            f"The column '{column}' has {labels:,} different values in {rows:,} rows: these are not labels.",
            "Name the column that holds the label with --label COLUMN.",
        )
