"""Accounts: who may sign in, with which roles. Tokens of programs are in tokens.py, console sessions in sessions.py."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from beside.core.errors import BadInput, NotPermitted
from beside.core.registry import unknown
from beside.core.types import Actor, Value
from beside.store import tables
from beside.store.database import Database
from beside.store.ledger import append
from beside.store.permission import ROLES, demand, readable_rows
from beside.store.sessions import OWNER, Sessions
from beside.store.signing_in import SigningIn
from beside.store.tokens import ApiTokens, count_of, detail_of, new_row, person_row, sha256

LONGEST_NAME = 80  # characters
FIRST_TOKEN = "first key"
RESERVED = ("local", "server")  # whoever sits at this machine without an account, and the server itself


class Account(Value):
    """What is known of a person's account."""

    name: str
    roles: tuple[str, ...]
    added_at: datetime
    has_password: bool
    invited: bool  # a one-time code waits to be used
    outside: bool  # signs in through the identity provider
    tokens: int
    disabled_at: datetime | None


class People:
    """The people of a workspace. `tokens`, `sessions` and `signing_in` are the parts that have files of their own."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.tokens, self.sessions = ApiTokens(database), Sessions(database)
        self.signing_in = SigningIn(database, self.tokens, self.sessions)

    def add(self, actor: Actor, name: str, roles: Sequence[str], token: bool = True) -> str:
        """Adds a person, or starts a known one anew with new roles; their first API token, which is shown this once.

        Tokens, password and open sessions of a known person end. Without `token` they get none: the result is empty.

        Raises:
            NotPermitted: the actor is no admin.
            BadInput: an empty, overlong or reserved name, or no role.
            UnknownName: a role that does not exist.
        """
        demand(actor, tables.Persons, "add a person")
        checked_person(name, roles)
        secret, at = secrets.token_urlsafe(32), self.database.clock()
        with self.database.write() as session:
            forget(session, name)
            session.add(tables.Persons(name=name, roles=list(dict.fromkeys(roles)), added_at=at))
            session.flush()  # the token refers to it
            append(session, actor.name, "add person", name, {"roles": list(roles)}, at)
            if not token:
                return ""
            row = new_row(name, FIRST_TOKEN, roles, secret, at, None)
            session.add(row)
            append(session, actor.name, "make token", name, detail_of(row), at)
        return secret

    def set_roles(self, actor: Actor, name: str, roles: Sequence[str]) -> None:
        """Gives a person other roles. Open sessions and tokens lose at once what is taken away; what is added needs a new sign-in.

        Raises as `add`; UnknownName too when there is no such person.
        """
        demand(actor, tables.Persons, "change roles")
        checked_roles(name, roles)
        with self.database.write() as session:
            row = person_row(session, actor, name)
            if actor.name == name and "admin" in row.roles and "admin" not in roles:
                raise NotPermitted("You cannot take the role admin from yourself.", "Another admin can.")
            before, row.roles = list(row.roles), list(dict.fromkeys(roles))
            append(session, actor.name, "change roles", name, {"roles": list(row.roles), "before": before}, self.database.clock())

    def disable(self, actor: Actor, name: str) -> None:
        """Ends a person's sessions and stops their password and tokens at once; the account and its history stay.

        Raises:
            NotPermitted: the actor is no admin, or means themselves.
            UnknownName: there is no such person.
        """
        demand(actor, tables.Persons, "disable a person")
        if actor.name == name:
            raise NotPermitted("You cannot disable yourself.", "Another admin can.")
        with self.database.write() as session:
            row = person_row(session, actor, name)
            row.disabled_at, row.code_hash, row.code_expires_at = row.disabled_at or self.database.clock(), None, None
            session.execute(delete(tables.WebSessions).where(tables.WebSessions.name == name))
            append(session, actor.name, "disable person", name, {}, self.database.clock())

    def enable(self, actor: Actor, name: str) -> None:
        """Takes a disabled person in again, with the roles, password and tokens they had. Raises as `disable`."""
        demand(actor, tables.Persons, "enable a person")
        with self.database.write() as session:
            person_row(session, actor, name).disabled_at = None
            append(session, actor.name, "enable person", name, {}, self.database.clock())

    def remove(self, actor: Actor, name: str) -> None:
        """Ends an account with its tokens and sessions; what the person did stays in the ledger. Raises as `disable`."""
        demand(actor, tables.Persons, "remove a person")
        with self.database.write() as session:
            if not forget(session, name):
                raise unknown("person", name, list(session.scalars(select(tables.Persons.name))))
            append(session, actor.name, "remove person", name, {}, self.database.clock())

    def accounts(self, actor: Actor) -> list[Account]:
        """The accounts that this actor may see, by name: all of them for an admin and a privacy officer, else their own."""
        with self.database.read() as session:
            rows = session.scalars(readable_rows(actor, tables.Persons).order_by(tables.Persons.name)).all()
            return [account(session, row) for row in rows]

    def account(self, actor: Actor, name: str) -> Account:
        """One account.

        Raises:
            UnknownName: there is no such person whom this actor may see.
        """
        with self.database.read() as session:
            return account(session, person_row(session, actor, name))

    def people(self, actor: Actor) -> list[Actor]:
        """Everybody whose account is open and whom this actor may see, by name."""
        return [Actor(name=one.name, roles=one.roles) for one in self.accounts(actor) if one.disabled_at is None]

    def by_key(self, key: str) -> Actor | None:
        """The person whose API token this is, with the roles of the token."""
        found = self.tokens.find(key)
        return found[0] if found else None

    def open_session(self, actor: Actor, by: str = OWNER) -> str:
        """Signs a person in on the console; the token for the cookie."""
        return self.sessions.open(actor, by)

    def session(self, token: str) -> Actor | None:
        """Who is signed in with that token; nobody when it is unknown, closed, idle or expired."""
        return self.sessions.find(token)

    def close_session(self, token: str) -> None:
        """Signs out; nothing happens when nobody is signed in with that token."""
        self.sessions.close(token)

    def from_outside(self, issuer: str, subject: str, name: str, roles: Sequence[str]) -> Actor:
        """The person whom an identity provider vouches for; a new one gets an account, a known one the roles told today.

        Somebody is known by issuer and subject, never by name: else whoever picks a name at the provider could become that person.

        Raises:
            NotPermitted: no role, a disabled account, or the name belongs to somebody else here.
        """
        if not roles:
            raise NotPermitted(f"The identity provider gives '{name}' no role here.", "Ask an admin to map one of your groups.")
        outside = sha256(f"{issuer}\n{subject}")
        with self.database.write() as session:
            row = session.scalars(select(tables.Persons).where(tables.Persons.outside == outside)).first()
            if row is not None and row.disabled_at is not None:
                raise NotPermitted(f"The account of '{row.name}' is disabled.", "Ask an admin.")
            if row is None:
                row = self.newcomer(session, outside, name, roles)
            elif list(row.roles) != list(roles):
                detail = {"roles": list(roles), "before": list(row.roles)}
                append(session, issuer, "change roles", row.name, detail, self.database.clock())
                row.roles = list(roles)
            return Actor(name=row.name, roles=tuple(row.roles))

    def newcomer(self, session: Session, outside: str, name: str, roles: Sequence[str]) -> tables.Persons:
        """Adds the account of somebody whom an identity provider sent. Raises as `from_outside`."""
        checked_person(name, roles)
        taken = session.scalars(select(tables.Persons.name)).all()
        if name.casefold() in {one.casefold() for one in taken}:
            raise NotPermitted(f"The name '{name}' belongs to another account.", "Ask an admin to remove that account first.")
        row = tables.Persons(name=name, roles=list(roles), added_at=self.database.clock(), outside=outside)
        session.add(row)
        append(session, name, "add person", name, {"roles": list(roles), "by": "oidc"}, self.database.clock())
        return row


def account(session: Session, row: tables.Persons) -> Account:
    """A row as plain data, without any hash."""
    return Account(
        name=row.name,
        roles=tuple(row.roles),
        added_at=row.added_at,
        has_password=row.password_hash is not None,
        invited=row.code_hash is not None,
        outside=row.outside is not None,
        tokens=count_of(session, row.name),
        disabled_at=row.disabled_at,
    )


def checked_person(name: str, roles: Sequence[str]) -> None:
    """Does nothing when that may be a person. Raises as `People.add` tells."""
    if not name.strip() or name != name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise BadInput(f"{name!r} cannot be a name.", f"Write 1 to {LONGEST_NAME} printable characters without spaces at the ends.")
    if name.casefold() in RESERVED:
        raise BadInput(f"'{name}' cannot be a name.", "Beside itself goes by it; choose another.")
    checked_roles(name, roles)


def checked_roles(name: str, roles: Sequence[str]) -> None:
    """Does nothing when those may be a person's roles. Raises as `People.add` tells."""
    if not roles:
        raise BadInput(f"'{name}' needs a role.", f"Roles: {', '.join(ROLES)}.")
    for role in roles:
        if role not in ROLES:
            raise unknown("role", role, list(ROLES))


def forget(session: Session, name: str) -> bool:
    """Ends the tokens, the sessions and the account of a person; whether there was one."""
    session.execute(delete(tables.WebSessions).where(tables.WebSessions.name == name))
    session.execute(delete(tables.Tokens).where(tables.Tokens.person == name))
    row = session.scalars(select(tables.Persons).where(tables.Persons.name == name)).first()
    if row is not None:
        session.delete(row)
        session.flush()  # the name must be free before it is given again
    return row is not None
