"""Tables of what was erased: a certificate for each erasure, and a tombstone for each thing that is no longer there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from beside.core import erasure
from beside.store.columns import Stored, json_column


class Erasures(Stored):
    """Certificates; none holds a word of the person."""

    __tablename__ = "erasures"
    holds, kind = erasure.Erasure, "erasure"

    format: Mapped[str]
    workspace: Mapped[str]
    person: Mapped[str] = mapped_column(index=True)  # keyed hash
    basis: Mapped[str]
    who: Mapped[str]
    asked_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    rows: Mapped[int]
    removed: Mapped[Any] = json_column()
    tombstones: Mapped[Any] = json_column()
    membership: Mapped[Any] = json_column()
    searched: Mapped[Any] = json_column()
    remaining: Mapped[Any] = json_column()
    yours: Mapped[Any] = json_column()
    notes: Mapped[Any] = json_column()
    key: Mapped[str]
    public: Mapped[str]
    value: Mapped[str]


class Tombstones(Stored):
    """What is left of a corpus, run or release; its id is theirs."""

    __tablename__ = "tombstones"
    holds, kind = erasure.Tombstone, "tombstone"

    thing: Mapped[str]
    erasure: Mapped[str] = mapped_column(index=True)
    kept: Mapped[Any] = json_column()
    successor: Mapped[str | None]
    at: Mapped[datetime]
