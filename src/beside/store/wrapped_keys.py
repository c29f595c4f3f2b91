"""The keys of a workspace as they are kept: `.beside/encryption.json`, each wrapped by the master key.

The master key comes from elsewhere (`key_source.py`) and wraps nothing but these few keys, so that giving a workspace another one
rewrites one small file. The file alone opens nothing; without it the master key opens nothing either, so a backup needs both.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import hmac
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from beside.core.canonical import canonical
from beside.core.errors import Altered, BadInput, BadOption, KeyUnusable
from beside.core.recipe import checked, read_toml
from beside.core.types import Value
from beside.store.files import storage_errors, whole_file
from beside.store.key_source import LOST, WAYS, Ask, Stretching, checked_source, environment, make_key_file, master_key, name_of

PLACE = Path(".beside") / "encryption.json"
SETTINGS = "beside.toml"
RESTORE = "Restore it from a backup of the workspace."

Content = Literal["off", "turning on", "on", "turning off"]  # of what is stored; the vault is always encrypted


class Encryption(BaseModel):
    """The table `[encryption]` of beside.toml; a key that is not here is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str = Field(description='where the master key comes from: "file:/path", "env:NAME" or "passphrase"')


class Master(Value):
    """What one master key wraps; the key itself is kept nowhere."""

    name: str  # 16 hexadecimal characters, `name_of` the key
    stretching: Stretching | None = None  # of a passphrase
    wrapped: dict[str, str]  # id of a workspace's key -> base64 of nonce and wrapped key, in the order they were made


class Kept(Value):
    """The file; two masters only while one takes the other's place."""

    format: Literal[1] = 1
    content: Content = "off"
    masters: tuple[Master, ...]
    seal: str = ""  # HMAC over the rest, by the first key


@dataclass(frozen=True)
class Opened:
    """The workspace's keys in memory, the newest last."""

    keys: dict[str, bytes] = field(repr=False)
    kept: Kept
    master: str  # name of the one that opened it

    @property
    def encrypts(self) -> bool:
        """Whether what is stored from now on is encrypted."""
        return self.kept.content in ("turning on", "on")


def source_of(folder: Path) -> str | None:
    """The source that a folder's beside.toml names; None when it names none.

    Raises:
        BadOption: the file or its table [encryption] is odd.
    """
    file = folder / SETTINGS
    table = read_toml(file).get("encryption") if file.is_file() else None
    if table is None:
        return None
    if not isinstance(table, dict):
        raise BadOption(f"'{file}' holds 'encryption' where a table is wanted.", WAYS)
    return checked(Encryption, table, "encryption").key


def read_kept(folder: Path) -> Kept | None:
    """What is kept of the keys; None when none were made.

    Raises:
        Altered: the file is damaged.
    """
    file = folder / PLACE
    try:
        return Kept.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise Altered(f"The file of wrapped keys '{file}' was damaged.", RESTORE) from error


def open_keys(folder: Path, ask: Ask = environment) -> Opened:
    """The keys of a workspace. Raises as `Keys.open` tells."""
    source, kept = source_of(folder), read_kept(folder)
    if kept is None:
        if source is None:
            raise KeyUnusable(f"The workspace '{folder}' has no encryption key.", "Make one: beside encrypt on --key-file FILE")
        told = f"The file of wrapped keys '{folder / PLACE}' is lost, and '{SETTINGS}' names a key."
        raise KeyUnusable(told, f"{RESTORE} If nothing was ever encrypted here: beside encrypt on")
    if source is None:
        raise BadOption(f"The workspace '{folder}' has encryption keys, but '{SETTINGS}' does not name their source.", WAYS)
    for master in kept.masters:
        if (master.stretching is None) == (source == "passphrase"):
            continue
        key = master_key(source, folder, master.stretching, ask)
        if name_of(key) == master.name:
            return unwrapped(folder, kept, master, key)
    master_key(source, folder, None, ask) if source != "passphrase" else None  # a key that is none is told as such
    names = " or ".join(one.name for one in kept.masters)
    told = f"The key from {source} is not the one that encrypted the workspace '{folder}' (that one is called {names})."
    raise KeyUnusable(told, f"Give the right one in [encryption] of {SETTINGS}. {LOST}")


def unwrapped(folder: Path, kept: Kept, master: Master, key: bytes) -> Opened:
    """The workspace's keys, by the master key that wraps them.

    Raises:
        Altered: the file was altered.
    """
    try:
        keys = {id: unwrap(key, id, text) for id, text in master.wrapped.items()}
    except (InvalidTag, ValueError):
        keys = {}
    if not keys or not hmac.compare_digest(sealed(kept, keys), kept.seal):
        raise Altered(f"The file of wrapped keys '{folder / PLACE}' was altered.", RESTORE)
    return Opened(keys, kept, master.name)


def make_keys(folder: Path, source: str, ask: Ask = environment) -> Opened:
    """Makes the first key of a workspace, or opens those that are there. Raises as `Keys.make` tells."""
    source, named, kept = checked_source(source, folder), source_of(folder), read_kept(folder)
    if named is not None and checked_source(named, folder) != source:
        raise BadOption(f"The workspace '{folder}' takes its key from {named}.", "To give it another: beside encrypt rotate")
    if kept is None:
        key, stretching = new_master(source, folder, ask)
        write_kept(folder, wrapped_by(key, stretching, {os.urandom(8).hex(): os.urandom(32)}))
    if named is None:
        write_source(folder, source)
    return open_keys(folder, ask)


