"""Attacked rows on a person's table: does the edited text still mean the same, and what is its right label?"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from beside.core.attacking import Attacked
from beside.core.errors import BadInput
from beside.core.statistics import Estimate, rate

COLUMNS = ("text", "edited", "label", "answer", "same_meaning", "right_label")
SAID = {"yes": True, "y": True, "是": True, "no": False, "n": False, "否": False}
NOTE = "attacked row, meaning "
KEPT, CHANGED = f"{NOTE}kept", f"{NOTE}changed"


class Judged(BaseModel):
    """What a person says of one attacked row."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    edited: str
    same: bool  # whether it still means the same
    label: str | None  # the right label of the edited text; None = no label fits


def write_rows(file: Path, rows: Sequence[Attacked]) -> None:
    """A table for people to fill: `same_meaning` yes or no, and `right_label` where it differs from the original's."""
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        writer.writerows((one.text, one.edited, one.target, one.after, "", "") for one in rows)


def read_rows(file: Path) -> list[Judged]:
    """The rows that were judged; those with an empty `same_meaning` are left for later.

    A row that means the same keeps its label; one that does not has `right_label`, or none.

    Raises:
        BadInput: a file that cannot be read, a column that is missing, or a word that is neither yes nor no.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as given:
            reader = csv.DictReader(given)
            names, rows = reader.fieldnames or (), list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"Cannot read '{file}': {error}.", "Give the table that `beside attack --out` wrote.") from error
    if missing := [column for column in COLUMNS if column not in names]:
        raise BadInput(f"'{file}' has no column '{missing[0]}'.", f"Its columns must be: {', '.join(COLUMNS)}.")
    return [judged(number, row) for number, row in enumerate(rows, start=2) if (row["same_meaning"] or "").strip()]


def judged(line: int, row: Mapping[str, str]) -> Judged:
    """One filled line. Raises as `read_rows` does."""
    said = row["same_meaning"].strip().casefold()
    if said not in SAID:
        raise BadInput(f"Line {line}: same_meaning is '{row['same_meaning']}'.", "Write yes or no, or leave it empty.")
    label = (row["right_label"] or "").strip() or (row["label"] if SAID[said] else None)
    return Judged(edited=row["edited"], same=SAID[said], label=label)


def kept_share(notes: Iterable[str]) -> Estimate | None:
    """Share of judged rows that still mean the same, from the notes of what people said; None when nothing was judged."""
    said = [note for note in notes if note in (KEPT, CHANGED)]
    return rate(said.count(KEPT), len(said)) if said else None


def human_judged(raw: Estimate, kept: Estimate) -> Estimate:
    """Success of an attack at which people agree that the meaning stayed: raw success times the share that people accept.

    The ends are the products of the two intervals' ends, which hold together in at least 90 of 100 cases.
    """
    return Estimate(value=raw.value * kept.value, low=raw.low * kept.low, high=raw.high * kept.high, n=kept.n)
