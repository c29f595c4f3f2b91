"""Who may sign in: personal keys and console sessions, of which only hashes are kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from beside.core.errors import BadInput
from beside.core.registry import unknown
from beside.core.types import Actor
from beside.store import tables
from beside.store.database import Database
from beside.store.ledger import append
from beside.store.permission import ROLES, demand, readable_rows

SIGNED_IN = timedelta(hours=12)
LONGEST_NAME = 80  # characters


class People:
    """The people of a workspace, their keys and their console sessions.

    Keys and tokens are 256 random bits, so a plain SHA-256 of them cannot be guessed back; no slow password hash is needed.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, actor: Actor, name: str, roles: Sequence[str]) -> str:
        """Adds a person, or gives a known one new roles and a new key; the key, which is shown this once.

        The old key and the open sessions of a known person end.

        Raises:
            NotPermitted: the actor is no owner.
            BadInput: an empty or overlong name, or no role.
            UnknownName: a role that does not exist.
        """
        demand(actor, tables.Persons, "add a person")
        checked_person(name, roles)
        key = secrets.token_urlsafe(32)
        at = self.database.clock()
        with self.database.write() as session:
            forget(session, name)
            session.add(tables.Persons(name=name, roles=list(roles), key_hash=sha256(key), added_at=at))
            append(session, actor.name, "add person", name, {"roles": list(roles)}, at)
        return key

    def remove(self, actor: Actor, name: str) -> None:
        """Ends a person's key and sessions; what they did stays in the ledger.

        Raises:
            NotPermitted: the actor is no owner.
            UnknownName: there is no such person.
        """
        demand(actor, tables.Persons, "remove a person")
        with self.database.write() as session:
            if not forget(session, name):
                raise unknown("person", name, list(session.scalars(select(tables.Persons.name))))
            append(session, actor.name, "remove person", name, {}, self.database.clock())

    def people(self, actor: Actor) -> list[Actor]:
        """Everybody with a key, by name; empty for an actor without a role."""
        with self.database.read() as session:
            rows = session.scalars(readable_rows(actor, tables.Persons).order_by(tables.Persons.name))
            return [Actor(name=row.name, roles=row.roles) for row in rows]

    def by_key(self, key: str) -> Actor | None:
        """The person whose key this is. It is looked up by its hash, so the time taken tells nothing about any key."""
        given = sha256(key)
        with self.database.read() as session:
            row = session.scalars(select(tables.Persons).where(tables.Persons.key_hash == given)).first()
            if row is None or not hmac.compare_digest(row.key_hash, given):
                return None
            return Actor(name=row.name, roles=row.roles)

    def open_session(self, actor: Actor) -> str:
        """Signs a person in on the console for twelve hours; the token for the cookie."""
        token = secrets.token_urlsafe(32)
        at = self.database.clock()
        with self.database.write() as session:
            session.execute(delete(tables.WebSessions).where(tables.WebSessions.expires_at <= at))
            row = tables.WebSessions(token_hash=sha256(token), name=actor.name, roles=list(actor.roles), expires_at=at + SIGNED_IN)
            session.add(row)
            append(session, actor.name, "sign in", actor.name, {"roles": list(actor.roles)}, at)
        return token

    def session(self, token: str) -> Actor | None:
        """Who is signed in with that token; nobody when it is unknown, closed or expired."""
        given = sha256(token)
        with self.database.read() as session:
            row = session.get(tables.WebSessions, given)
            if row is None or row.expires_at <= self.database.clock():
                return None
            return Actor(name=row.name, roles=row.roles)

    def close_session(self, token: str) -> None:
        """Signs out; nothing happens when nobody is signed in with that token."""
        with self.database.write() as session:
            row = session.get(tables.WebSessions, sha256(token))
            if row is not None:
                session.delete(row)
                append(session, row.name, "sign out", row.name, {}, self.database.clock())


def checked_person(name: str, roles: Sequence[str]) -> None:
    """Does nothing when that may be a person. Raises as `People.add` tells."""
    if not name.strip() or name != name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise BadInput(f"{name!r} cannot be a name.", f"Write 1 to {LONGEST_NAME} printable characters without spaces at the ends.")
    if not roles:
        raise BadInput(f"'{name}' needs a role.", f"Roles: {', '.join(ROLES)}.")
    for role in roles:
        if role not in ROLES:
            raise unknown("role", role, list(ROLES))


def forget(session: Session, name: str) -> bool:
    """Ends the key and the sessions of a person; whether there was one."""
    session.execute(delete(tables.WebSessions).where(tables.WebSessions.name == name))
    row = session.scalars(select(tables.Persons).where(tables.Persons.name == name)).first()
    if row is not None:
        session.delete(row)
        session.flush()  # the name must be free before it is given again
    return row is not None


def sha256(secret: str) -> str:
    """What is kept of a key or token."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
