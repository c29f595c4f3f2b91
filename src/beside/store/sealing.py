"""Envelope encryption: each object has a data key of its own, wrapped by a key of the workspace, which the master key wraps.

AES-256-GCM (NIST SP 800-38D) throughout, nonces random. A sealed object is

    magic, version, form | key id | wrapped data key | mark of the context | then, by form:
    whole:  length of the content | nonce | content and tag
    stream: nonce prefix | chunks (`sealed_stream.py`)

and everything before the content is authenticated with it, together with a context that says what the object is and where it
belongs: what was sealed as one thing cannot be passed off as another. AES-GCM alone does not commit to its key; the mark does.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import os
import threading
from pathlib import Path
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from beside.core.errors import Altered, KeyUnusable
from beside.store import sealed_stream, wrapped_keys
from beside.store.key_source import Ask, environment
from beside.store.sealed_stream import DAMAGED, PREFIX, TAG, Reader, Writer
from beside.store.wrapped_keys import Content, Opened

MAGIC = b"\x9eBES"  # no text in UTF-8 begins so, no safetensors, Parquet or JSON file
WHOLE, STREAM = 1, 2
KEY_ID, NONCE, DATA_KEY, MARK, SIZE = 8, 12, 32, 16, 8  # bytes
HEAD = len(MAGIC) + 2 + KEY_ID + NONCE + DATA_KEY + TAG + MARK


class Keys:
    """The keys of a workspace, opened: what seals and unseals. Threads may share it; it holds the keys in memory alone.

    When another process gives the workspace a new master key, one that is open goes on: the keys it holds still count.

    Args:
        folder: the workspace's folder.
        opened: what its master key opened.
        ask: tells the passphrase, should the keys have to be read again.
    """

    def __init__(self, folder: Path, opened: Opened, ask: Ask = environment) -> None:
        self.folder, self.ask = folder, ask
        self._opened, self._one = opened, threading.Lock()

    @classmethod
    def open(cls, workspace: Path, ask: Ask = environment) -> Keys:
        """The keys of the workspace in a folder, by the source that its beside.toml names: `[encryption] key = "file:..."`.

        Raises:
            BadOption: beside.toml names no source, or an odd one.
            KeyUnusable: the master key is lost or is another one, or no keys were made yet (`Keys.make`).
            Altered: the file of wrapped keys was altered.
        """
        folder = workspace.expanduser().absolute()
        return cls(folder, wrapped_keys.open_keys(folder, ask), ask)

    @classmethod
    def make(cls, workspace: Path, source: str, ask: Ask = environment) -> Keys:
        """Makes the keys of a workspace that has none, and writes the source into its beside.toml; with some there, opens them.

        A key file that is not there yet is made, of mode 0600. Nothing that is stored already changes: that is what
        `beside encrypt on` does.

        Args:
            source: `file:PATH` outside the workspace, `env:NAME` or `passphrase`.

        Raises:
            BadOption: no such source, or the workspace has keys of another source.
            KeyUnusable: the source gives no key.
        """
        folder = workspace.expanduser().absolute()
        return cls(folder, wrapped_keys.make_keys(folder, source, ask), ask)

    @property
    def encrypts(self) -> bool:
        """Whether what is stored from now on is encrypted, not the vault alone."""
        return self._opened.encrypts

    def __len__(self) -> int:
        return len(self._opened.keys)

    @property
    def content(self) -> Content:
        """How far encryption of what is stored has come."""
        return self._opened.kept.content

    def still_valid(self) -> bool:
        """Whether these are yet the workspace's keys and say the same of encryption, though the master key may be another."""
        kept, mine = wrapped_keys.read_kept(self.folder), self._opened
        return kept is not None and kept.seal == wrapped_keys.sealed(kept, mine.keys) and kept.content == mine.kept.content

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """Encrypted bytes, some 126 longer, that open with the same context alone.

        Args:
            context: what this is and where it belongs, for example b"vault/<corpus>/<row>"; it is not kept in the bytes.
        """
        head, data_key = self._new_head(WHOLE, context)
        head += len(plain).to_bytes(SIZE, "big") + os.urandom(NONCE)
        return head + AESGCM(data_key).encrypt(head[-NONCE:], plain, bound(head, context))

    def unseal(self, sealed: bytes, context: bytes, name: str = "A sealed value") -> bytes:
        """The plain bytes.

        Args:
            name: what an error calls it.

        Raises:
            KeyUnusable: the key that sealed it is not among this workspace's.
            Altered: it was cut off, altered, or sealed for another context; the message says which.
        """
        data_key = self._data_key(sealed[:HEAD], WHOLE, context, name)
        start = HEAD + SIZE + NONCE
        length = int.from_bytes(sealed[HEAD : HEAD + SIZE], "big")
        if len(sealed) < start + TAG or len(sealed) < start + length + TAG:
            raise Altered(f"{name} is not whole: it was cut off.", DAMAGED)
        try:
            return AESGCM(data_key).decrypt(sealed[start - NONCE : start], sealed[start:], bound(sealed[:start], context))
        except InvalidTag:
            raise Altered(f"{name} was altered: its bytes are not those that were sealed.", DAMAGED) from None

    def writer(self, target: IO[bytes], context: bytes) -> Writer:
        """A file object that seals what is written to it, in chunks; it must be closed, and leaves `target` open."""
        head, data_key = self._new_head(STREAM, context)
        head += os.urandom(PREFIX)
        target.write(head)
        return Writer(target, AESGCM(data_key), head[-PREFIX:], bound(head, context))

    def reader(self, source: IO[bytes], context: bytes, name: str = "A sealed file") -> io.BufferedReader:
        """A file object that reads what `writer` wrote, in order or at any place; it closes `source` with itself.

        Raises:
            KeyUnusable, Altered: as `unseal`, at once or when a damaged chunk is reached.
        """
        head = source.read(HEAD + PREFIX)
        data_key = self._data_key(head[:HEAD], STREAM, context, name)
        if len(head) < HEAD + PREFIX:
            raise Altered(f"{name} is not whole: it was cut off.", DAMAGED)
        raw = Reader(source, len(head), AESGCM(data_key), head[-PREFIX:], bound(head, context), name)
        return io.BufferedReader(raw, sealed_stream.CHUNK)

    def fingerprint(self, plain: bytes, purpose: bytes) -> bytes:
        """32 bytes by which equal content is found: HMAC-SHA256 under a key that outlasts a change of the master key."""
        with self._one:
            first = next(iter(self._opened.keys.values()))
        own = HKDF(SHA256(), DATA_KEY, salt=None, info=b"beside fingerprint v1/" + purpose).derive(first)
        return hmac.digest(own, plain, "sha256")

    # the head of a sealed object

    def _new_head(self, form: int, context: bytes) -> tuple[bytes, bytes]:
        with self._one:
            id, key = next(reversed(self._opened.keys.items()))
        start = MAGIC + bytes([1, form]) + bytes.fromhex(id)
        data_key, nonce = AESGCM.generate_key(256), os.urandom(NONCE)
        wrapped = AESGCM(key).encrypt(nonce, data_key, start)
        return start + nonce + wrapped + mark(data_key, context), data_key

    def _data_key(self, head: bytes, form: int, context: bytes, name: str) -> bytes:
        if not is_sealed(head):
            raise Altered(f"{name} is not a sealed one.", "It was never encrypted, or something else lies in its place.")
        if len(head) < HEAD:
            raise Altered(f"{name} is not whole: it was cut off.", DAMAGED)
        version, was = head[len(MAGIC)], head[len(MAGIC) + 1]
        if version != 1 or was != form:
            raise Altered(f"{name} is sealed in another form (version {version}, form {was}).", "A newer Beside wrote it.")
        before = len(MAGIC) + 2 + KEY_ID
        wrapped = head[before + NONCE : -MARK]
        try:
            key = self._key(head[before - KEY_ID : before].hex(), name)
            data_key = AESGCM(key).decrypt(head[before : before + NONCE], wrapped, head[:before])
        except InvalidTag:
            raise Altered(f"{name} was altered: the key it carries is not the one it was given.", DAMAGED) from None
        if not hmac.compare_digest(mark(data_key, context), head[-MARK:]):
            raise Altered(f"{name} was sealed for another place or purpose.", "Put it back where it was.")
        return data_key

    def _key(self, id: str, name: str) -> bytes:
        with self._one:
            if id not in self._opened.keys:  # another process may have made a new one
                self._opened = wrapped_keys.open_keys(self.folder, self.ask)
            if id in self._opened.keys:
                return self._opened.keys[id]
        told = f"{name} was sealed with the key {id}, which is none of the workspace '{self.folder}'."
        raise KeyUnusable(told, "It came from another workspace, or its first bytes were altered: restore it from a backup.")


def is_sealed(beginning: bytes) -> bool:
    """Whether bytes begin as something sealed does."""
    return beginning.startswith(MAGIC)


def mark(data_key: bytes, context: bytes) -> bytes:
    """16 bytes that bind a data key to its context."""
    return hmac.new(data_key, b"beside context v1/" + context, hashlib.sha256).digest()[:MARK]


def bound(head: bytes, context: bytes) -> bytes:
    """What is authenticated beside the content."""
    return head + context
