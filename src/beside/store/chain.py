"""Is the ledger whole? Every link is computed again, and a signed head tells whether rows were cut off the end.

The chain alone needs no key: whoever may write the table could compute it anew. So the newest row's hash is signed with the
workspace's key after every write, and kept outside the table.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from beside.core.canonical import canonical
from beside.core.errors import Altered, BadInput, KeyUnusable, StorageFailed
from beside.core.types import Value
from beside.store.files import whole_file
from beside.store.keyring import Keyring
from beside.store.keys import Key, fingerprint, holds
from beside.store.ledger import BACKUP, START, Entry, walk
from beside.store.trust import standing

HEAD = "ledger.head"
FORMAT = "beside ledger"
PURPOSE = "ledger head"


class Head(Value):
    """The number and the hash of the newest row, signed."""

    number: int
    hash: str
    at: datetime
    key: str
    public: str
    value: str  # base64 of the signature

    def content(self) -> dict[str, Any]:
        """What is signed."""
        return {"number": self.number, "hash": self.hash, "at": self.at.isoformat()}


class Chain(Value):
    """What a walk over a whole ledger found."""

    rows: int
    last: str  # hash of the newest row
    head: int | None = None  # row up to which it is signed
    signed_by: str = "nobody"
    trusted: bool = False
    notes: tuple[str, ...] = ()


class Written(NamedTuple):
    """The rows that one transaction added: the first with the hash before it, and the last."""

    first: int
    previous: str
    number: int
    hash: str


def signed_head(keys: Keyring, number: int, hash: str, at: datetime) -> Head:
    """A head under the key of the workspace. Raises KeyUnusable as `Keyring.sign` does."""
    key = keys.of_workspace()
    head = Head(number=number, hash=hash, at=at, key=key.id, public=key.public, value="")
    return head.model_copy(update={"value": keys.sign(key, PURPOSE, head.content())})


class HeadFile:
    """The signed head in a file beside the database; called with what every transaction wrote.

    Args:
        hash_at: number of a row -> its hash; None when there is no such row.
    """

    def __init__(self, file: Path, keys: Keyring, hash_at: Callable[[int], str | None]) -> None:
        self.file, self.keys, self.hash_at = file, keys, hash_at

    def __call__(self, told: tuple[int, str, int, str]) -> None:
        """Signs a newer head. What was written stands whatever happens here: the next write, or a check, makes up for it."""
        written = Written(*told)
        with suppress(KeyUnusable, StorageFailed, Altered, OSError):
            handle = os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                if self.fits(written):
                    head = signed_head(self.keys, written.number, written.hash, self.keys.clock()).model_dump_json().encode()
                    # in place and not flushed: thirty times quicker, and after a power cut the next write makes up for it
                    os.pwrite(handle, head, 0)
                    os.ftruncate(handle, len(head))
            finally:
                os.close(handle)

    def fits(self, written: Written) -> bool:
        """Whether new rows follow the head that is there; one that they do not follow is kept, as the proof of what was there."""
        head = read_head(self.file)
        if head is None:
            return True
        if head.number >= written.first:
            return False
        # between the two lies what another process wrote a moment ago, or what could not be signed
        before = written.previous if head.number == written.first - 1 else self.hash_at(head.number)
        return before == head.hash


def read_head(file: Path) -> Head | None:
    """The head as it stands; None when there never was one.

    Raises:
        Altered: the file holds something else.
    """
    try:
        content = file.read_bytes()
        return Head.model_validate_json(content) if content else None
    except FileNotFoundError:
        return None
    except ValidationError as error:
        hint = "Compare the ledger with a backup, then remove the file; the next write makes it anew."
        raise Altered(f"The file '{file}' holds no signed head of the ledger.", hint) from error


def check_chain(entries: Callable[[], Iterable[Entry]], head: Head | None, known: Sequence[Key]) -> Chain:
    """Walks the whole ledger and compares it with its signed head.

    Raises:
        Altered: a row was changed, moved or removed, rows were cut off the end, or the head was altered.
    """
    rows, last, at_head = walk(entries, head.number if head else 0)
    if head is None:
        note = ("There is no signed head, so nobody can tell whether rows were cut off the end.",) if rows else ()
        return Chain(rows=rows, last=last, trusted=not rows, notes=note)
    if fingerprint(head.public) != head.key or not holds(head.public, PURPOSE, head.content(), head.value):
        raise Altered("The signed head of the ledger was altered: its signature does not fit.", BACKUP)
    if head.number > rows:
        gone = f"row {head.number} is" if head.number == rows + 1 else f"rows {rows + 1} to {head.number} are"
        hint = "Compare with a backup. After a restore that was meant, remove ledger.head: the next write signs anew."
        raise Altered(f"The ledger was altered at row {rows + 1}: cut off, {gone} missing that the signed head knows.", hint)
    if at_head != head.hash:
        told = f"row {head.number} is not the one that was signed; the chain was computed anew after a change there or before"
        raise Altered(f"The ledger was altered at row {head.number}: {told}.", BACKUP)
    found = standing(known, head.public, "workspace")
    behind = rows - head.number
    notes = (f"The newest {behind} row(s) are not signed: the key of the workspace could not be used.",) if behind else ()
    return Chain(
        rows=rows, last=last, head=head.number, signed_by=found.words, trusted=found.good and not behind, notes=notes
    )  # fmt: skip


def export(file: Path, entries: Iterable[Entry], keys: Keyring, at: datetime) -> Head:
    """Writes a ledger as JSON lines: first its signed head and the public keys, then every entry.

    Raises:
        KeyUnusable: the key of the workspace is lost or locked.
        StorageFailed: the disk is full or refuses the write.
    """
    lines = [canonical(entry.model_dump(mode="json")) for entry in entries]
    last: dict[str, Any] = json.loads(lines[-1]) if lines else {"number": 0, "hash": START}
    head = signed_head(keys, last["number"], last["hash"], at)
    first = {"format": FORMAT, "head": head.model_dump(mode="json"), "keys": keys.export()["keys"]}
    with whole_file(file) as path:
        path.write_bytes(b"\n".join([canonical(first), *lines]) + b"\n")
    return head


def read_export(file: Path) -> tuple[Head, list[Key], Callable[[], Iterator[Entry]]]:
    """The head, the public keys and the entries of a file that `export` wrote.

    Raises:
        BadInput: it is no such file.
        Altered: a line holds no entry; the message says which.
    """
    try:
        first, *lines = file.read_bytes().split(b"\n")[:-1]
        told = json.loads(first)
        head = Head.model_validate(told["head"])
        keys = [Key.model_validate({**one, "ours": False}) for one in told["keys"]]
    except OSError as error:
        raise BadInput(f"Cannot read '{file}': {error.strerror}.", "Give a file that `beside ledger export` wrote.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(f"'{file}' is no export of a ledger.", "Give a file that `beside ledger export` wrote.") from error

    def entries() -> Iterator[Entry]:
        for number, line in enumerate(lines, 1):
            try:
                yield Entry.model_validate(json.loads(line))
            except (ValueError, TypeError) as error:
                raise Altered(
                    f"The ledger was altered at row {number}: line {number + 1} of '{file}' is no entry.", BACKUP
                ) from error

    return head, keys, entries
