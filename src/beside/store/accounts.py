"""Tables of accounts: people, the tokens of their programs, who is signed in, and failed attempts to be."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from beside.store.columns import Table, json_column


class Persons(Table):
    """Who may sign in; of passwords and codes only hashes are kept."""

    __tablename__ = "people"

    number: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    roles: Mapped[Any] = json_column()
    added_at: Mapped[datetime]
    password_hash: Mapped[str | None]  # argon2id, with its parameters
    code_hash: Mapped[str | None] = mapped_column(unique=True)  # of the one-time code that lets a person choose a password
    outside: Mapped[str | None] = mapped_column(unique=True)  # issuer and subject at an identity provider
    code_expires_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]


class Tokens(Table):
    """What a program shows to ask in a person's name; of the token only its SHA-256 is kept."""

    __tablename__ = "tokens"

    id: Mapped[str] = mapped_column(primary_key=True)
    person: Mapped[str] = mapped_column(ForeignKey("people.name"), index=True)
    label: Mapped[str]
    roles: Mapped[Any] = json_column()
    token_hash: Mapped[str] = mapped_column(unique=True)
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_day: Mapped[str | None]  # the day it was last shown, for example 2026-11-23


class WebSessions(Table):
    """Who is signed in on the console; of the cookie's token only its SHA-256 is kept."""

    __tablename__ = "web_sessions"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(index=True)
    roles: Mapped[Any] = json_column()
    opened_by: Mapped[str]  # how the person proved who they are: password, code, oidc, owner, link, or the id of a token
    address: Mapped[str]  # where from
    opened_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class SignInAttempts(Table):
    """How often a name or an address was given with a wrong password of late; the source is a hash, for names may be mistyped."""

    __tablename__ = "sign_in_attempts"

    source: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime]
    open_at: Mapped[datetime]
