"""Pseudonyms: a token in a text, and a sealed value that it stands for."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from pydantic import ConfigDict

from beside.core.types import Value


class Pseudonyms(Protocol):
    """What gives tokens to values while a corpus is protected."""

    def token(self, kind: str, value: str, person: str | None) -> str:
        """The token of a value; the same for all ways of writing it, and in every corpus of the workspace."""


class VaultEntry(Value):
    """What is known of a value without opening it."""

    token: str
    kind: str
    persons: tuple[str, ...]  # pseudonyms of the people in whose rows it stood
    made_at: datetime


class SealedValue(Value):
    """A value on its way into the vault."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64")

    token: str
    kind: str
    mark: str
    sealed: bytes
    persons: tuple[str, ...]


class OpenedValue(Value):
    """A value that somebody opened, which the ledger tells."""

    token: str
    kind: str
    value: str
