"""A person in files: a byte search through everything that a workspace holds, and the erasure of what was made from them.

Text that is packed is unpacked for the search: the rows of corpora (Parquet) and the files in zip archives.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from beside.core.erasure import Needles
from beside.core.errors import Altered, BadInput, UnknownName
from beside.store.artifacts import Artifacts
from beside.store.bundle import ATTESTATION, MANIFEST, RETIRED
from beside.store.files import flush, remove, shred, storage_errors, whole_file
from beside.store.memory import copied, place_of
from beside.store.rows import read_rows
from beside.store.sealer import sealer_for
from beside.store.sealing import MAGIC, WHOLE

PIECE = 2**22  # bytes searched at a time
PARQUET, ZIP = b"PAR1", b"PK\x03\x04"
LARGEST_INSIDE = 2**30  # bytes of one file inside an archive that are unpacked to be searched
Step = Callable[[str, int, int], None]


@dataclass
class Searched:
    """What a search went through and where it found something, paths from the folder searched."""

    found: list[str]
    files: int = 0
    bytes: int = 0


def search(folder: Path, needles: Needles, leave: Iterable[Path] = (), step: Step = lambda what, done, of: None) -> Searched:
    """Every file below a folder that holds one of the needles, compressed text included; hard links of one file count once.

    Args:
        leave: files and folders that are not looked into.
        step: told how far the search is.
    """
    left, forms, told = {path.absolute() for path in leave}, needles.bytes(), Searched([])
    seen: dict[tuple[int, int], bool] = {}
    files = list(walk(folder.absolute(), left))
    for place, path in enumerate(files):
        step("look", place, len(files))
        with suppress(FileNotFoundError):  # another process may have removed it
            status = path.stat()
            key = (status.st_dev, status.st_ino)
            if key not in seen:
                seen[key] = file_holds(path, needles, forms)
                told.files, told.bytes = told.files + 1, told.bytes + status.st_size
            if seen[key] or name_holds(path, folder, forms):
                told.found.append(path.relative_to(folder.absolute()).as_posix())
    step("look", len(files), len(files))
    return told


def walk(folder: Path, leave: set[Path]) -> Iterator[Path]:
    """Every plain file below a folder, sorted; links are not followed."""
    for home, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if Path(home, name) not in leave)
        yield from (Path(home, name) for name in sorted(names) if Path(home, name) not in leave and plain_file(Path(home, name)))


def plain_file(path: Path) -> bool:
    """Whether it is a file and no link, socket or device."""
    return path.is_file() and not path.is_symlink()


def name_holds(path: Path, folder: Path, forms: tuple[bytes, ...]) -> bool:
    """Whether the name itself gives somebody away."""
    name = path.relative_to(folder.absolute()).as_posix().encode(errors="surrogateescape").lower()
    return any(form in name for form in forms)


def file_holds(path: Path, needles: Needles, forms: tuple[bytes, ...]) -> bool:
    """Whether a file holds one of the needles, as bytes, sealed, or in what it packs."""
    with unsealed(path) as stream:
        begin = stream.read(4)
        stream.seek(0)
        if stream_holds(stream, forms):
            return True
        stream.seek(0)
        if begin == PARQUET:
            return rows_hold(stream, needles)
        return begin == ZIP and archive_holds(stream, forms)


def unsealed(path: Path) -> IO[bytes]:
    """A file to read, decrypted when the workspace encrypts files; a single sealed value, such as a secret, as it lies there."""
    with path.open("rb") as stream:
        head = stream.read(len(MAGIC) + 2)
    value = head[:-2] == MAGIC and head[-1] == WHOLE
    return path.open("rb") if value else sealer_for(path).open(path)


def rows_hold(stream: IO[bytes], needles: Needles) -> bool:
    """Whether a row of a corpus is the person's; other tables than ours were searched as bytes."""
    descriptor = copied(stream, "rows")
    try:
        rows = read_rows(place_of(descriptor))
        with suppress(BadInput):
            return any(needles.held(text) for row in rows for text in (row.text, row.pair, row.person, row.target))
        return False
    finally:
        os.close(descriptor)


def stream_holds(stream: IO[bytes], forms: tuple[bytes, ...]) -> bool:
    """Whether bytes hold one of the forms, ASCII letters of either case alike."""
    keep, before = max(map(len, forms), default=1) - 1, b""
    while piece := stream.read(PIECE):
        window = before + piece.lower()
        if any(form in window for form in forms):
            return True
        before = window[-keep:] if keep else b""
    return False


def archive_holds(stream: IO[bytes], forms: tuple[bytes, ...]) -> bool:
    """Whether a file inside a zip archive holds one of the forms."""
    with suppress(zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError), zipfile.ZipFile(stream) as packed:
        for told in packed.infolist():
            if not told.is_dir() and told.file_size <= LARGEST_INSIDE:
                with packed.open(told) as inside:
                    if stream_holds(inside, forms):
                        return True
    return False


def models_in(artifacts: Artifacts, models: Iterable[str]) -> set[str]:
    """The artifacts of model folders: each tree, and every file in it; none of those that are gone."""
    found: set[str] = set()
    for id in models:
        with suppress(UnknownName, Altered, ValueError):
            found |= {id, *artifacts.read_json(id).values()}
    return found


def retire(bundle: Path, erasure: str, reason: str, needles: Needles) -> int:
    """Removes the files of a sealed bundle but its manifest of hashes; how many bytes went.

    The manifest stays so that the seal, which people signed, can still be read; a file in its place tells what happened.
    """
    if not bundle.is_dir():
        return 0
    keep, forms, size = {bundle / MANIFEST, bundle / ATTESTATION, bundle / RETIRED}, needles.bytes(), 0
    with whole_file(bundle / RETIRED) as path:
        path.write_text(json.dumps({"erasure": erasure, "reason": reason}, indent=2), encoding="utf-8")
    for file in [path for path in sorted(bundle.rglob("*")) if path.is_symlink() or not path.is_dir()]:
        if file not in keep or (file.name != RETIRED and file_holds(file, needles, forms)):
            size += file.lstat().st_size
            shred(file)
    for folder in sorted((path for path in bundle.rglob("*") if path.is_dir()), reverse=True):
        remove(folder)
    with storage_errors(f"'{bundle}'"):
        flush(bundle)
    return size


def clear(folder: Path) -> int:
    """Removes a folder and overwrites every file in it; how many files."""
    files = list(walk(folder, set())) if folder.is_dir() else []
    for file in files:
        shred(file)
    remove(folder)
    return len(files)
