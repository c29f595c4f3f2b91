"""What a file or a row asks when it is written or read: whether this workspace encrypts, and with which keys.

A process has one sealer for each workspace. It looks at the file of wrapped keys before every use, which costs one call of the
system, so that a server learns at once when somebody switches encryption on or gives the workspace another master key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from beside.core import at_rest
from beside.core.errors import Altered, BesideError, KeyUnusable
from beside.store import key_source
from beside.store.files import storage_errors
from beside.store.key_source import Ask
from beside.store.sealed_stream import DAMAGED
from beside.store.sealing import MAGIC, Keys, is_sealed
from beside.store.wrapped_keys import PLACE

STATE = ".beside"
FILE = b"beside file"  # context of sealed files: what they hold is bound to their place by its hash
MARK = "\x1esealed:"  # how a sealed text begins in a database; no keyboard writes U+001E
PLAIN = "\x1eplain:"  # before a text that itself begins like either
HINT = "It belongs to an encrypted workspace; work there, or take it along with `beside export`."


class Sealer:
    """The keys of one workspace, as they are now.

    Args:
        folder: of the workspace; None = outside of any, where nothing is encrypted.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.ask: Ask = ask_nobody
        self._stamp: tuple[int, ...] | None = None
        self._keys: Keys | None = None
        self._one = threading.Lock()

    def keys(self) -> Keys | None:
        """The keys; None when the workspace never got any.

        Raises:
            KeyUnusable, Altered, BadOption: as `Keys.open` tells.
        """
        stamp = self._now()
        with self._one:
            if stamp != self._stamp:
                self._keys = self._opened(stamp)
                self._stamp = stamp
            return self._keys

    def sealing(self) -> Keys | None:
        """The keys when what is stored now is to be encrypted, else None. Raises as `keys` does."""
        keys = self.keys()
        return keys if keys is not None and keys.encrypts else None

    def must_have(self, name: str) -> Keys:
        """The keys, for something that is sealed.

        Raises:
            KeyUnusable: there are none here.
        """
        keys = self.keys()
        if keys is None:
            raise KeyUnusable(f"{name} is encrypted, and there is no key for it here.", HINT)
        return keys

    # files

    def seal_file(self, source: Path, target: Path) -> None:
        """Writes a sealed copy of a file. Raises StorageFailed when the disk is full."""
        keys = self.must_have(f"'{target}'")
        with storage_errors(f"'{target}'"), source.open("rb") as plain, target.open("wb") as made, keys.writer(made, FILE) as out:
            shutil.copyfileobj(plain, out, 1 << 20)

    def guards(self) -> bool:
        """Whether what is written now is encrypted."""
        return self.sealing() is not None

    def is_sealed(self, file: Path) -> bool:
        """Whether a file is sealed; false when the workspace has no keys, so that nothing is looked at."""
        if self.keys() is None:
            return False
        with file.open("rb") as content:
            return is_sealed(content.read(len(MAGIC)))

    def open(self, file: Path) -> IO[bytes]:
        """A file to read, unsealed when it is sealed. Raises KeyUnusable and Altered for one that cannot be.

        Without keys every file is read as it is: nothing was ever sealed here. What then comes of a file that was sealed elsewhere
        fails its hash, and `refusal` says why.
        """
        plain = file.open("rb")
        sealed = is_sealed(plain.read(len(MAGIC)))
        plain.seek(0)
        if not sealed or self.keys() is None:
            return plain
        name = f"The file '{file.parent.name}/{file.name}'"
        try:
            return self.must_have(name).reader(plain, FILE, name)
        except BaseException:
            plain.close()
            raise

    def refusal(self, file: Path, name: str) -> BesideError:
        """The error for a file that does not hold what its hash says."""
        with file.open("rb") as content:
            if self.keys() is None and is_sealed(content.read(len(MAGIC))):
                return KeyUnusable(f"The file '{name}' is encrypted, and there is no key for it here.", HINT)
        return Altered(f"The file '{name}' was altered: its bytes are not those that were stored.", DAMAGED)

    @contextmanager
    def create(self, file: Path) -> Iterator[IO[bytes]]:
        """A new file to write to, sealed when the workspace encrypts."""
        keys = self.sealing()
        with file.open("wb") as target:
            if keys is None:
                yield target
                return
            with keys.writer(target, FILE) as sealed:
                yield cast(IO[bytes], sealed)

    def hash(self, file: Path) -> str:
        """SHA-256 of what a file holds, unsealed."""
        with self.open(file) as plain:
            return hashlib.file_digest(plain, "sha256").hexdigest()  # type: ignore[arg-type]

    def size(self, file: Path) -> int:
        """Bytes that a file holds, unsealed."""
        with self.open(file) as plain:
            return plain.seek(0, io.SEEK_END)

    # texts in a database

    def seal_text(self, text: str, context: bytes) -> str:
        """The text as it is written into a database: sealed when the workspace encrypts, else as it is."""
        keys = self.sealing()
        if keys is None:
            return PLAIN + text if text.startswith((MARK, PLAIN)) else text
        return MARK + base64.b64encode(keys.seal(text.encode("utf-8", "surrogatepass"), context)).decode()

    def unseal_text(self, kept: str, context: bytes) -> str:
        """The text from what a database holds. Raises KeyUnusable and Altered."""
        if kept.startswith(PLAIN):
            return kept[len(PLAIN) :]
        if not kept.startswith(MARK):
            return kept
        name = f"A value of {context.decode()} in the database"
        try:
            sealed = base64.b64decode(kept[len(MARK) :], validate=True)
        except binascii.Error:
            raise Altered(f"{name} was altered.", DAMAGED) from None
        return self.must_have(name).unseal(sealed, context, name).decode("utf-8", "surrogatepass")

    def _now(self) -> tuple[int, ...] | None:
        if self.folder is None:
            return None
        try:
            told = (self.folder / PLACE).stat()
        except FileNotFoundError:
            return None
        return (told.st_mtime_ns, told.st_ino, told.st_ctime_ns, told.st_size)

    def _opened(self, stamp: tuple[int, ...] | None) -> Keys | None:
        if stamp is None or self.folder is None:
            return None
        try:
            return Keys.open(self.folder, self.ask)
        except KeyUnusable:
            if self._keys is None or not self._keys.still_valid():
                raise
            return self._keys  # another master key, which this process cannot get at: the keys that it holds still count


SEALERS: dict[Path | None, Sealer] = {}
ONE = threading.Lock()


def ask_nobody(what: str) -> str | None:
    """The passphrase from the environment."""
    return key_source.environment(what)


def sealer_of(folder: Path | None) -> Sealer:
    """The one sealer of the workspace in a folder."""
    with ONE:
        place = folder.expanduser().absolute() if folder else None
        return SEALERS.setdefault(place, Sealer(place))


def sealer_for(path: Path) -> Sealer:
    """The sealer of the workspace whose state folder a path lies in; one without keys for any other path."""
    parts = path.absolute().parts
    at = max((place for place in range(len(parts)) if parts[place] == STATE), default=None)
    return sealer_of(Path(*parts[:at]) if at else None)


at_rest.register(sealer_for, __name__)  # the engine asks there, for it knows no workspace
