"""Attacked rows as a CSV table for people who judge in a spreadsheet: written blind, without a label or an answer, and read."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from beside.core.errors import BadInput
from beside.core.judging import AttackedRow, Meaning, Opinion
from beside.core.pairs import shown

COLUMNS = ("row", "text", "edited", "same_meaning", "right_label", "comment")
SAID: dict[str, Meaning] = {
    **dict.fromkeys(("yes", "y", "是"), "kept"),
    **dict.fromkeys(("no", "n", "否"), "changed"),
    **dict.fromkeys(("unsure", "u", "?", "？", "不确定"), "unsure"),
}  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would carry out a cell that begins so


def write_table(file: Path, rows: Iterable[AttackedRow]) -> None:
    """A table to fill: `same_meaning` yes, no or unsure, and `right_label` where it is not that of the untouched text."""
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        writer.writerows((one.id, inert(one.text), inert(one.edited), "", "", "") for one in rows)


def inert(text: str) -> str:
    """A text as a person reads it, in a cell that no spreadsheet takes for a formula. It is not read back: a row has its id."""
    text = shown(text)
    return f"'{text}" if text.startswith(FORMULA) else text


def read_table(file: Path) -> list[Opinion]:
    """The rows that were judged; those with an empty `same_meaning` are left for later.

    Raises:
        BadInput: a file that cannot be read, a column that is missing, or a word that is neither yes, no nor unsure.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as given:
            reader = csv.DictReader(given)
            names, rows = reader.fieldnames or (), list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"Cannot read '{file}': {error}.", "Give the table that `beside attack --out` wrote.") from error
    if missing := [column for column in COLUMNS if column not in names]:
        raise BadInput(f"'{file}' has no column '{missing[0]}'.", f"Its columns must be: {', '.join(COLUMNS)}.")
    return [opinion(number, row) for number, row in enumerate(rows, start=2) if (row["same_meaning"] or "").strip()]


def opinion(line: int, row: Mapping[str, str | None]) -> Opinion:
    """One filled line. Raises as `read_table` does."""
    said = (row["same_meaning"] or "").strip().casefold()
    if said not in SAID:
        hint = "Write yes, no or unsure, or leave it empty."
        raise BadInput(f"Line {line}: same_meaning is '{row['same_meaning']}'.", hint)
    label = (row["right_label"] or "").strip() or None
    return Opinion(attacked_id=row["row"] or "", meaning=SAID[said], label=label, comment=(row["comment"] or "").strip())
