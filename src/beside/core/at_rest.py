"""How a file is written that holds what was learned from confidential text: plain, or as the workspace it lies in wants it.

The engine writes checkpoints and tokenizers and knows no workspace; the store, which does, says here how their files are guarded.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from pathlib import Path
from typing import IO, ClassVar, Protocol

MODULE = "BESIDE_FILES_GUARDED_BY"  # environment variable, for the processes that this one starts


class Guard(Protocol):
    """How the files of one place are read and written."""

    def guards(self) -> bool:
        """Whether what is written now is to be encrypted."""

    def is_sealed(self, file: Path) -> bool:
        """Whether a file is encrypted."""

    def open(self, file: Path) -> IO[bytes]:
        """What a file holds, to be read."""

    def create(self, file: Path) -> AbstractContextManager[IO[bytes]]:
        """A new file to write to."""


class Plain:
    """Files as they are."""

    def guards(self) -> bool:
        return False

    def is_sealed(self, file: Path) -> bool:
        return False

    def open(self, file: Path) -> IO[bytes]:
        return file.open("rb")

    @contextmanager
    def create(self, file: Path) -> Iterator[IO[bytes]]:
        with file.open("wb") as target:
            yield target


class Registered:
    """Whoever guards files in this process."""

    find: ClassVar[Callable[[Path], Guard] | None] = None


def register(find: Callable[[Path], Guard], module: str) -> None:
    """From now on `find` tells who guards the files of a place, here and in every process that this one starts.

    Args:
        module: that calls this when it is imported; a process that takes part of the work imports it.
    """
    Registered.find = staticmethod(find)
    os.environ[MODULE] = module


def guard_of(path: Path) -> Guard:
    """Who guards a file."""
    if Registered.find is None and os.environ.get(MODULE, "").startswith("beside."):
        import_module(os.environ[MODULE])
    return Registered.find(path) if Registered.find is not None else Plain()


def read_text(file: Path) -> str:
    """What a guarded text file holds. Raises OSError as usual, and what its guard raises."""
    with guard_of(file).open(file) as content:
        return content.read().decode()


def write_text(file: Path, text: str) -> None:
    """Writes a guarded text file. Raises OSError as usual."""
    with guard_of(file).create(file) as content:
        content.write(text.encode())
