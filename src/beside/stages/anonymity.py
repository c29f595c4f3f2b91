"""Rows -> how many persons share what others may know of them: columns of groups, and what can be read out of the texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from beside.core.anonymity import Anonymity, anonymity
from beside.core.errors import BadInput, BadOption, NotEnoughData
from beside.core.interfaces import Progress
from beside.core.personal import plain
from beside.core.registry import unknown
from beside.core.types import Example
from beside.protection import spans

EVERY = 200  # rows between two reports of progress
YEAR = re.compile(r"(?<!\d)(1[89]\d\d|20\d\d)")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def id_digits(text: str) -> str:
    """The first resident ID in a text, digits alone; empty when there is none."""
    found = spans(text, ["resident_id"])
    return re.sub(r"[^0-9Xx]", "", plain(text[found[0].start : found[0].end]).text) if found else ""


def birth_year(text: str) -> str:
    """The year of the first date of birth, or of the first resident ID."""
    for span in spans(text, ["birth_date"]):
        if hit := YEAR.search(plain(text[span.start : span.end]).text):
            return hit.group(1)
    digits = id_digits(text)
    return digits[6:10] if len(digits) == 18 else f"19{digits[6:8]}" if digits else ""


def sex(text: str) -> str:
    """As the first resident ID tells it."""
    digits = id_digits(text)
    return "" if not digits else "odd" if int(digits[16 if len(digits) == 18 else 14]) % 2 else "even"


def province(text: str) -> str:
    """Of the first resident ID, or the first two characters of the first Chinese address."""
    digits = id_digits(text)
    if digits:
        return digits[:2]
    found = spans(text, ["address"])
    return text[found[0].start : found[0].start + 2] if found else ""


DERIVED: dict[str, Callable[[str], str]] = {"birth_year": birth_year, "sex": sex, "province": province}


@dataclass
class Column:
    """One quasi-identifier while rows go by: its values as numbers."""

    name: str  # of a group, or of what is read out of the text
    width: int | None = None  # numbers in steps of so many, other values by so many first characters
    known: dict[str, int] = field(default_factory=dict)
    seen: bool = False  # whether any row has it

    def number(self, example: Example) -> int:
        """The number of a row's value; -1 when it has none."""
        if self.name in example.groups:
            value = example.groups[self.name]
        elif self.name in DERIVED:
            value = DERIVED[self.name](example.text if example.pair is None else f"{example.text}\n{example.pair}")
        else:
            value = ""
        if not value:
            return -1
        self.seen = True
        return self.known.setdefault(self.coarse(value), len(self.known))

    def coarse(self, value: str) -> str:
        """The value, or what is left of it."""
        if self.width is None:
            return value
        return str(int(float(value) // self.width)) if NUMBER.fullmatch(value) else value[: self.width]


def k_anonymity(rows: Iterable[Example], columns: Sequence[str], k: int, *, total: int, progress: Progress) -> Anonymity:
    """Counts how many persons, or rows where no row names its person, share the values of the columns.

    Args:
        rows: of a corpus, streamed.
        columns: groups by name, `birth_year`, `sex` or `province` as the texts tell them; `age:10` takes numbers in tens,
            `code:2` the first two characters.
        k: size from which a class is large enough.
        total: rows in all.

    Raises:
        UnknownName: no row has such a column.
        BadOption: `k` below 2, no column, a column twice, or an odd step behind the colon.
        NotEnoughData: there is no row.
    """
    if k < 2:
        raise BadOption(f"k is {k}.", "Give 2 or more; 5 is usual, 10 and more where the corpus is given away.")
    chosen = [column_of(said) for said in columns]
    if not chosen or len({column.name for column in chosen}) < len(chosen):
        raise BadOption("No column is named, or one twice.", "Name groups, birth_year, sex or province, with commas between them.")
    units: dict[str, tuple[tuple[int, ...], int]] = {}
    targets: dict[str | None, int] = {}
    groups, persons, done = set[str](), 0, 0
    for done, example in enumerate(rows, 1):
        if done % EVERY == 1:
            progress.step("count", done - 1, total, "rows")
        groups.update(example.groups)
        persons += example.person is not None
        cells = tuple(column.number(example) for column in chosen)
        target = targets.setdefault(example.target, len(targets))
        name = example.person or f"row {done}"
        before = units.get(name)
        # what is known of a person is known from all their rows together: the first that tells a value tells it
        units[name] = (
            (tuple(max(one) if min(one) < 0 else one[0] for one in zip(before[0], cells, strict=True)), before[1])
            if before
            else (cells, target)
        )
    progress.step("count", total, total, "rows")
    if not done:
        raise NotEnoughData("The corpus has no rows.", "Import some.")
    for column in chosen:
        if not column.seen and column.name not in DERIVED:
            raise unknown("column of the corpus", column.name, sorted(groups | DERIVED.keys()))
    if all(not column.seen for column in chosen):
        raise BadInput("No row tells any of these.", "On a protected corpus ask for columns of groups, or look at its parent.")
    table = np.array([cells for cells, _ in units.values()], dtype=np.int64).reshape(len(units), len(chosen))
    return anonymity(columns, table, np.array([target for _, target in units.values()]), k, "persons" if persons else "rows")


def column_of(said: str) -> Column:
    """A column as people write it: `age`, or `age:10`."""
    name, colon, step = (part.strip() for part in said.partition(":"))
    if colon and not (step.isascii() and step.isdigit() and int(step) > 0):
        raise BadOption(
            f"'{said}' has no step behind the colon.", "Write COLUMN:10 for numbers in tens, COLUMN:2 for two first characters."
        )
    return Column(name, int(step) if colon else None)