def new_master(source: str, folder: Path, ask: Ask) -> tuple[bytes, Stretching | None]:
    """The master key of a source that is used for the first time; a key file that is not there is made."""
    if source.startswith("file:"):
        make_key_file(Path(source.removeprefix("file:")))
    stretching = Stretching.new() if source == "passphrase" else None
    return master_key(source, folder, stretching, ask), stretching


def set_content(folder: Path, content: Content, ask: Ask = environment) -> None:
    """Notes whether what is stored is encrypted. Raises as `open_keys` tells."""
    with alone(folder):
        opened = open_keys(folder, ask)
        write_kept(folder, resealed(opened.kept.model_copy(update={"content": content}), opened.keys))


def rotate(folder: Path, source: str, ask: Ask = environment, ask_new: Ask = environment, fresh: bool = False) -> str:
    """Gives the workspace another master key; its name. A kill at any moment leaves one that opens, and the same call ends it.

    First the new master is written beside the old one, then beside.toml names it, then the old one goes.

    Args:
        source: of the new key.
        ask, ask_new: tell the passphrase, the present one and the new one.
        fresh: from now on seal with a new key of the workspace, too; the earlier ones stay, for what they sealed.

    Raises:
        BadInput: the new key is the present one.
        BadOption, KeyUnusable, Altered: as `open_keys` and `make_keys` tell.
    """
    with alone(folder):
        opened, source = open_keys(folder, ask), checked_source(source, folder)
        if len(opened.kept.masters) == 1 or source_of(folder) != source:
            key, stretching = new_master(source, folder, ask_new)
            if name_of(key) == opened.master:
                raise BadInput("The new key is the one that the workspace has.", "Give another key file, variable or passphrase.")
            keys = {**opened.keys, **({os.urandom(8).hex(): os.urandom(32)} if fresh else {})}
            made = wrapped_by(key, stretching, keys, opened.kept.content)
            old = next(one for one in opened.kept.masters if one.name == opened.master)
            write_kept(folder, resealed(made.model_copy(update={"masters": (old, *made.masters)}), opened.keys))
            write_source(folder, source)
        opened = open_keys(folder, ask_new)
        only = tuple(one for one in opened.kept.masters if one.name == opened.master)
        write_kept(folder, resealed(opened.kept.model_copy(update={"masters": only}), opened.keys))
        return opened.master


def wrapped_by(key: bytes, stretching: Stretching | None, keys: dict[str, bytes], content: Content = "off") -> Kept:
    """What is kept of some keys under one master key."""
    master = Master(name=name_of(key), stretching=stretching, wrapped={id: wrap(key, id, one) for id, one in keys.items()})
    return resealed(Kept(content=content, masters=(master,)), keys)


def resealed(kept: Kept, keys: dict[str, bytes]) -> Kept:
    """The same with its seal made anew."""
    return kept.model_copy(update={"seal": sealed(kept, keys)})


def sealed(kept: Kept, keys: dict[str, bytes]) -> str:
    """HMAC over what is kept, by the first key, so that nobody without the key can, for one, switch encryption off."""
    plain: dict[str, Any] = kept.model_dump(mode="json", exclude={"seal"})
    return hmac.new(next(iter(keys.values())), b"beside keys v1/" + canonical(plain), hashlib.sha256).hexdigest()


def write_kept(folder: Path, kept: Kept) -> None:
    """Writes the file, whole or not at all.

    Raises:
        StorageFailed: the disk is full or refuses the write.
    """
    file = folder / PLACE
    with storage_errors(f"'{file.parent}'"):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with whole_file(file) as path, open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(kept.model_dump_json(indent=2).encode())


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nobody else changes the file meanwhile; whoever comes second waits."""
    place = folder / PLACE.with_suffix(".lock")
    with storage_errors(f"'{place}'"):
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(place, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def write_source(folder: Path, source: str | None) -> None:
    """Writes the source into beside.toml, or takes the table out; whatever else stands there stays as it is.

    Raises:
        BadInput: the table [encryption] is written in a way that cannot be changed by a program.
    """
    file = folder / SETTINGS
    before = file.read_text(encoding="utf-8") if file.is_file() else ""
    plain = re.sub(r"(?ms)^[ \t]*\[encryption\][ \t]*(#[^\n]*)?\n(?:[ \t]*(?:#[^\n]*)?\n|[ \t]*key[ \t]*=[^\n]*\n?)*", "", before)
    table = f"[encryption]\nkey = {basic_string(source)}\n" if source is not None else ""
    after = (plain.rstrip("\n") + "\n\n" if plain.strip() and table else plain) + table
    with whole_file(file) as path:
        path.write_text(after, encoding="utf-8")
        if file.is_file():
            path.chmod(file.stat().st_mode & 0o777)
        if read_toml(path).get("encryption", {}).get("key") != source:
            raise BadInput(f"Cannot change the table [encryption] in '{file}'.", f"Write it by hand: key = {source}")


def basic_string(text: str | None) -> str:
    """A TOML string."""
    escaped = (text or "").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def wrap(master: bytes, id: str, key: bytes) -> str:
    """A key of the workspace, wrapped."""
    nonce = os.urandom(12)
    return base64.b64encode(nonce + AESGCM(master).encrypt(nonce, key, f"beside workspace key v1/{id}".encode())).decode()


def unwrap(master: bytes, id: str, text: str) -> bytes:
    """The key of the workspace. Raises InvalidTag or ValueError when it was altered."""
    content = base64.b64decode(text, validate=True)
    return AESGCM(master).decrypt(content[:12], content[12:], f"beside workspace key v1/{id}".encode())
