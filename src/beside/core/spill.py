"""Rows on disk while an import decides about them: appended once, read again in order or one by one, never all in memory."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from beside.core.cleaning import BETWEEN
from beside.core.errors import StorageFailed

BUFFER = 1 << 20  # bytes written or read at a time


class Row(NamedTuple):
    """What is kept of a row besides numbers; all of it cleaned."""

    text: str
    pair: str | None
    person: str | None  # as the source has it
    groups: list[str]  # in the order of the group columns, empty where unknown


class Place(Protocol):
    """Where bytes are added at the end and read at any place."""

    def write(self, content: bytes, /) -> int: ...
    def flush(self) -> None: ...
    def pread(self, length: int, place: int, /) -> bytes: ...


class Spill:
    """Rows in a temporary file, their values joined by a character that `clean` takes out of every value.

    Args:
        file: empty, best one that nobody else can read (store/scratch.py); it is closed by its owner.
    """

    def __init__(self, file: Place) -> None:
        self.file = file
        self.starts = array("q", [0])  # byte offsets; 8 bytes a row
        self.waiting: list[bytes] = []
        self.waiting_bytes = 0

    def __len__(self) -> int:
        return len(self.starts) - 1

    def append(self, row: Row) -> None:
        """Adds a row at the end.

        Raises:
            StorageFailed: the disk is full or refuses the write.
        """
        record = BETWEEN.join((row.text, row.pair or "", row.person or "", *row.groups)).encode()
        self.starts.append(self.starts[-1] + len(record))
        self.waiting.append(record)
        self.waiting_bytes += len(record)
        if self.waiting_bytes >= BUFFER:
            self.flush()

    def flush(self) -> None:
        """Writes what is waiting. Raises as `append` does."""
        try:
            self.file.write(b"".join(self.waiting))
            self.file.flush()
        except OSError as error:
            why = error.strerror or str(error)
            raise StorageFailed(
                f"Cannot write the rows that are being imported: {why}.", "Free some space and try again."
            ) from error
        self.waiting.clear()
        self.waiting_bytes = 0

    def row(self, index: int) -> Row:
        """One row by its place; call `flush` after the last `append` first."""
        return restored(self.bytes_of(index, index + 1))

    def __iter__(self) -> Iterator[Row]:
        self.flush()
        first = 0
        while first < len(self):
            base = self.starts[first]
            last = max(first + 1, bisect_right(self.starts, base + BUFFER) - 1)
            block = self.bytes_of(first, last)
            for index in range(first, last):
                yield restored(block[self.starts[index] - base : self.starts[index + 1] - base])
            first = last

    def bytes_of(self, first: int, last: int) -> bytes:
        """The records from one place to before another."""
        return self.file.pread(self.starts[last] - self.starts[first], self.starts[first])


def restored(record: bytes) -> Row:
    """The row that was joined."""
    text, pair, person, *groups = record.decode().split(BETWEEN)
    return Row(text, pair or None, person or None, groups)
