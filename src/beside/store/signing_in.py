"""Signing in: a password, a one-time code, an API token or a link becomes a console session with a token of its own."""

from __future__ import annotations

import secrets
from datetime import timedelta

from sqlalchemy import delete, select

from beside.core.errors import NotPermitted, NotSignedIn
from beside.core.types import Actor
from beside.store import passwords, tables
from beside.store.database import Database
from beside.store.ledger import append
from beside.store.permission import demand
from beside.store.sessions import Sessions, new_session
from beside.store.throttle import begin_attempt, succeeded
from beside.store.tokens import ApiTokens, person_row, sha256

CODE_LASTS = timedelta(hours=24)
FORGOT = "If you forgot your password, ask an admin for a new code."
WRONG = ("The name or the password is wrong.", FORGOT)
NO_KEY = ("No one has this key.", "Copy it whole. The owner prints a new one with `beside user NAME --role ROLE`.")
NO_CODE = ("This code is not good, or no longer.", "It works once, within a day. Ask an admin for a new one.")
FEWER = ("This session holds fewer roles than you do.", "Ask an admin for a code to choose a password with.")


class SigningIn:
    """Every way into a console session but the identity provider's, and how a password comes to be."""

    def __init__(self, database: Database, tokens: ApiTokens, sessions: Sessions) -> None:
        self.database, self.tokens, self.sessions = database, tokens, sessions

    def with_password(self, name: str, password: str, address: str = "") -> str:
        """The token of a new session.

        An unknown name, a wrong password, an account without a password and a disabled one are the same to whoever tries:
        same message, same work.

        Raises:
            NotSignedIn: the name or the password is wrong.
            TooManyAttempts: too many wrong ones before; this one was not looked at.
        """
        person = self.proved(name, password, address)
        if person is None:
            raise NotSignedIn(*WRONG)
        return self.sessions.open(person, "password", address)

    def proved(self, name: str, password: str, address: str) -> Actor | None:
        """Whose name and password these are; None when they are not. Makes an outdated hash anew. Raises TooManyAttempts."""
        with self.database.write() as session:
            begin_attempt(session, name, address, self.database.clock())
        with self.database.read() as session:
            row = session.scalars(select(tables.Persons).where(tables.Persons.name == name.strip())).first()
            kept = row.password_hash if row is not None and row.disabled_at is None else None
        if not passwords.fits(kept, password):
            return None
        anew = passwords.hashed(password) if kept is not None and passwords.outdated(kept) else None
        with self.database.write() as session:
            succeeded(session, name, address)
            row = session.scalars(select(tables.Persons).where(tables.Persons.name == name.strip())).first()
            if row is None or row.disabled_at is not None or row.password_hash != kept:  # changed this very moment
                return None
            row.password_hash = anew or kept
            return Actor(name=row.name, roles=tuple(row.roles))

    def with_token(self, secret: str, address: str = "") -> str:
        """A session with the roles of an API token; it ends with the token at the latest.

        Raises:
            NotSignedIn: nobody has this token.
        """
        found = self.tokens.find(secret)
        if found is None:
            raise NotSignedIn(*NO_KEY)
        actor, token = found
        return self.sessions.open(actor, token.id, address, token.expires_at)

    def set_password(self, actor: Actor, name: str, password: str, current: str | None = None, address: str = "") -> None:
        """Gives a person a password. All their sessions end: whoever knew the old one is out.

        Args:
            actor: the person, who proves it with the current password where there is one; or an admin.
            current: the password until now.

        Raises:
            BadInput: too short or too long.
            NotSignedIn, TooManyAttempts: the current password is wrong.
            NotPermitted: somebody else's, or the first password from a session that holds fewer roles than the person.
        """
        new = passwords.hashed(password)
        with self.database.read() as session:
            row = person_row(session, actor, name)
            kept, roles = row.password_hash, set(row.roles)
        if actor.name == name:
            if kept is not None and self.proved(name, current or "", address) is None:
                raise NotSignedIn("The current password is wrong.", FORGOT)
            if kept is None and not roles <= set(actor.roles):
                raise NotPermitted(*FEWER)
        else:
            demand(actor, tables.Persons, "set another person's password")
        self.keep(actor, name, new)

    def make_code(self, actor: Actor, name: str) -> str:
        """A code with which a person may choose a new password, once, within a day; shown this once.

        Raises:
            NotPermitted: the actor is no admin, or the account is disabled.
            UnknownName: there is no such person.
        """
        demand(actor, tables.Persons, "make a code for a person")
        code, at = secrets.token_urlsafe(24), self.database.clock()
        with self.database.write() as session:
            row = person_row(session, actor, name)
            if row.disabled_at is not None:
                raise NotPermitted(f"The account of '{name}' is disabled.", "Enable it first.")
            row.code_hash, row.code_expires_at = sha256(code), at + CODE_LASTS
            append(session, actor.name, "make code", name, {}, at)
        return code

    def invited(self, code: str) -> str | None:
        """The name of the person whom a code is for; None when it was used, replaced or is too old."""
        with self.database.read() as session:
            row = session.scalars(select(tables.Persons).where(tables.Persons.code_hash == sha256(code))).first()
            late = row is None or row.code_expires_at is None or row.code_expires_at <= self.database.clock()
            return None if row is None or late or row.disabled_at is not None else row.name

    def with_code(self, code: str, password: str, address: str = "") -> str:
        """Chooses a password with a one-time code; the token of a new session.

        Raises:
            BadInput: the password is too short or too long; the code is still good.
            NotSignedIn: nobody has this code.
        """
        if self.invited(code) is None:
            raise NotSignedIn(*NO_CODE)
        new, at = passwords.hashed(password), self.database.clock()
        with self.database.write() as session:
            row = session.scalars(select(tables.Persons).where(tables.Persons.code_hash == sha256(code))).first()
            if row is None or row.disabled_at is not None:
                raise NotSignedIn(*NO_CODE)
            row.password_hash, row.code_hash, row.code_expires_at = new, None, None
            session.execute(delete(tables.WebSessions).where(tables.WebSessions.name == row.name))
            append(session, row.name, "set password", row.name, {"by": "code"}, at)
            return new_session(session, Actor(name=row.name, roles=tuple(row.roles)), "code", address, at, None)

    def keep(self, actor: Actor, name: str, new: str) -> None:
        """Stores a new password's hash and ends the person's sessions and codes."""
        with self.database.write() as session:
            row = person_row(session, actor, name)
            row.password_hash, row.code_hash, row.code_expires_at = new, None, None
            session.execute(delete(tables.WebSessions).where(tables.WebSessions.name == name))
            append(session, actor.name, "set password", name, {}, self.database.clock())
