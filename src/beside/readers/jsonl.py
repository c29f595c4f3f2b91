"""JSON Lines, one object a line (.jsonl .ndjson .json, .gz); a JSON array of objects is recognised and read as well."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from beside.core.cleaning import cell_text
from beside.core.decoding import LINE_LIMIT, NAMES, find_encoding, open_text, read_lines
from beside.core.errors import BadInput
from beside.core.interfaces import RawRow, Refused

ENDINGS = (".jsonl", ".ndjson", ".json")
NOT_OBJECT = "this is no JSON object {...} with named values"


class JsonLines:
    """One row per object; values that are no text become text, nested ones JSON."""

    def takes(self, source: str) -> bool:
        """Whether the name ends like JSON."""
        return source.lower().removesuffix(".gz").endswith(ENDINGS)

    def notes(self, source: str) -> tuple[str, ...]:
        """Encoding, and whether the file is an array. Raises as `rows` does."""
        encoding = find_encoding(Path(source))
        kind = "a JSON array" if is_array(Path(source), encoding) else "JSON Lines"
        return (f"Encoding {NAMES.get(encoding, encoding.upper())}, {kind}.",)

    def rows(self, source: str) -> Iterator[RawRow | Refused]:
        """Rows in order; empty lines are passed over.

        Raises:
            BadInput: no such file, not text, no encoding fits, or one JSON document that is not a list of objects.
        """
        file = Path(source)
        encoding = find_encoding(file)
        if is_array(file, encoding):
            yield from array_rows(file, encoding)
            return
        for number, line in enumerate(read_lines(file, encoding), start=1):
            row = line_row(number, line)
            if number == 1 and isinstance(row, Refused) and line is not None and line.strip() in ("{", '{"'):
                what = f"'{file.name}' is one JSON document, not one object a line."
                raise BadInput(what, "Write a list [{...}, ...] or JSON Lines.")
            if row is not None:
                yield row


def line_row(number: int, line: str | None) -> RawRow | Refused | None:
    """The row on one line; None for an empty line."""
    if line is None:
        return Refused(line=number, why=f"the line is longer than {LINE_LIMIT:,} characters")
    if not line.strip():
        return None
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        return Refused(line=number, why=f"this is not JSON: {error.msg}")
    except (RecursionError, ValueError):  # nested too deeply, or a number of thousands of digits
        return Refused(line=number, why="this is JSON that cannot be read: nested too deeply or a number too long")
    return object_row(number, value)


def object_row(number: int, value: Any) -> RawRow | Refused:
    """The row that an object is."""
    if not isinstance(value, dict):
        return Refused(line=number, why=NOT_OBJECT)
    return RawRow(line=number, cells={key: cell_text(cell) for key, cell in value.items()})


def is_array(file: Path, encoding: str) -> bool:
    """Whether the first character that is no white space opens an array."""
    with open_text(file, encoding) as text:
        return text.read(1 << 16).lstrip().startswith("[")


def array_rows(file: Path, encoding: str) -> Iterator[RawRow | Refused]:
    """Rows of a JSON array, decoded one by one; at most a few million characters are in memory.

    Raises:
        BadInput: the array is broken; the message names the line.
    """
    decoder = json.JSONDecoder()
    with open_text(file, encoding) as text:
        window = Window(text)
        window.skip_space()
        window.skip("[")
        while not window.at("]"):
            line = window.line
            try:
                value, end = decoder.raw_decode(window.text, window.place)
            except (ValueError, RecursionError) as error:
                raise BadInput(
                    f"The JSON array in '{file.name}' cannot be read at line {line}: {error}.",
                    f"Repair it, or write one object a line; an object may have {LINE_LIMIT:,} characters.",
                ) from error
            window.move(end)
            yield object_row(line, value)
            if not window.skip(",") and not window.at("]"):
                what = f"The JSON array in '{file.name}' breaks off at line {window.line}."
                raise BadInput(what, "Write it again, or one object a line.")


class Window:
    """A moving piece of a text: at least LINE_LIMIT characters lie ahead, unless the text ends."""

    def __init__(self, stream: TextIOWrapper) -> None:
        self.stream, self.text, self.place, self.line = stream, "", 0, 1

    def fill(self) -> None:
        """Reads on when little is left; what lies behind is forgotten."""
        if len(self.text) - self.place < LINE_LIMIT and (more := self.stream.read(4 * LINE_LIMIT)):
            self.text = self.text[self.place :] + more
            self.place = 0

    def move(self, place: int) -> None:
        """Steps forward to a place, then over white space, counting lines."""
        self.line += self.text.count("\n", self.place, place)
        self.place = place
        self.skip_space()

    def skip_space(self) -> None:
        """Steps over white space."""
        self.fill()
        while self.place < len(self.text) and self.text[self.place].isspace():
            self.line += self.text[self.place] == "\n"
            self.place += 1
            self.fill()

    def at(self, mark: str) -> bool:
        """Whether that character comes next."""
        return self.text.startswith(mark, self.place)

    def skip(self, mark: str) -> bool:
        """Steps over a character and the white space behind it, if it comes next."""
        if not self.at(mark):
            return False
        self.move(self.place + 1)
        return True


reader = JsonLines()
