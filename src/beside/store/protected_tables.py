"""Tables of the vault, and of what people said of found spans. Both hold personal data; the vault's is encrypted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from beside.store.columns import Table, json_column


class Vault(Table):
    """One value for which a pseudonym stands somewhere."""

    __tablename__ = "vault"

    number: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    mark: Mapped[str] = mapped_column(unique=True)  # HMAC of the value under a sealed secret: finds the entry of a value
    sealed: Mapped[str]  # base64
    persons: Mapped[Any] = json_column()  # pseudonyms of the people in whose rows it stood
    made_at: Mapped[datetime]


class SpanReviews(Table):
    """What a person says stands in a text; the newest row of an example counts."""

    __tablename__ = "span_reviews"

    number: Mapped[int] = mapped_column(primary_key=True)
    corpus_id: Mapped[str] = mapped_column(ForeignKey("corpora.id"), index=True)
    example_id: Mapped[str] = mapped_column(index=True)
    spans: Mapped[Any] = json_column()  # [part, start, end, kind]
    who: Mapped[str]
    at: Mapped[datetime]
