"""Files that are written whole or not at all, and the hashes that tell whether they still are what they were."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from beside.core.errors import BadInput, StorageFailed

DAMAGED = "Restore it from a backup, or make it again; nothing that was altered is used."
STATE_RELEASES = (".beside", "releases")  # where the bundles of a workspace lie
TEMPORARY = re.compile(r"^\.new-(\d+)-[0-9a-f]+$")  # the number is the process that writes


def sha256_of(file: Path) -> str:
    """SHA-256 of a file's bytes, 64 hexadecimal characters, read in small pieces."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def storage_errors(what: str) -> Iterator[None]:
    """Turns an OSError of the block into StorageFailed: what could not be written, why, what to do."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        hint = "Free some space and try again." if full else "Check that the disk is there and may be written to, then try again."
        why = error.strerror or str(error) or type(error).__name__
        raise StorageFailed(f"Cannot write {what}: {why}. What was there before is untouched.", hint) from error


@contextmanager
def temporary(folder: Path) -> Iterator[Path]:
    """A path inside `folder` for a file or folder in the making; whatever still lies there at the end is removed."""
    path = folder / f".new-{os.getpid()}-{secrets.token_hex(6)}"
    try:
        yield path
    finally:
        remove(path)


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """A temporary path that takes the place of `target` at the end, in one step; on any error `target` stays as it was.

    A link to a file in memory (store/memory.py) is written to as it is: a temporary file beside it would be on the disk.

    Raises:
        StorageFailed: the disk is full or refuses the write.
    """
    if in_memory(target):
        with storage_errors(f"'{target}'"):
            yield target
        return
    with storage_errors(f"'{target}'"), temporary(target.parent) as path:
        yield path
        flush(path)
        path.replace(target)
        flush(target.parent)


def in_memory(path: Path) -> bool:
    """Whether a path is a link to a file in memory."""
    return path.is_symlink() and os.readlink(path).startswith("/proc/")


def flush(path: Path) -> None:
    """Waits until a file's bytes, or a folder's names, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove(path: Path) -> None:
    """Removes a file or a folder with all in it, if there is one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    with suppress(OSError):
        path.unlink(missing_ok=True)


def shred(file: Path) -> None:
    """Overwrites a file with zeros and removes it, so that its bytes are not left in free blocks; nothing when it is not there.

    A disk that writes elsewhere than it is told to (solid state, copy on write) may keep old blocks: encrypt it.

    Raises:
        StorageFailed: the disk refuses.
    """
    with storage_errors(f"'{file}'"):
        if file.is_file() and not file.is_symlink():
            file.chmod(0o600)
            with file.open("r+b") as stream:
                left = stream.seek(0, os.SEEK_END)
                stream.seek(0)
                while left > 0:
                    left -= stream.write(bytes(min(left, 2**20)))
                stream.flush()
                os.fsync(stream.fileno())
        file.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Removes what processes that were killed left half-written in `folder`."""
    for path in folder.glob(".new-*"):
        owner = TEMPORARY.match(path.name)
        if owner and not alive(int(owner[1])):
            remove(path)


def alive(process: int) -> bool:
    """Whether a process with this number runs on this machine."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it runs, for somebody else
        return True
    return True


def files_below(folder: Path) -> dict[str, Path]:
    """Every file below a folder by its relative name with forward slashes, sorted.

    Raises:
        BadInput: something there is neither a file nor a folder, for example a broken link.
    """
    found = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if not path.is_dir()}
    found = {name: path for name, path in found.items() if not in_memory(path) or path.stat().st_size}
    for name, path in found.items():
        if not path.is_file():
            raise BadInput(f"'{name}' in '{folder}' is not a plain file.", "Only files and folders can be stored.")
    return found


def safe_name(name: str) -> str:
    """The relative name itself, when it cannot lead outside its folder.

    Raises:
        BadInput: an absolute name, one with `..`, or one that is not written plainly.
    """
    plain = PurePosixPath(name)
    if not plain.parts or plain.is_absolute() or ".." in plain.parts or plain.as_posix() != name or "\\" in name or "\0" in name:
        raise BadInput(f"'{name}' is not a plain relative file name.", "Write it like 'model/config.json'.")
    return name


def kept_path(path: str) -> str:
    """How a path of a release is written down: from the workspace's state folder on, so that the workspace may be moved."""
    parts = Path(path).parts
    at = max((place for place in range(len(parts) - 1) if parts[place : place + 2] == STATE_RELEASES), default=None)
    return path if at is None else Path(*parts[at + 1 :]).as_posix()


def placed_path(kept: str, state: Path | None) -> str:
    """The path as it is now, from one that `kept_path` wrote, or from an absolute one of the time before.

    Args:
        state: the workspace's state folder; None = unknown, the path stays as it is.
    """
    inside = PurePosixPath(kept_path(kept))
    if state is None or inside.is_absolute() or ".." in inside.parts or inside.parts[:1] != STATE_RELEASES[1:]:
        return kept
    return str(state / inside)
