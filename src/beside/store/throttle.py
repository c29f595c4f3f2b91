"""Slows down who guesses passwords: each wrong one makes the next wait longer, per account and per address.

The wait ends by itself, so nobody can be locked out for good, and who is signed in already is not touched. It is counted in the
database, so that several server processes count together, and names are counted whether or not they exist.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from beside.core.errors import TooManyAttempts
from beside.store import tables

FREE = {"account": 5, "address": 20}  # wrong passwords before the first wait; several people may share an address
LONGEST_WAIT = {"account": 15 * 60, "address": 60}  # seconds; short for an address, or one person could keep out a whole office
FORGOTTEN = timedelta(days=1)  # after so long without another wrong password, all is forgotten


def sources(name: str, address: str) -> dict[str, str]:
    """What an attempt is counted under: hashes, for somebody may type a password into the field of the name."""
    return {kind: f"{kind}:{hashlib.sha256(value.encode(errors='surrogatepass')).hexdigest()}" for kind, value in
            (("account", name.strip().casefold()), ("address", address))}  # fmt: skip


def begin_attempt(session: Session, name: str, address: str, now: datetime) -> None:
    """Counts an attempt as failed before it is looked at, so that many at once gain nothing.

    Raises:
        TooManyAttempts: this name or address has to wait; the attempt is not looked at.
    """
    session.execute(delete(tables.SignInAttempts).where(tables.SignInAttempts.last_at <= now - FORGOTTEN))
    rows = {kind: session.get(tables.SignInAttempts, source) for kind, source in sources(name, address).items()}
    if waits := [(row.open_at - now).total_seconds() for row in rows.values() if row is not None and row.open_at > now]:
        raise TooManyAttempts.after(max(waits))
    for kind, source in sources(name, address).items():
        row = rows[kind] or tables.SignInAttempts(source=source, failures=0)
        row.failures, row.last_at = row.failures + 1, now
        row.open_at = now + timedelta(seconds=wait(kind, row.failures))
        session.add(row)


def wait(kind: str, failures: int) -> int:
    """Seconds until the next attempt: none for the first few, then twice as long each time."""
    over = failures - FREE[kind]
    return 0 if over < 0 else min(2 ** min(over, 20), LONGEST_WAIT[kind])


def succeeded(session: Session, name: str, address: str) -> None:
    """Forgets the account's failures; the address only gets this attempt back, or one known password would open it for guessing."""
    for kind, source in sources(name, address).items():
        row = session.get(tables.SignInAttempts, source)
        if row is None:
            continue
        if kind == "account":
            session.delete(row)
        else:
            row.failures = max(row.failures - 1, 0)
            row.open_at = row.last_at
