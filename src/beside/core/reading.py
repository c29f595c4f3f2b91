"""Unlabelled text from any source that a reader takes: cleaned, each text once, rows of a test split left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any

from beside.core import registry
from beside.core.cleaning import clean, near_key, same_hash
from beside.core.columns import TEXT, Search, by_length, by_name, guess_split, not_found, split_of
from beside.core.decoding import NAMES, find_encoding, read_lines
from beside.core.errors import BadInput
from beside.core.gathering import FIELD_LIMIT, SAMPLE, Refusals, nothing_read, watched
from beside.core.interfaces import Progress, RawRow, Refused

LINES = (".txt", ".txt.gz")  # one text a line
LINE = "line"  # what the only column of such a file is called


@dataclass
class Texts:
    """What was read, and what became of the rest."""

    texts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    refusals: Refusals = field(default_factory=Refusals)
    repeated: int = 0
    held_back: int = 0  # rows of a tune or test split

    def in_words(self) -> list[str]:
        """Every decision, one sentence each."""
        told = [*self.notes, f"{len(self.texts):,} texts read."]
        if self.repeated:
            told.append(f"{self.repeated:,} that say the same as another one were left out.")
        if self.held_back:
            told.append(f"{self.held_back:,} rows of a tune or test split were left out, so that tests stay tests.")
        told += [f"{count:,} rows refused: {why}." for why, count in self.refusals.why.most_common(5)]
        return told


def find_reader(source: str) -> Any:
    """The first reader that takes the source.

    Raises:
        BadInput: there is no such file, or no reader is for its ending.
    """
    readers = (registry.load("readers", name) for name in registry.names("readers"))
    found = next((reader for reader in readers if reader.takes(source)), None)
    if found is not None:
        return found
    if not Path(source).exists():
        raise BadInput(f"There is no file '{source}'.", "Give a file, a folder with train and test files, or hf:owner/name.")
    kinds = "; ".join(f"{name}: {registry.summary('readers', name)}" for name in registry.names("readers"))
    raise BadInput(f"No reader is for '{Path(source).name}'.", f"Name it by what it is. {kinds}")


def read_texts(source: str, column: str | None, progress: Progress) -> Texts:
    """All different texts of a source; letter case, width, punctuation and spaces make no difference.

    Args:
        source: a table of any kind that a reader takes, or a `.txt` file with one text a line.
        column: the one with the text; None = the one whose name or content says so. With it, a `.txt` file is a table.

    Raises:
        BadInput: no such file, no such column, nothing to read.
    """
    found = Texts()
    if column is None and source.lower().endswith(LINES):
        encoding = find_encoding(Path(source))
        found.notes.append(f"Encoding {NAMES.get(encoding, encoding.upper())}, one text a line.")
        take(found, line_rows(Path(source), encoding), LINE, None, progress)
        return found
    reader = find_reader(source)
    found.notes += reader.notes(source)
    stream = iter(reader.rows(source))
    sample = list(islice(stream, SAMPLE))
    cells = [row.cells for row in sample if isinstance(row, RawRow)]
    if not cells:
        raise nothing_read(sample)
    text, split = text_column(column, cells, found.notes)
    take(found, chain(sample, stream), text, split, progress)
    return found


def line_rows(file: Path, encoding: str) -> Iterator[RawRow | Refused]:
    """Every line that is not empty."""
    for number, line in enumerate(read_lines(file, encoding), start=1):
        if line is None:
            yield Refused(line=number, why="the line is too long")
        elif line.strip():
            yield RawRow(line=number, cells={LINE: line})


def text_column(named: str | None, sample: Sequence[Mapping[str, str]], notes: list[str]) -> tuple[str, str | None]:
    """The column of the text, and that of the split where there is one. Raises as `read_texts` does."""
    names = list(dict.fromkeys(name for cells in sample for name in cells))
    search = Search(sample, names, [name for name in names if name != named])
    split = search.take("split", None, guess_split(search))
    text = search.take("text", named, by_name(search, "text", TEXT) or by_length(search) or (names[0] if len(names) == 1 else None))
    if not text:
        raise not_found("text", names, sample)
    notes += search.notes
    if "text" in search.guessed:
        notes.append(f"The text is read from the column '{text}' (guessed; choose another with --text).")
    return text, split


def take(found: Texts, rows: Iterable[RawRow | Refused], column: str, split: str | None, progress: Progress) -> None:
    """Puts the texts of the rows where they belong.

    Raises:
        BadInput: none of them holds a text.
    """
    seen: set[int] = set()
    for row in watched(rows, progress):
        if isinstance(row, Refused):
            found.refusals.add(row.line, row.why)
            continue
        raw = row.cells.get(column, "")
        text = clean(raw) if len(raw) <= FIELD_LIMIT else ""
        key = same_hash(near_key(text)) if text else 0
        if not text:
            long = f"the text is longer than {FIELD_LIMIT:,} characters"
            found.refusals.add(row.line, long if raw.strip() else f"the column '{column}' is empty")
        elif split and split_of(row.cells.get(split, "")) not in (None, "train"):
            found.held_back += 1
        elif key in seen:
            found.repeated += 1
        else:
            seen.add(key)
            found.texts.append(text)
    if not found.texts:
        raise BadInput("There is no text to read.", " ".join(found.in_words()))
