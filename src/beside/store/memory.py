"""Files that are in memory alone, for what wants a path: decrypted models, rows, and what is being made.

Each is a file of the kernel without a name in any file system (`memfd_create`, Linux), so nothing of it is on a disk, nothing is
left when the process is killed, and none but the same user can open it. Folders of them hold links into `/proc`; a link that
outlived its process leads nowhere and is swept away.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from beside.core.errors import Altered, BadInput
from beside.store.files import DAMAGED, remove, safe_name, sha256_of, storage_errors, temporary
from beside.store.sealer import sealer_for

MADE = (
    "model.safetensors",
    "model.onnx",
    "config.json",
    "tokenizer.json",
    "beside.json",
    "candidates.json",
    "candidates.safetensors",
    "compression.json",
    "compression.svg",
)
File = tuple[str, Path, str | None]
HELD = 6  # decrypted artifacts that a process keeps at a time


def new_file(name: str) -> int:
    """An empty file in memory; its descriptor.

    Raises:
        BadInput: this system knows no such files.
    """
    if not hasattr(os, "memfd_create"):
        raise BadInput("This system cannot keep files in memory.", "An encrypted workspace needs Linux.")
    return os.memfd_create(f"beside {name}"[:200], os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)


def place_of(descriptor: int) -> Path:
    """A path to a file in memory, for this process and those it starts."""
    return Path(f"/proc/{os.getpid()}/fd/{descriptor}")


@contextmanager
def memory_file(link: Path) -> Iterator[Path]:
    """A link to an empty file in memory; both are gone after the block."""
    descriptor = new_file(link.name)
    try:
        link.symlink_to(place_of(descriptor))
        yield link
    finally:
        remove(link)
        os.close(descriptor)


def copied(source: IO[bytes], name: str) -> int:
    """A file in memory with what a stream holds, which nobody can change any more; its descriptor."""
    descriptor = new_file(name)
    try:
        with open(os.dup(descriptor), "wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


class Laid:
    """Decrypted files in memory under their names in a folder of links.

    Args:
        folder: where the links go; made here, removed by `close`.
        files: relative name, the file to decrypt, and the SHA-256 of what it must hold, or None.

    Raises:
        Altered: it holds something else.
    """

    def __init__(self, folder: Path, files: Iterable[File]) -> None:
        self.folder = folder
        self.descriptors: list[int] = []
        try:
            folder.mkdir(mode=0o700)
            for name, file, expected in files:
                link = folder / safe_name(name)
                link.parent.mkdir(parents=True, exist_ok=True)
                with sealer_for(file).open(file) as plain:
                    self.descriptors.append(copied(plain, name))
                link.symlink_to(place_of(self.descriptors[-1]))
                if expected is not None and sha256_of(link) != expected:
                    raise Altered(f"The file '{file}' was altered: its bytes are not those that were stored.", DAMAGED)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Gives the memory back. What a library mapped from it stays mapped."""
        remove(self.folder)
        for descriptor in self.descriptors:
            with suppress(OSError):
                os.close(descriptor)
        self.descriptors.clear()


@contextmanager
def making(folder: Path) -> Iterator[None]:
    """While the block lasts a folder holds links to empty files in memory for the files of a model, when its workspace encrypts.

    What is saved under those names is never on the disk; a name that nothing was saved under counts as not there (`files_below`).
    """
    if not sealer_for(folder).guards():
        yield
        return
    with ExitStack() as made:
        for name in MADE:
            made.enter_context(memory_file(folder / name))
        yield


@contextmanager
def plain_folder(folder: Path) -> Iterator[Path]:
    """The folder itself, or one with the same files decrypted in memory when any is sealed, for as long as the block lasts."""
    files = [(path.relative_to(folder).as_posix(), path, None) for path in sorted(folder.rglob("*")) if path.is_file()]
    sealer = sealer_for(folder)
    if not any(sealer.is_sealed(path) for _, path, _ in files):
        yield folder
        return
    with storage_errors(f"'{folder.parent}'"), temporary(folder.parent.parent) as place:
        laid = Laid(place, files)
        try:
            yield place
        finally:
            laid.close()


class Held:
    """The few decrypted artifacts that a process used last; threads may share it."""

    def __init__(self) -> None:
        self.laid: OrderedDict[str, Laid] = OrderedDict()
        self.one = threading.RLock()

    def get(self, id: str, folder: Path, files: Sequence[File]) -> Path:
        """The folder of an artifact's files; laid out when it is not held. What lies on the disk is checked every time."""
        with self.one:
            if id in self.laid:
                for _, file, expected in files:
                    if sealer_for(file).hash(file) != expected:
                        raise Altered(f"The file '{file}' was altered: its bytes are not those that were stored.", DAMAGED)
            if id not in self.laid:
                self.laid[id] = Laid(folder, files)
                while len(self.laid) > HELD:
                    self.laid.popitem(last=False)[1].close()
            self.laid.move_to_end(id)
            return self.laid[id].folder

    def close(self) -> None:
        """Gives all of it back."""
        with self.one:
            while self.laid:
                self.laid.popitem()[1].close()
