"""Large files sealed in chunks: written once in order, read in order or at any place, one chunk in memory at a time.

The construction is STREAM (Hoang, Reyhanitabar, Rogaway and Vizár, "Online Authenticated-Encryption and its Nonce-Reuse
Misuse-Resistance", 2015): each chunk's nonce holds its place and whether it is the last, so that a chunk which was moved,
repeated or left out is refused, and so is a file that was cut off.
"""

from __future__ import annotations

import io
from typing import IO, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from beside.core.errors import Altered

CHUNK = 1 << 16  # plain bytes
TAG = 16
PREFIX = 7  # bytes of a nonce that the chunks of a file share; 4 for the place and 1 for the last mark follow
DAMAGED = "Restore it from a backup, or make it again; nothing that was altered is used."
CUT = "It was cut off, or never finished."


def nonce(prefix: bytes, place: int, last: bool) -> bytes:
    """12 bytes: the file's own, the chunk's place, whether it is the last."""
    return prefix + place.to_bytes(4, "big") + bytes([last])


class Writer(io.RawIOBase):
    """A file object that seals what is written to it; `close` writes the last chunk, without which the file is refused.

    Args:
        target: where the sealed bytes go; `close` leaves it open.
        cipher: with a key that serves this file alone.
        prefix: 7 bytes, random.
        bound: what every chunk is bound to: header and context.
    """

    def __init__(self, target: IO[bytes], cipher: AESGCM, prefix: bytes, bound: bytes) -> None:
        super().__init__()
        self.target, self.cipher, self.prefix, self.bound = target, cipher, prefix, bound
        self.waiting = bytearray()
        self.place = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.place * CHUNK + len(self.waiting)

    def write(self, content: Any) -> int:
        """Takes bytes; they are on their way once a chunk is full."""
        taken = memoryview(content).cast("B")
        self.waiting += taken
        while len(self.waiting) > CHUNK:  # a full chunk stays while it may be the last
            self._seal(bytes(self.waiting[:CHUNK]), last=False)
            del self.waiting[:CHUNK]
        return len(taken)

    def close(self) -> None:
        if not self.closed:
            self._seal(bytes(self.waiting), last=True)
            self.waiting.clear()
        super().close()

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if kind is not None:
            self.abandon()
        super().__exit__(kind, error, trace)

    def abandon(self) -> None:
        """Closes without the last chunk: what was written is refused by every reader."""
        super().close()

    def _seal(self, plain: bytes, last: bool) -> None:
        self.target.write(self.cipher.encrypt(nonce(self.prefix, self.place, last), plain, self.bound))
        self.place += 1


class Reader(io.RawIOBase):
    """A file object over sealed bytes: read in order or at any place. The last chunk is checked first: it tells a cut-off file.

    Args:
        source: the sealed bytes, which can be sought in; closed with this.
        start: where the first chunk begins.
        cipher, prefix, bound: as they were when it was written.
        name: what an error calls it.

    Raises:
        Altered: it was cut off, or the last chunk was altered.
    """

    def __init__(self, source: IO[bytes], start: int, cipher: AESGCM, prefix: bytes, bound: bytes, name: str) -> None:
        super().__init__()
        self.source, self.start, self.cipher, self.prefix, self.bound, self.name = source, start, cipher, prefix, bound, name
        sealed = source.seek(0, io.SEEK_END) - start
        whole, rest = divmod(sealed, CHUNK + TAG)
        self.count = whole + (rest > 0)
        if sealed < TAG or 0 < rest < TAG:
            raise Altered(f"{name} is not whole. {CUT}", DAMAGED)
        self.length = sealed - self.count * TAG
        self.at = 0
        self._held: tuple[int, bytes] = (-1, b"")
        self._chunk(self.count - 1)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self.at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.length}[whence])
        return self.at

    def readinto(self, buffer: Any) -> int:
        """Fills the buffer from one chunk. Raises as the class does, for that chunk."""
        target = memoryview(buffer).cast("B")
        if self.at >= self.length or not target:
            return 0
        place, inside = divmod(self.at, CHUNK)
        piece = memoryview(self._chunk(place))[inside : inside + len(target)]
        target[: len(piece)] = piece
        self.at += len(piece)
        return len(piece)

    def close(self) -> None:
        if not self.closed:
            self._held = (-1, b"")
            self.source.close()
        super().close()

    def _chunk(self, place: int) -> bytes:
        if self._held[0] != place:
            self.source.seek(self.start + place * (CHUNK + TAG))
            sealed = self.source.read(CHUNK + TAG)
            last = place == self.count - 1
            try:
                plain = self.cipher.decrypt(nonce(self.prefix, place, last), sealed, self.bound)
            except InvalidTag:
                raise Altered(f"{self.name} {self._why(sealed, place, last)}", DAMAGED) from None
            self._held = (place, plain)
        return self._held[1]

    def _why(self, sealed: bytes, place: int, last: bool) -> str:
        try:
            self.cipher.decrypt(nonce(self.prefix, place, not last), sealed, self.bound)
        except InvalidTag:
            return "was altered: its bytes are not those that were sealed."
        return f"is not whole. {CUT}" if last else "was altered: something was added at its end."
