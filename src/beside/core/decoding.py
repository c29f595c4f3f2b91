"""Bytes -> lines of text: the encoding is found by reading the whole file strictly, never guessed from its first bytes alone.

Order: byte order mark; strict UTF-8; GB18030 (what Chinese Excel writes without a mark; contains GBK and GB2312); Big5;
Windows-1252. The last three accept nearly any bytes, so each must also look like the text it claims to be.
"""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from beside.core.errors import BadInput

LINE_LIMIT = 2_000_000  # characters; a longer line is refused without being held in memory
CHUNK = 1 << 20  # bytes read at a time
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark is its beginning
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
MAGIC = {
    b"PK\x03\x04": "a zip archive or an Excel file (.xlsx)",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word file (.xls, .doc)",
    b"PAR1": "a Parquet file (.parquet)",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\x1f\x8b": "a gzip file (name it .csv.gz or .jsonl.gz)",
    b"SQLite format 3": "an SQLite database",
    b"\x7fELF": "a program",
}
CONTROL = bytes(sorted({*range(0x20)} - {9, 10, 12, 13, 27}))
NAMES = {
    "utf-8-sig": "UTF-8 with a byte order mark",
    "utf-8": "UTF-8",
    "gb18030": "GB18030",
    "big5": "Big5",
    "cp1252": "Windows-1252",
}
SAVE_AS = "Save it again as UTF-8 (in Excel: 'CSV UTF-8')."
THREE_BYTES = re.compile(rb"[\xe0-\xef][\x80-\xbf]{2}")


@dataclass(frozen=True)
class Failure:
    """Where an encoding first does not fit: 1-based line and the byte."""

    encoding: str
    line: int
    byte: int

    def __str__(self) -> str:
        return f"line {self.line} is not {NAMES.get(self.encoding, self.encoding.upper())} (byte 0x{self.byte:02x})"


def find_encoding(file: Path) -> str:
    """Python's name of the encoding in which the whole file can be read.

    Raises:
        BadInput: no such file, an empty one, not text, broken gzip, or no encoding fits (the message names the line).
    """
    head = read_head(file)
    marked = next((name for mark, name in MARKS.items() if head.startswith(mark)), None)
    if marked is None:
        check_is_text(file, head)
    first = failure(file, marked or "utf-8")
    if first is None:
        return marked or "utf-8"
    if marked:
        raise BadInput(f"'{file.name}' begins like {marked.upper()}, but {first}.", SAVE_AS)
    return find_older_encoding(file, first)


def find_older_encoding(file: Path, first: Failure) -> str:
    """The encoding of a text that is not UTF-8: GB18030, Big5 or Windows-1252.

    Raises:
        BadInput: none of them fits, or lines in UTF-8 stand between others.
    """
    lines, utf8, surely_utf8 = count_utf8_lines(file)
    if surely_utf8 > lines / 1000:
        raise BadInput(
            f"'{file.name}' mixes encodings: {first}, while {utf8} other lines are UTF-8 beyond doubt.",
            f"Repair line {first.line} and the like, or save each source alone. {SAVE_AS}",
        )
    failures = [first]
    for encoding, fits in (("gb18030", looks_simplified), ("big5", looks_traditional), ("cp1252", looks_western)):
        failed = failure(file, encoding)
        if failed is None and fits(read_head(file, CHUNK)) and (encoding != "cp1252" or utf8 <= lines / 100):
            return encoding
        failures += [failed] if failed else []
    tried = ", ".join(NAMES[encoding] for encoding in ("utf-8", "gb18030", "big5", "cp1252"))
    places = "; ".join(str(failed) for failed in failures)
    raise BadInput(f"Cannot tell the encoding of '{file.name}': {places}. Tried: {tried}.", SAVE_AS)


