"""Console sessions: who is signed in, from where, since when; ended by time, by idleness, or by a person."""

from __future__ import annotations

import secrets
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from beside.core.errors import Busy, NotPermitted, StorageFailed
from beside.core.registry import unknown
from beside.core.types import Actor, Value
from beside.store import tables
from beside.store.database import Database
from beside.store.ledger import append
from beside.store.permission import readable_rows
from beside.store.tokens import sha256

SIGNED_IN = timedelta(hours=12)
IDLE = timedelta(hours=2)  # a session that nobody used for so long ends
NOTED = timedelta(minutes=1)  # how exactly the last use is known: not every page needs a write
OWNER = "owner"  # opened by whoever owns the folder; such a person need not have an account
LINK = "link"  # not yet a session: the token of a sign-in link, which opens one, once


class SignedIn(Value):
    """One session, without its token."""

    handle: str  # names it to its person
    name: str
    opened_by: str
    address: str
    opened_at: datetime
    seen_at: datetime
    expires_at: datetime


class Sessions:
    """Opens, finds, lists and closes console sessions."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def open(self, actor: Actor, by: str = OWNER, address: str = "", until: datetime | None = None) -> str:
        """Signs a person in; the token for the cookie, always a new one.

        Args:
            actor: the person with the roles that the session has at most.
            by: how they proved who they are.
            until: an end before the usual one, that of an API token.
        """
        at = self.database.clock()
        with self.database.write() as session:
            session.execute(delete(tables.WebSessions).where(ended(at)))
            return new_session(session, actor, by, address, at, until)

    def link(self, actor: Actor) -> str:
        """The token of a link that signs a person in, once, within twelve hours."""
        return self.open(actor, LINK)

    def use_link(self, token: str, address: str = "") -> str | None:
        """Exchanges the token of a sign-in link for a session; None when it was used, or is none."""
        at = self.database.clock()
        with self.database.write() as session:
            row = session.get(tables.WebSessions, sha256(token))
            if row is None or row.opened_by != LINK or row.expires_at <= at:
                return None
            session.delete(row)
            return new_session(session, Actor(name=row.name, roles=row.roles), OWNER, address, at, None)

    def find(self, token: str) -> Actor | None:
        """Who is signed in with that token, with the roles they hold at this moment; None when it is unknown or ended."""
        now = self.database.clock()
        with self.database.read() as session:
            row = session.get(tables.WebSessions, sha256(token))
            if row is None or row.opened_by == LINK or row.expires_at <= now or row.seen_at <= now - IDLE:
                return None
            roles = roles_of(session, row)
            if roles is None:
                return None
            actor, stale = Actor(name=row.name, roles=roles), row.seen_at <= now - NOTED
        if stale:
            self.note(token, now)
        return actor

    def note(self, token: str, now: datetime) -> None:
        """Notes that a session was used; no page is refused because it could not be noted."""
        with suppress(Busy, StorageFailed), self.database.write() as session:
            row = session.get(tables.WebSessions, sha256(token))
            if row is not None:
                row.seen_at = now

    def of(self, actor: Actor, name: str) -> list[SignedIn]:
        """The open sessions of a person, as far as this actor may see them, newest first."""
        chosen = readable_rows(actor, tables.WebSessions).where(tables.WebSessions.name == name, ~ended(self.database.clock()))
        chosen = chosen.where(tables.WebSessions.opened_by != LINK).order_by(tables.WebSessions.opened_at.desc())
        with self.database.read() as session:
            return [told(row) for row in session.scalars(chosen)]

    def close(self, token: str) -> None:
        """Signs out; nothing happens when nobody is signed in with that token."""
        with self.database.write() as session:
            row = session.get(tables.WebSessions, sha256(token))
            if row is not None:
                session.delete(row)
                append(session, row.name, "sign out", row.name, {}, self.database.clock())

    def end(self, actor: Actor, which: str) -> None:
        """Ends one session by its handle.

        Raises:
            UnknownName: there is no such session that this actor may see.
        """
        with self.database.write() as session:
            rows = session.scalars(readable_rows(actor, tables.WebSessions)).all()
            row = next((one for one in rows if handle(one.token_hash) == which), None)
            if row is None:
                raise unknown("session", which, [handle(one.token_hash) for one in rows if one.name == actor.name])
            session.delete(row)
            append(session, actor.name, "end session", row.name, {}, self.database.clock())

    def end_all(self, actor: Actor, name: str) -> None:
        """Signs a person out everywhere; unused sign-in links end, too.

        Raises:
            NotPermitted: somebody else's sessions, and the actor is no admin.
        """
        if actor.name != name and not actor.may("admin"):
            raise NotPermitted(f"'{actor.name}' may not sign out '{name}'.", "Ask an admin.")
        with self.database.write() as session:
            session.execute(delete(tables.WebSessions).where(tables.WebSessions.name == name))
            append(session, actor.name, "sign out everywhere", name, {}, self.database.clock())


def new_session(session: Session, actor: Actor, by: str, address: str, at: datetime, until: datetime | None) -> str:
    """Adds a session inside a transaction; its token."""
    token = secrets.token_urlsafe(32)
    ends = at + SIGNED_IN if until is None else min(until, at + SIGNED_IN)
    row = tables.WebSessions(
        token_hash=sha256(token), name=actor.name, roles=list(actor.roles), opened_by=by, address=address,
        opened_at=at, seen_at=at, expires_at=ends,
    )  # fmt: skip
    session.add(row)
    if by != LINK:
        append(session, actor.name, "sign in", actor.name, {"roles": list(actor.roles), "by": by}, at)
    return token


def told(row: tables.WebSessions) -> SignedIn:
    """A row as plain data, without its token's hash."""
    fields = {key: getattr(row, key) for key in SignedIn.model_fields if key != "handle"}
    return SignedIn.model_validate({"handle": handle(row.token_hash), **fields})


def roles_of(session: Session, row: tables.WebSessions) -> tuple[str, ...] | None:
    """The roles of a session that its person still holds; None when they are disabled or gone."""
    if row.opened_by == OWNER:
        return tuple(row.roles)
    person = session.scalars(select(tables.Persons).where(tables.Persons.name == row.name)).first()
    if person is None or person.disabled_at is not None:
        return None
    return tuple(role for role in row.roles if role in person.roles or role == "user")


def ended(now: datetime) -> ColumnElement[bool]:
    """The condition of a session that is over. A link waits its whole time."""
    idle = (tables.WebSessions.seen_at <= now - IDLE) & (tables.WebSessions.opened_by != LINK)
    return (tables.WebSessions.expires_at <= now) | idle


def handle(token_hash: str) -> str:
    """A short name of a session that gives nothing away: the token has 256 bits, this is a piece of its hash."""
    return token_hash[:12]
