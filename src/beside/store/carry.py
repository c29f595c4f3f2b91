"""A bundle as one zip file, and back: written for another machine, read as what a stranger may have sent."""

from __future__ import annotations

import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from beside.core.errors import BadInput
from beside.store.files import files_below, safe_name, storage_errors, whole_file
from beside.store.sealer import sealer_for

MOST_FILES = 10_000
MOST_BYTES = 64 * 2**30  # of all files together, unpacked
MOST_TIMES = 200  # a file may be so many times smaller packed than unpacked: text is about 10 times, a bomb 1000
SMALL = 2**20  # bytes; below this nothing is a bomb
ALWAYS = (1980, 1, 1, 0, 0, 0)  # the same bundle is the same zip file
PIECE = 2**20


def pack(folder: Path, file: Path) -> int:
    """Writes every file of a folder, unsealed, into a zip file, whole or not at all; how many.

    Raises:
        BadInput: the zip file is to lie inside the folder, or something in it is no plain file.
        StorageFailed: the disk is full or refuses the write.
    """
    if file.absolute().is_relative_to(folder.absolute()):
        raise BadInput(f"'{file}' lies inside the bundle.", "Give another place.")
    found = files_below(folder)
    with storage_errors(f"'{file}'"):
        file.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(file) as path, zipfile.ZipFile(path, "w") as packed:
        for name, source in found.items():
            told = zipfile.ZipInfo(name, ALWAYS)
            told.external_attr = (stat.S_IFREG | 0o444) << 16
            told.compress_type = zipfile.ZIP_STORED if name.endswith(".safetensors") else zipfile.ZIP_DEFLATED
            told.file_size = sealer_for(source).size(source)  # so that files beyond 2 GB get the longer header
            with sealer_for(source).open(source) as given, packed.open(told, "w") as taken:
                shutil.copyfileobj(given, taken, PIECE)
    return len(found)


@contextmanager
def opened(place: Path) -> Iterator[Path]:
    """The folder of a bundle; a zip file is unpacked beside it for as long as the block lasts.

    Raises:
        BadInput: neither a folder nor a zip file of plain files.
    """
    if place.is_dir():
        yield place
        return
    if not place.is_file():
        raise BadInput(f"There is no bundle '{place}'.", "Give the folder of a release, or a zip file that `beside export` wrote.")
    with tempfile.TemporaryDirectory(prefix="beside-") as folder:
        unpack(place, Path(folder) / "bundle")
        yield Path(folder) / "bundle"


def unpack(file: Path, folder: Path) -> None:
    """Unpacks a zip file into a new folder: plain files with plain names only, no more bytes than it announces.

    Raises:
        BadInput: it is no zip file, is damaged, or holds what none of ours holds.
        StorageFailed: the disk is full or refuses the write.
    """
    try:
        with zipfile.ZipFile(file) as packed, storage_errors(f"'{folder}'"):
            folder.mkdir(parents=True)
            for told in safe_list(file, packed.infolist()):
                target = folder / told.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                with packed.open(told) as given, target.open("xb") as taken:
                    taken_out(told, given, taken)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError) as error:  # the last: it asks for a password
        raise BadInput(f"'{file}' cannot be unpacked: {error}.", "Export it again; it may have been damaged on the way.") from error


def taken_out(told: zipfile.ZipInfo, given: object, taken: object) -> None:
    """Copies one file, and never more of it than was announced."""
    left = told.file_size
    while piece := given.read(min(PIECE, left + 1)):  # type: ignore[attr-defined]
        left -= len(piece)
        if left < 0:
            raise zipfile.BadZipFile(f"'{told.filename}' is longer than it says")
        taken.write(piece)  # type: ignore[attr-defined]


def safe_list(file: Path, infos: list[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    """The files to unpack.

    Raises:
        BadInput: a name leads outside or comes twice, there is a link, or it is too much.
    """
    files = [told for told in infos if not told.is_dir()]
    seen: set[str] = set()
    for told in infos:
        name = safe_name(told.filename.rstrip("/") if told.is_dir() else told.filename)
        if name.casefold() in seen:
            raise BadInput(f"'{file}' holds '{name}' twice.", "No bundle does; do not use it.")
        seen.add(name.casefold())
        kind = stat.S_IFMT(told.external_attr >> 16)
        if kind not in (0, stat.S_IFDIR if told.is_dir() else stat.S_IFREG):
            raise BadInput(f"'{name}' in '{file}' is no plain file.", "No bundle holds links or devices; do not use it.")
        if told.file_size > SMALL and told.file_size > MOST_TIMES * max(1, told.compress_size):
            raise BadInput(
                f"'{name}' in '{file}' is packed more tightly than a real file.", "It would fill the disk; do not use it."
            )
    if len(files) > MOST_FILES or sum(told.file_size for told in files) > MOST_BYTES:
        limits = f"{MOST_FILES:,} files and {MOST_BYTES // 2**30} GiB"
        raise BadInput(f"'{file}' holds more than {limits}.", "No bundle does; do not use it.")
    return files
