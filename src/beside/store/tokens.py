"""API tokens: several per person, each with a name, roles and an end; shown once, of which only a hash is kept."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from beside.core.errors import BadInput, BadOption, Busy, NotPermitted, StorageFailed
from beside.core.registry import unknown
from beside.core.types import Actor, Value
from beside.store import tables
from beside.store.database import Database
from beside.store.ledger import append
from beside.store.permission import ROLES, readable_rows

LONGEST_LABEL = 80  # characters
LONGEST_LIFE = 3660  # days
MOST = 50  # tokens per person


class Token(Value):
    """What is known of a token; the token itself is not."""

    id: str
    person: str
    label: str
    roles: tuple[str, ...]
    made_at: datetime
    expires_at: datetime | None
    last_day: str | None


class ApiTokens:
    """Makes, finds, lists and ends tokens.

    A token is 256 random bits, so a plain SHA-256 of it cannot be guessed back; no slow password hash is needed.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def make(self, actor: Actor, person: str, label: str, roles: Sequence[str], days: int | None = None) -> tuple[Token, str]:
        """A new token of a person, and the secret, which is shown this once.

        Args:
            actor: the person, or an admin.
            roles: of the person's; `user` is always allowed, for it may do the least.
            days: how long it is taken; None = until it is revoked.

        Raises:
            NotPermitted: another person's token, or roles that the actor does not hold now.
            BadInput, BadOption, UnknownName: a label, number of days, role or person that cannot be.
        """
        if actor.name != person and not actor.may("admin"):
            raise NotPermitted(f"'{actor.name}' may not make a token for '{person}'.", "Make one for yourself.")
        checked_label(label, days)
        secret, at = secrets.token_urlsafe(32), self.database.clock()
        with self.database.write() as session:
            row = person_row(session, actor, person)
            held = actor.roles if actor.name == person else tuple(row.roles)
            checked_roles(roles, [role for role in row.roles if role in held])
            if row.disabled_at is not None:
                raise BadInput(f"The account of '{person}' is disabled.", "Enable it first.")
            if count_of(session, person) >= MOST:
                raise BadInput(f"'{person}' has {MOST} tokens already.", "Revoke one that is no longer used.")
            token = new_row(person, label, roles, secret, at, days)
            session.add(token)
            append(session, actor.name, "make token", person, detail_of(token), at)
            return read(token), secret

    def find(self, secret: str) -> tuple[Actor, Token] | None:
        """Whose token this is, and what is known of it; None when it is unknown or expired, or the account is disabled.

        It is looked up by its hash, so the time taken tells nothing about any token. The day is noted, once.
        """
        now = self.database.clock()
        with self.database.read() as session:
            chosen = select(tables.Tokens, tables.Persons).join(tables.Persons, tables.Persons.name == tables.Tokens.person)
            found = session.execute(chosen.where(tables.Tokens.token_hash == sha256(secret))).first()
            if found is None:
                return None
            token, person = found
            if person.disabled_at is not None or (token.expires_at is not None and token.expires_at <= now):
                return None
            roles = tuple(role for role in token.roles if role in person.roles or role == "user")
            answer = Actor(name=person.name, roles=roles), read(token)
        if answer[1].last_day != now.date().isoformat():
            self.note_day(answer[1].id, now)
        return answer

    def note_day(self, id: str, now: datetime) -> None:
        """Notes that a token was used on this day; nobody waits or is refused because it could not be noted."""
        with suppress(Busy, StorageFailed), self.database.write() as session:
            row = session.get(tables.Tokens, id)
            if row is not None:
                row.last_day = now.date().isoformat()

    def of(self, actor: Actor, person: str | None = None) -> list[Token]:
        """The tokens that this actor may see, oldest first; only those of one person when one is named."""
        chosen = readable_rows(actor, tables.Tokens).order_by(tables.Tokens.made_at, tables.Tokens.id)
        if person is not None:
            chosen = chosen.where(tables.Tokens.person == person)
        with self.database.read() as session:
            return [read(row) for row in session.scalars(chosen)]

    def revoke(self, actor: Actor, id: str) -> None:
        """Ends a token, and the console sessions that were opened with it, at once.

        Raises:
            UnknownName: there is no such token that this actor may see.
        """
        with self.database.write() as session:
            mine = readable_rows(actor, tables.Tokens)
            row = session.scalars(mine.where(tables.Tokens.id == id)).first()
            if row is not None and row.person != actor.name and not actor.may("admin"):
                raise NotPermitted(f"'{actor.name}' may not revoke a token of '{row.person}'.", "Ask an admin.")
            if row is None:
                raise unknown("token", id, [one.id for one in session.scalars(mine)])
            session.execute(delete(tables.WebSessions).where(tables.WebSessions.opened_by == id))
            session.delete(row)
            append(session, actor.name, "revoke token", row.person, detail_of(row), self.database.clock())


def checked_label(label: str, days: int | None) -> None:
    """Does nothing when a token may be called that and live so long. Raises as `ApiTokens.make` tells."""
    if not label.strip() or len(label) > LONGEST_LABEL or not label.isprintable():
        raise BadInput("A token needs a name.", f"Say what it is for, in 1 to {LONGEST_LABEL} printable characters.")
    if days is not None and not 1 <= days <= LONGEST_LIFE:
        raise BadOption(f"A token cannot last {days} days.", f"Give 1 to {LONGEST_LIFE} days, or leave it out.")


def checked_roles(roles: Sequence[str], held: Sequence[str]) -> None:
    """Does nothing when a token may have these roles. Raises as `ApiTokens.make` tells."""
    if not roles:
        raise BadInput("A token needs a role.", f"Roles: {', '.join(dict.fromkeys([*held, 'user']))}.")
    for role in roles:
        if role not in ROLES:
            raise unknown("role", role, list(ROLES))
        if role not in (*held, "user"):
            raise NotPermitted(f"The role {role} is not held.", "A token can have no role that its person does not hold.")


def new_row(person: str, label: str, roles: Sequence[str], secret: str, at: datetime, days: int | None) -> tables.Tokens:
    """The row of a new token."""
    return tables.Tokens(
        id=f"token-{secrets.token_hex(6)}",
        person=person,
        label=label,
        roles=list(dict.fromkeys(roles)),
        token_hash=sha256(secret),
        made_at=at,
        expires_at=None if days is None else at + timedelta(days=days),
        last_day=None,
    )


def detail_of(row: tables.Tokens) -> dict[str, object]:
    """What the ledger keeps of a token."""
    expires = row.expires_at.isoformat() if row.expires_at else None
    return {"token": row.id, "label": row.label, "roles": list(row.roles), "expires": expires}


def count_of(session: Session, person: str) -> int:
    """How many tokens a person has."""
    return session.scalar(select(func.count()).select_from(tables.Tokens).where(tables.Tokens.person == person)) or 0


def person_row(session: Session, actor: Actor, name: str) -> tables.Persons:
    """The row of a person, whom this actor may see.

    Raises:
        UnknownName: there is no such person.
    """
    rows = readable_rows(actor, tables.Persons)
    row: tables.Persons | None = session.scalars(rows.where(tables.Persons.name == name)).first()
    if row is None:
        raise unknown("person", name, [one.name for one in session.scalars(rows)])
    return row


def read(row: tables.Tokens) -> Token:
    """A row as plain data."""
    return Token.model_validate({name: getattr(row, name) for name in Token.model_fields})


def sha256(secret: str) -> str:
    """What is kept of a token or code."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