def failure(file: Path, encoding: str) -> Failure | None:
    """Where the file is first not in that encoding; None when all of it is. Memory stays at one chunk."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="strict")
    line = 1
    try:
        with open_bytes(file) as stream:
            while chunk := stream.read(CHUNK):
                line += decoder.decode(chunk).count("\n")
            decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        line += error.object[: error.start].decode(encoding, "ignore").count("\n")
        return Failure(encoding, line, error.object[error.start])
    return None


def count_utf8_lines(file: Path) -> tuple[int, int, int]:
    """Lines that are not ASCII; those that are UTF-8; those that are UTF-8 beyond doubt.

    A short GBK word may by chance be valid UTF-8 (模 is also ģ); three characters of three bytes each are not.
    """
    lines = utf8 = sure = 0
    with open_bytes(file) as stream:
        while line := stream.readline(LINE_LIMIT):
            if line.isascii():
                continue
            lines += 1
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                continue
            utf8 += 1
            sure += len(THREE_BYTES.findall(line)) >= 3
    return lines, utf8, sure


def looks_simplified(head: bytes) -> bool:
    """Whether GB18030 gives text: few Chinese characters stand alone between Latin letters (é misread), most are common ones."""
    text = head.decode("gb18030", "ignore")
    other = [c for c in text if c > "\x7f"]
    alone = re.findall(r"(?<=[A-Za-z])[\u3400-\u9fff](?![^\x00-\x7f])|(?<![^\x00-\x7f])[\u3400-\u9fff](?=[A-Za-z])", text)
    common = share_between(other, "gb2312", 0xB0, 0xD7)
    return len(alone) <= 0.3 * len(other) and (common >= 0.7 or not looks_traditional(head))


def looks_traditional(head: bytes) -> bool:
    """Whether Big5 gives text: nearly all Chinese characters are of its first, common level."""
    return share_between([c for c in head.decode("big5", "ignore") if c > "\x7f"], "big5", 0xA4, 0xC6) >= 0.95


def looks_western(head: bytes) -> bool:
    """Whether Windows-1252 gives text: accented letters mostly stand alone."""
    runs = re.findall(rb"[\x80-\xff]+", head)
    return sum(len(run) == 1 for run in runs) >= 0.7 * len(runs)


def share_between(characters: list[str], encoding: str, low: int, high: int) -> float:
    """Share of the Chinese characters whose first byte in that encoding is in low..high; 1 when there is none."""
    chinese = [c for c in characters if "\u3400" <= c <= "\u9fff"]
    leads = [c.encode(encoding, "ignore")[:1] for c in chinese]
    return sum(bool(lead) and low <= lead[0] <= high for lead in leads) / len(chinese) if chinese else 1.0


def check_is_text(file: Path, head: bytes) -> None:
    """Does nothing for something that may be text.

    Raises:
        BadInput: nothing in it, a known binary format, or full of control characters.
    """
    if not head.strip():
        raise BadInput(f"'{file.name}' is empty.", "Give a file with a header line and at least one row a label.")
    known = next((what for magic, what in MAGIC.items() if head.startswith(magic)), None)
    controls = len(head) - len(head.translate(None, CONTROL))
    if known is None and controls <= 0.05 * len(head):
        return
    what = known or "binary data" + (" (or UTF-16 without a byte order mark)" if head.count(0) > 0.2 * len(head) else "")
    raise BadInput(
        f"'{file.name}' is not text: it is {what}.", "Give CSV, TSV, JSON Lines, Parquet or Excel, each with its own ending."
    )


def read_head(file: Path, size: int = 1 << 16) -> bytes:
    """The first bytes of a file, unpacked if it is gzip."""
    with open_bytes(file) as stream:
        return stream.read(size)


@contextmanager
def open_bytes(file: Path) -> Iterator[IO[bytes]]:
    """A file's bytes, unpacked if its name ends in .gz.

    Raises:
        BadInput: no such file, not a file, not readable, or broken gzip.
    """
    if not file.is_file():
        raise BadInput(f"There is no file '{file}'.", "Check the path; a folder may hold train, dev and test files.")
    try:
        with cast(IO[bytes], gzip.open(file) if file.name.lower().endswith(".gz") else file.open("rb")) as stream:
            yield stream
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise BadInput(f"'{file.name}' is not a whole gzip file: {error}.", "Pack or download it again.") from error
    except PermissionError as error:
        raise BadInput(f"'{file}' may not be read by you.", "Ask its owner, or copy it to where you may.") from error


@contextmanager
def open_text(file: Path, encoding: str) -> Iterator[io.TextIOWrapper]:
    """A file's text with its line ends as they are."""
    with open_bytes(file) as stream, io.TextIOWrapper(stream, encoding=encoding, newline="") as text:
        yield text


def read_lines(file: Path, encoding: str) -> Iterator[str | None]:
    """Lines with their ends as they are; None for a line over LINE_LIMIT, which is passed over piece by piece."""
    with open_text(file, encoding) as text:
        while line := text.readline(LINE_LIMIT):
            if len(line) < LINE_LIMIT or line.endswith(("\n", "\r")):
                yield line
                continue
            while (piece := text.readline(CHUNK)) and not piece.endswith(("\n", "\r")):
                pass
            yield None
