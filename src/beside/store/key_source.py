"""Where the master key of a workspace comes from: a file, an environment variable, or a passphrase.

The key itself is never written by what reads it, never logged, and no error repeats any part of it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path

from argon2.low_level import Type, hash_secret_raw

from beside.core.errors import BadInput, BadOption, KeyUnusable
from beside.core.types import Value
from beside.store.keys import write_private
from beside.store.passwords import checked

LENGTH = 32  # bytes: AES-256
PASSPHRASE = "BESIDE_ENCRYPTION_PASSPHRASE"  # environment variable, for where nobody can be asked, as in a server
WAYS = 'Write key = "file:/path/to/key", key = "env:NAME" or key = "passphrase" in the table [encryption] of beside.toml.'
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Ask = Callable[[str], str | None]  # what is being opened -> passphrase; None = nobody can be asked


class Stretching(Value):
    """How a passphrase becomes a key: argon2id (RFC 9106) with its salt and cost."""

    salt: str  # base64 of 16 bytes
    passes: int = 3
    memory: int = 1 << 16  # KiB: 64 MiB
    lanes: int = 4

    @classmethod
    def new(cls) -> Stretching:
        """Today's cost with a salt of its own."""
        return cls(salt=base64.b64encode(secrets.token_bytes(16)).decode())


def environment(what: str) -> str | None:
    """The passphrase that the environment holds; None when it holds none."""
    return os.environ.get(PASSPHRASE) or None


def checked_source(source: str, folder: Path) -> str:
    """The source as it is written into beside.toml, a file's path absolute.

    Raises:
        BadOption: it is no source, or a file that lies inside the workspace.
    """
    kind, _, place = source.partition(":")
    if source == "passphrase" or (kind == "env" and VARIABLE.fullmatch(place)):
        return source
    if kind != "file" or not place:
        raise BadOption(f"'{source}' is no source of a key.", WAYS)
    file = (folder / Path(place).expanduser()).absolute()
    if file.resolve().is_relative_to(folder.resolve()):
        hint = "Give a file outside of it, best on another disk: whoever copies the workspace must not copy the key with it."
        raise BadOption(f"The key file '{file}' lies inside the workspace '{folder}'.", hint)
    return f"file:{file}"


def make_key_file(file: Path) -> bool:
    """Makes a key file of mode 0600 unless there is one; whether it was made.

    Raises:
        StorageFailed: the disk is full or refuses the write.
    """
    if file.exists():
        return False
    write_private(file, base64.b64encode(secrets.token_bytes(LENGTH)) + b"\n")
    return True


def master_key(source: str, folder: Path, stretching: Stretching | None = None, ask: Ask = environment) -> bytes:
    """The 32 bytes of a master key.

    Args:
        source: `file:PATH` (from the workspace's folder on, or absolute), `env:NAME` or `passphrase`.
        stretching: how the passphrase becomes a key; needed for a passphrase alone.
        ask: tells the passphrase.

    Raises:
        BadOption: it is no source.
        KeyUnusable: the key is lost, is none, or others may read its file.
    """
    kind, _, place = source.partition(":")
    if source == "passphrase" and stretching is not None:
        return stretched(ask, folder, stretching)
    if kind == "env" and VARIABLE.fullmatch(place):
        given = os.environ.get(place, "")
        if not given.strip():
            told = f"The key of the workspace '{folder}' is missing: the environment variable {place} is not set."
            raise KeyUnusable(told, f"Set {place} to the key that encrypted this workspace. {LOST}")
        return from_text(given.encode(errors="surrogateescape"), f"the environment variable {place}")
    if kind == "file" and place:
        return from_file((folder / Path(place).expanduser()).absolute())
    raise BadOption(f"'{source}' is no source of a key.", WAYS)


LOST = "Without that key nobody can read what was encrypted, Beside neither: if there is no copy of the key, the content is lost."


def from_file(file: Path) -> bytes:
    """The key in a file that nobody but its owner may read; links are followed, as mounted secrets are links.

    Raises:
        KeyUnusable: it is not there, cannot be read, may be read by others, or holds no key.
    """
    try:
        mode = file.stat().st_mode
        content = file.read_bytes() if file.is_file() and file.stat().st_size <= 4096 else b""
    except FileNotFoundError:
        raise KeyUnusable(f"The key file '{file}' is lost: there is no such file.", f"Restore it from its backup. {LOST}") from None
    except OSError as error:
        raise KeyUnusable(f"The key file '{file}' cannot be read: {error.strerror}.", "Give yourself permission.") from error
    if mode & 0o077:
        told = f"The key file '{file}' is not kept safely: its mode is {mode & 0o777:04o}, and only its owner may read it."
        raise KeyUnusable(told, f"If nobody else can have read it: chmod 600 '{file}'. Otherwise also: beside encrypt rotate")
    return content if len(content) == LENGTH else from_text(content, f"the key file '{file}'")


def from_text(text: bytes, where: str) -> bytes:
    """32 bytes written as 64 hexadecimal characters or as base64.

    Raises:
        KeyUnusable: it is not that. What stands there is not repeated.
    """
    plain = text.strip()
    try:
        key = bytes.fromhex(plain.decode()) if len(plain) == 2 * LENGTH else base64.b64decode(plain, validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != LENGTH or len(set(key)) < 4:
        hint = "A key is 32 random bytes, in base64 or hexadecimal; make one: head -c 32 /dev/urandom | base64"
        raise KeyUnusable(f"There is no key in {where}.", hint)
    return key


def stretched(ask: Ask, folder: Path, stretching: Stretching) -> bytes:
    """The key that a passphrase becomes; some 0.1 s and 64 MiB.

    Raises:
        KeyUnusable: there is nobody to ask, or it is too short to be the one.
    """
    given = ask(f"the workspace '{folder}'")
    if not given:
        told = f"The workspace '{folder}' is encrypted with a passphrase, and none was given."
        raise KeyUnusable(told, f"Set the environment variable {PASSPHRASE}, or work at a terminal, which asks for it. {LOST}")
    try:
        plain = checked(given)
    except BadInput as error:
        raise KeyUnusable(error.message.replace("password", "passphrase"), error.hint) from None
    return hash_secret_raw(
        plain.encode(errors="surrogatepass"),
        base64.b64decode(stretching.salt),
        time_cost=stretching.passes,
        memory_cost=stretching.memory,
        parallelism=stretching.lanes,
        hash_len=LENGTH,
        type=Type.ID,
    )


def name_of(key: bytes) -> str:
    """What a master key is called: 16 hexadecimal characters that tell nothing of it."""
    return hmac.new(key, b"beside master key v1", hashlib.sha256).hexdigest()[:16]
