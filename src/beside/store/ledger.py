"""Append-only, hash-chained record of who did what: whoever changes a row breaks the chain after it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, insert, select
from sqlalchemy.orm import Session

from beside.core.canonical import canonical
from beside.core.errors import Altered
from beside.core.types import Actor, Value
from beside.store import tables
from beside.store.database import WRITTEN
from beside.store.permission import readable_rows

BACKUP = "Compare with a backup of the database; what stands before this row is sound."
START = "0" * 64  # what the first row calls the row before it
STRIKE = "strike from ledger"  # verb of the row that vouches for rows whose detail was erased
STRUCK = "erased"  # the one key that such a row's detail has left: the id of the erasure


class Entry(Value):
    """One act: who did what to which subject, and when."""

    number: int
    at: datetime
    who: str
    verb: str
    subject: str
    detail: dict[str, Any]
    previous: str
    hash: str


def append(session: Session, who: str, verb: str, subject: str, detail: Mapping[str, Any], at: datetime) -> None:
    """Adds a row at the end of the chain, inside the transaction that does what it tells of.

    Args:
        session: one of `Database.write`: no other may append meanwhile.
        at: the time, with its zone.
    """
    session.flush()  # what it tells of comes first, and is refused first
    table: Any = tables.Ledger.__table__  # past the mapper: a busy server appends with every answer
    last = session.execute(select(table.c.number, table.c.hash).order_by(table.c.number.desc()).limit(1)).first()
    number, previous = (last.number + 1, last.hash) if last else (1, START)
    row = tables.Ledger(at=at, who=who, verb=verb, subject=subject, detail=dict(detail), number=number, previous=previous)
    columns = {name: getattr(row, name) for name in ("number", "at", "who", "verb", "subject", "detail", "previous")}
    session.execute(insert(table), {**columns, "hash": (found := link(row))})
    begun = session.info.get(WRITTEN, (number, previous))
    session.info[WRITTEN] = (*begun[:2], number, found)


def link(row: Any) -> str:
    """SHA-256 over the previous hash and the row's content as canonical JSON. `row`: a row of the table, or an Entry."""
    return hash_of(row, row.number, row.previous)


def hash_of(row: Any, number: int, previous: str) -> str:
    """The hash that a row would have in another place of the chain."""
    content = [number, row.at.astimezone(UTC).isoformat(), row.who, row.verb, row.subject, row.detail]
    return hashlib.sha256(previous.encode() + canonical(content)).hexdigest()


def digest(values: Sequence[Value]) -> str:
    """SHA-256 that ties a ledger row to the very content that was written."""
    return hashlib.sha256(canonical([value.model_dump(mode="json") for value in values])).hexdigest()


def entries(session: Session, actor: Actor, limit: int = 100) -> list[Entry]:
    """The newest rows first."""
    chosen = readable_rows(actor, tables.Ledger).order_by(tables.Ledger.number.desc()).limit(limit)
    return [entry_of(row) for row in session.scalars(chosen)]


def whole(engine: Engine) -> Iterator[Entry]:
    """Every row from the first to the last, a thousand in memory at a time. For checks and exports, which ask for permission."""
    with Session(engine) as session:
        for row in session.scalars(select(tables.Ledger).order_by(tables.Ledger.number).execution_options(yield_per=1000)):
            yield entry_of(row)


def hash_at(engine: Engine, number: int) -> str | None:
    """The hash of one row; None when there is no such row."""
    with Session(engine) as session:
        return session.scalar(select(tables.Ledger.hash).where(tables.Ledger.number == number))


def entry_of(row: tables.Ledger) -> Entry:
    """A row as plain data."""
    return Entry.model_validate({name: getattr(row, name) for name in Entry.model_fields})


def check(engine: Engine) -> int:
    """How many rows the chain has, after every link was computed again. Whether rows were cut off the end, chain.py tells.

    Raises:
        Altered: at the first row that was changed, is missing, or stands elsewhere.
    """
    return walk(lambda: whole(engine))[0]


def walk(entries: Callable[[], Iterable[Entry]], wanted: int = 0) -> tuple[int, str, str]:
    """How many rows there are, the last one's hash, and the hash of the row that is wanted.

    Args:
        entries: reads all rows in order; called once more to find out what became of an odd one.

    Raises:
        Altered: at the first row that was changed, is missing, or stands elsewhere.

    A row whose detail was erased keeps its hash, and a later row, which itself stands in the chain, vouches for that hash.
    """
    number, previous, found = 0, START, ""
    struck: dict[int, Entry] = {}  # rows that nobody has vouched for yet
    for row in entries():
        number += 1
        if (row.number, row.previous, row.hash) != (number, previous, link(row)):
            if (row.number, row.previous) != (number, previous) or row.detail.keys() != {STRUCK}:
                raise Altered(f"The ledger was altered at row {number}: {what_happened(row, number, entries)}.", BACKUP)
            struck[number] = row
        elif row.verb == STRIKE:
            vouched = row.detail["rows"]
            struck = {place: one for place, one in struck.items() if vouched.get(str(place)) != one.hash}
        previous = row.hash
        found = row.hash if number == wanted else found
    for place, row in struck.items():
        told = f"'{row.who}: {row.verb} {row.subject}' says that it was erased, and no later row says so"
        raise Altered(f"The ledger was altered at row {place}: {told}.", BACKUP)
    return number, previous, found


def what_happened(row: Entry, number: int, again: Callable[[], Iterable[Entry]]) -> str:
    """What is wrong with the first row that does not fit."""
    told = f"'{row.who}: {row.verb} {row.subject}'"
    if row.hash == link(row) and row.number != number:
        if any(other.number == number for other in again()):
            return f"{told} is entry {row.number} and stands in another's place"
        return f"entry {number} is missing, the next one is {told} with the number {row.number}"
    for other in again():
        for place, previous, hash in ((other.number, other.previous, other.hash), *moved(other.number, row)):
            if place != number and hash_of(row, place, previous) == hash:
                return f"{told} is entry {place} and was moved here"
    if row.hash == link(row):
        return f"{told} does not follow from the row before, which was replaced"
    return f"{told} was changed after it was written"


def moved(number: int, row: Entry) -> Iterator[tuple[int, str, str]]:
    """The places where a row may have stood that brought its hash along."""
    yield number, row.previous, row.hash
    yield number + 1, row.previous, row.hash
