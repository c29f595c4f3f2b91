"""Ed25519 keys (RFC 8032): made, kept in files that only their owner may read, used to sign and to check.

A key is known by its fingerprint, the first 128 bits of the SHA-256 of its public part. A private part is a PEM file (PKCS 8) of
mode 0600, with a passphrase or without; it never goes into a record, a log or an answer.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from beside.core.canonical import canonical
from beside.core.errors import BadInput, KeyUnusable
from beside.core.types import Value
from beside.store.files import storage_errors, whole_file

ALGORITHM = "ed25519"
FINGERPRINT = 32  # hexadecimal characters: 128 bits, out of reach for whoever wants another key with the same one
PASSPHRASE = "BESIDE_PASSPHRASE"  # environment variable that unlocks keys where nobody can be asked, as in a server

Kind = Literal["workspace", "person"]
Status = Literal["active", "retired", "revoked"]


class Key(Value):
    """The public part of a key, whose it is, and whether it still counts."""

    id: str  # fingerprint
    kind: Kind
    owner: str  # a person's name, or the name of the workspace's folder
    public: str  # base64 of the 32 bytes
    made_at: datetime
    status: Status = "active"  # retired: signs no more, what it signed stands; revoked: nothing it signed stands
    changed_at: datetime | None = None
    ours: bool = True  # made in this workspace; False = from elsewhere, trusted by `beside keys trust`


def new_private(file: Path, passphrase: str | None = None) -> str:
    """Makes a private key in a file of mode 0600; its public part.

    Raises:
        StorageFailed: the disk is full or refuses the write.
    """
    key = Ed25519PrivateKey.generate()
    write_private(file, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption(passphrase)))
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def encryption(passphrase: str | None) -> KeySerializationEncryption:
    """How a private key is written: locked by a passphrase, or plain."""
    return BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()


def write_private(file: Path, pem: bytes) -> None:
    """Writes a file that nobody but its owner can read at any moment, whole or not at all."""
    with storage_errors(f"'{file.parent}'"):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with whole_file(file) as path, open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(pem)


def must_be_private(file: Path, what: str, remedy: str) -> os.stat_result:
    """Facts about a private key's file, when it is there and only its owner can read it.

    Raises:
        KeyUnusable: it is lost, or others can read it.
    """
    try:
        told = file.lstat()
    except FileNotFoundError:
        raise KeyUnusable(f"The private part of {what} is lost: there is no file '{file}'.", remedy) from None
    except OSError as error:
        raise KeyUnusable(f"The private part of {what} cannot be read: {error.strerror}.", f"Check '{file}'.") from error
    if file.is_symlink() or told.st_mode & 0o077:
        mode = f"its mode is {told.st_mode & 0o777:04o}" if not file.is_symlink() else "it is a link"
        hint = f"If nobody else can have read it: chmod 600 '{file}'. Otherwise: {remedy}"
        raise KeyUnusable(f"The private part of {what} is not kept safely: {mode}, and only its owner may read it.", hint)
    return told


def load_private(file: Path, passphrase: str | None, what: str) -> Any:
    """The private key in a file.

    Raises:
        KeyUnusable: it is locked and the passphrase is missing or wrong, or the file holds no key.
    """
    try:
        return load_pem_private_key(file.read_bytes(), passphrase.encode() if passphrase else None)
    except TypeError as error:
        if passphrase:  # a key without a passphrase needs none
            return load_private(file, None, what)
        hint = f"Set the environment variable {PASSPHRASE}, or sign at a terminal, which asks for it."
        raise KeyUnusable(f"The private part of {what} is locked by a passphrase.", hint) from error
    except OSError as error:
        raise KeyUnusable(f"The private part of {what} cannot be read: {error.strerror}.", f"Check '{file}'.") from error
    except ValueError as error:
        told = "The passphrase is wrong, or the file was damaged." if passphrase else "The file was damaged."
        raise KeyUnusable(
            f"The private part of {what} cannot be read. {told}", "Restore it from a backup, or rotate it."
        ) from error


def message_of(purpose: str, content: Any) -> bytes:
    """The bytes that are signed: what for, then the content in canonical JSON, so that no signature serves two purposes."""
    return f"beside {purpose} v1\n".encode() + canonical(content)


def signed(key: Any, purpose: str, content: Any) -> str:
    """Base64 of the signature over some plain data.

    Raises:
        KeyUnusable: it is a key of another algorithm.
    """
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyUnusable("That private key is not an Ed25519 key.", "Make one with `beside keys new` or `beside keys rotate`.")
    return base64.b64encode(key.sign(message_of(purpose, content))).decode()


def holds(public: str, purpose: str, content: Any, value: str) -> bool:
    """Whether a signature over some plain data is this key's."""
    try:
        key = Ed25519PublicKey.from_public_bytes(plain_bytes(public, 32))
        key.verify(plain_bytes(value, 64), message_of(purpose, content))
    except (InvalidSignature, ValueError):
        return False
    return True


def plain_bytes(text: str, length: int) -> bytes:
    """What base64 spells, when it is so many bytes and spelled in the one usual way.

    Raises:
        ValueError: it is not.
    """
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("not base64") from error
    if len(content) != length or base64.b64encode(content).decode() != text:
        raise ValueError("not the bytes of an Ed25519 key or signature")
    return content


def fingerprint(public: str) -> str:
    """The name of a key: the first 32 hexadecimal characters of the SHA-256 of its public part.

    Raises:
        BadInput: that is no public key.
    """
    try:
        return hashlib.sha256(plain_bytes(public, 32)).hexdigest()[:FINGERPRINT]
    except ValueError as error:
        raise BadInput(
            f"'{public[:60]}' is no public key.", "It is the base64 of 32 bytes, as `beside keys export` writes it."
        ) from error
