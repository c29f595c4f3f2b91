"""CSV and TSV files, also packed with gzip (.csv .tsv .tab .txt, .gz): encoding and delimiter are found.

Follows RFC 4180; a quote that is never closed costs the line it opens on, not the rest of the file.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from beside.core.cleaning import clean
from beside.core.decoding import LINE_LIMIT, NAMES, find_encoding, read_lines
from beside.core.interfaces import RawRow, Refused

ENDINGS = (".csv", ".tsv", ".tab", ".txt")
DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}
SAMPLE = 200  # lines by which the delimiter is found


@dataclass(frozen=True)
class Layout:
    """How a file is written."""

    encoding: str
    delimiter: str
    skipped: int  # lines before the header


class Delimited:
    """One row per record; line numbers are those of an editor, also when a quoted cell spans lines."""

    def takes(self, source: str) -> bool:
        """Whether the name ends like CSV or TSV."""
        return source.lower().removesuffix(".gz").endswith(ENDINGS)

    def notes(self, source: str) -> tuple[str, ...]:
        """Encoding and delimiter that were found. Raises as `rows` does."""
        layout = find_layout(Path(source))
        encoding = NAMES.get(layout.encoding, layout.encoding.upper())
        return (f"Encoding {encoding}, columns separated by {DELIMITERS.get(layout.delimiter, layout.delimiter)}.",)

    def rows(self, source: str) -> Iterator[RawRow | Refused]:
        """Rows below the header; empty lines are passed over.

        Raises:
            BadInput: no such file, not text, no encoding fits.
        """
        csv.field_size_limit(max(csv.field_size_limit(), LINE_LIMIT + 1))  # of the whole process; the module has no other
        layout = find_layout(Path(source))
        lines = islice(enumerate(read_lines(Path(source), layout.encoding), start=1), layout.skipped, None)
        records = Records(lines, layout.delimiter).read()
        header: list[str] | None = None
        for line, cells in records:
            if isinstance(cells, str):
                yield Refused(line=line, why=cells)
            elif not any(cell.strip() for cell in cells):
                continue
            elif header is None:
                header = name_columns(cells)
            elif any(cell.strip() for cell in cells[len(header) :]):
                why = f"{len(cells)} cells where the header names {len(header)}; quote text that holds the delimiter"
                yield Refused(line=line, why=why)
            else:
                yield RawRow(line=line, cells=dict(zip(header, cells, strict=False)))


class Records:
    """Records with the line each begins on, from numbered lines that can be pushed back.

    Args:
        lines: pairs of line number and line, None for a line that is too long.
        delimiter: one character.
    """

    def __init__(self, lines: Iterable[tuple[int, str | None]], delimiter: str) -> None:
        self.lines, self.delimiter = iter(lines), delimiter
        self.ahead: deque[tuple[int, str | None]] = deque()
        self.taken: list[tuple[int, str | None]] = []  # lines of the record in the making
        self.open = False  # whether the last record lacked an end

    def read(self) -> Iterator[tuple[int, list[str] | str]]:
        """Line and cells of each record, or line and why it cannot be read."""
        while (following := self.next_line()) is not None:
            if following[1] is None:
                yield following[0], f"the line is longer than {LINE_LIMIT:,} characters"
                continue
            self.ahead.appendleft(following)
            yield from self.read_until_trouble()

    def read_until_trouble(self) -> Iterator[tuple[int, list[str] | str]]:
        """Records up to the first that is broken, that one included; what stands behind its first line is read again."""
        parser = csv.reader(self.feed(), delimiter=self.delimiter, strict=True)
        while True:
            self.taken, self.open = [], False
            try:
                cells = next(parser)
            except StopIteration:
                return
            except csv.Error:
                yield self.recover()
                return
            if self.open:
                yield self.recover()
                return
            yield self.taken[0][0], cells

    def feed(self) -> Iterator[str]:
        """Lines for the parser; ends where a record becomes too long or meets a line that is."""
        characters = 0
        while (following := self.next_line()) is not None:
            line = following[1]
            characters = len(line or "") + (characters if self.taken else 0)
            if line is None or (self.taken and characters > LINE_LIMIT):
                self.ahead.appendleft(following)
                break
            self.taken.append(following)
            yield line
        self.open = bool(self.taken)

    def recover(self) -> tuple[int, list[str] | str]:
        """What to make of a broken record: one line is read leniently; of several the first is given up, the others read again."""
        (number, first), *others = self.taken
        if not others and not self.open:
            return number, next(csv.reader([first or ""], delimiter=self.delimiter))
        # linear all the same: a record left open ends at the next line that would open one, so lines are read twice at most
        self.ahead.extendleft(reversed(others))
        return number, "a quote is opened and not closed, or closed in the middle of a cell"

    def next_line(self) -> tuple[int, str | None] | None:
        """The next numbered line, pushed back or new; None at the end."""
        return self.ahead.popleft() if self.ahead else next(self.lines, None)


def find_layout(file: Path) -> Layout:
    """Encoding, delimiter and where the header stands. Raises BadInput as `find_encoding` does."""
    encoding = find_encoding(file)
    sample = [line for line in islice(read_lines(file, encoding), SAMPLE) if line is not None]
    first = sample[0].strip() if sample else ""
    if first.lower().startswith("sep=") and len(first) == 5:  # Excel's own way to name the delimiter
        return Layout(encoding, first[4], 1)
    tab_first = file.name.lower().removesuffix(".gz").endswith((".tsv", ".tab"))
    order = sorted(DELIMITERS, key=lambda delimiter: (delimiter == "\t") != tab_first)
    return Layout(encoding, max(order, key=lambda delimiter: fit(sample, delimiter)), 0)


def fit(sample: list[str], delimiter: str) -> tuple[float, int]:
    """How well a delimiter explains the sample: share of rows as wide as the header, and that width; 0 for a width of 1."""
    try:
        widths = [len(cells) for cells in csv.reader(sample, delimiter=delimiter) if any(cells)]
    except csv.Error:
        return 0.0, 0
    if not widths or widths[0] < 2:
        return 0.0, 0
    return sum(width == widths[0] for width in widths) / len(widths), widths[0]


def name_columns(cells: list[str]) -> list[str]:
    """Names for all columns: empty ones by position, repeated ones numbered."""
    names: list[str] = []
    for position, cell in enumerate(cells, start=1):
        wanted = clean(cell) or f"column {position}"
        number = sum(name == wanted or name.startswith(f"{wanted} (") for name in names)
        names.append(f"{wanted} ({number + 1})" if number else wanted)
    return names


reader = Delimited()
