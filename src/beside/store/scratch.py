"""A file for the rows of an import while it decides about them: without a name, under a key that only this process has.

AES-256 in counter mode, so that any row can be read by its place. Nothing is authenticated: nobody else can open the file, and
it is gone with the process.
"""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

BLOCK = 16  # bytes


class Scratch:
    """Bytes added at the end and read at any place.

    Args:
        folder: on whose disk it lies.

    Raises:
        OSError: the disk does not take it.
    """

    def __init__(self, folder: Path) -> None:
        self.file = TemporaryFile(dir=folder)  # noqa: SIM115, closed by `close`; it has no name, so a kill leaves nothing
        self.key = os.urandom(32)
        self.written = self._cipher(0)

    def write(self, content: bytes) -> int:
        """Adds bytes at the end."""
        self.file.write(self.written.update(content))
        return len(content)

    def flush(self) -> None:
        """Hands what was added to the system."""
        self.file.flush()

    def pread(self, length: int, place: int) -> bytes:
        """The bytes from a place on; call `flush` after the last `write` first."""
        ahead = place % BLOCK
        sealed = os.pread(self.file.fileno(), length, place)
        return self._cipher(place // BLOCK).update(b"\0" * ahead + sealed)[ahead:]

    def close(self) -> None:
        self.file.close()

    def __enter__(self) -> Scratch:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _cipher(self, block: int) -> CipherContext:
        return Cipher(AES(self.key), CTR(block.to_bytes(BLOCK, "big"))).encryptor()
