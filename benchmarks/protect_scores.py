"""How found spans are compared with marked ones: rows of the data sets, counts per row, and intervals by resampling rows."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

TAG = re.compile(r"<(/?)([a-z_]+)>")
RESAMPLED = 2000
# what the labels of presidio_synth_pii are called here; the others are of kinds that nobody promised to find
KINDS = {
    "PERSON": "person",
    "STREET_ADDRESS": "address",
    "GPE": "address",
    "ZIP_CODE": "address",
    "ORGANIZATION": "organisation",
    "CREDIT_CARD": "bank_card",
    "PHONE_NUMBER": "phone",
    "EMAIL_ADDRESS": "email",
    "DOMAIN_NAME": "url",
    "IBAN_CODE": "iban",
    "US_SSN": "ssn",
    "IP_ADDRESS": "ip",
}
FREE = ("person", "address", "organisation")  # kinds without a form of their own; the others are structured


@dataclass(frozen=True)
class Row:
    """A text and what is marked in it: start, end, label."""

    text: str
    marked: frozenset[tuple[int, int, str]]


def jsonl(file: Path) -> list[Row]:
    """Rows with `text` and `spans`."""
    with file.open(encoding="utf-8") if file.exists() else gzip.open(f"{file}.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [Row(row["text"], frozenset((one["start"], one["end"], one["label"]) for one in row["spans"])) for row in rows]


def tagged(file: Path) -> list[Row]:
    """Rows of a file of sentences with <kind>…</kind> around each value; lines that begin with # are headings."""
    return [untagged(line) for line in file.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]


def untagged(line: str) -> Row:
    """One such sentence."""
    text, marked, at, begin = "", set(), 0, 0
    for tag in TAG.finditer(line):
        text += line[at : tag.start()]
        at = tag.end()
        if tag.group(1):
            marked.add((begin, len(text), tag.group(2)))
        else:
            begin = len(text)
    return Row(text + line[at:], frozenset(marked))


def words(row: Row, found: Sequence[tuple[int, int]], every: bool) -> tuple[int, int, int]:
    """Words that are personal and covered, covered only, personal only. Words of kinds that are not looked for count if `every`."""
    cover, label = bytearray(len(row.text)), [""] * len(row.text)
    for start, end in found:
        cover[start:end] = b"\x01" * (end - start)
    for start, end, name in row.marked:
        label[start:end] = [name] * (end - start)
    both = only = lost = 0
    for word in re.finditer(r"\w+", row.text):
        name, covered = label[word.start()], cover[word.start()]
        if name and name not in KINDS and not every:
            continue
        both += bool(name and covered)
        only += bool(covered and not name)
        lost += bool(name and not covered)
    return both, only, lost


def whole(row: Row, found: Sequence[tuple[int, int]], label: str) -> Iterator[bool]:
    """For each marked value of a label, whether all of its letters and digits are covered."""
    covered = {place for start, end in found for place in range(start, end)}
    for start, end, name in row.marked:
        if name == label:
            yield all(place in covered for place in range(start, end) if row.text[place].isalnum())


def exact(row: Row, found: set[tuple[int, int, str]], kinds: Sequence[str]) -> tuple[int, int, int]:
    """Spans with the same edges and kind in both, found only, marked only."""
    marked = {one for one in row.marked if one[2] in kinds}
    told = {one for one in found if one[2] in kinds}
    return len(marked & told), len(told - marked), len(marked - told)


def precision(counts: np.ndarray) -> float:
    """Of counts both, only found, only marked."""
    return float(counts[0] / max(1, counts[0] + counts[1]))


def recall(counts: np.ndarray) -> float:
    """Of counts both, only found, only marked."""
    return float(counts[0] / max(1, counts[0] + counts[2]))


def f_of(beta: float) -> Callable[[np.ndarray], float]:
    """The weighted harmonic mean; recall weighs beta times as much."""

    def measure(counts: np.ndarray) -> float:
        one, other = precision(counts), recall(counts)
        return (1 + beta**2) * one * other / max(1e-9, beta**2 * one + other)

    return measure


def shown(counts: Sequence[tuple[int, int, int]], measure: Callable[[np.ndarray], float]) -> str:
    """A measure with its 95 % interval, by resampling rows."""
    table = np.array(counts)
    luck = np.random.default_rng(0)
    drawn = sorted(measure(table[luck.integers(0, len(table), len(table))].sum(axis=0)) for _ in range(RESAMPLED))
    return f"{measure(table.sum(axis=0)):.3f} ({drawn[RESAMPLED // 40]:.3f} to {drawn[-RESAMPLED // 40]:.3f})"
