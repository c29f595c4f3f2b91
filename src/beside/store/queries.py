"""What every kind of record needs: added once, found by id, refused by a name that helps."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from beside.core.errors import BadInput, NotPermitted, UnknownName
from beside.core.registry import unknown
from beside.core.types import Actor, Value
from beside.store import tables
from beside.store.permission import readable, reads_nothing
from beside.store.tables import TABLES, Stored

SHOWN = 10  # names listed in the error for an unknown one
COMPARED = 1000  # names that a close one is looked for among
CHUNK = 500  # rows looked up at a time; SQLite takes no more than 32,766 values in one query
# what may differ when the same thing is made again: times, and on a release what people did with it meanwhile
MAY_DIFFER = {"made_at", "seconds", "history", "signatures", "state", "makers", "purpose", "legal_basis"}


def insert(session: Session, actor: Actor, table: type[Stored], values: Sequence[Value]) -> list[Value]:
    """Adds the values that are not there yet, and gives those back.

    Raises:
        UnknownName: a value names a run, corpus, ... that is not there.
        BadInput: something else is already there under the same id.
    """
    for key in table.__table__.foreign_keys:
        name = key.parent.name
        require(session, actor, owner_of(table, name), {getattr(value, name) for value in values})
    rows: dict[str, tuple[Stored, Value]] = {}
    for value in values:
        row = table.of(value)
        if isinstance(row, tables.Predictions):
            row.asked_by = actor.name
        same(table, row.id, rows.setdefault(row.id, (row, value))[1], value)
    new = []
    ids = list(rows)
    for start in range(0, len(ids), CHUNK):
        here = {row.id: row.read() for row in session.scalars(select(table).where(table.id.in_(ids[start : start + CHUNK])))}
        for id in ids[start : start + CHUNK]:
            row, value = rows[id]
            if id in here:
                same(table, id, here[id], value)
            else:
                session.add(row)
                new.append(value)
    session.flush()
    return new


def same(table: type[Stored], id: str, there: Value, given: Value) -> None:
    """Does nothing when both are the same but for times and signatures.

    Raises:
        BadInput: they are not, though their id is the same.
    """
    if there is not given and there.model_dump(exclude=MAY_DIFFER) != given.model_dump(exclude=MAY_DIFFER):
        raise BadInput(f"Another {table.kind} '{id}' is already there.", "An id names one content only; give it another.")


def require(session: Session, actor: Actor, table: type[Stored], ids: set[str]) -> None:
    """Does nothing when all ids are there for this person to read. Raises as `missing` tells."""
    wanted = sorted(ids)
    for start in range(0, len(wanted), CHUNK):
        chunk = wanted[start : start + CHUNK]
        here = set(session.scalars(select(table.id).where(table.id.in_(chunk), readable(actor, table))))
        for id in chunk:
            if id not in here:
                raise missing(session, actor, table, id)


def missing(session: Session, actor: Actor, table: type[Stored], id: str) -> UnknownName | NotPermitted:
    """The error for something that this person's query did not find."""
    if reads_nothing(actor, table):
        return NotPermitted(f"'{actor.name}' may not read a {table.kind}.", "Ask the owner of the workspace for a role.")
    named: list[Any] = [table.id, table.name] if table in (tables.Corpora, tables.Bases) else [table.id]
    rows = session.execute(select(*named).where(readable(actor, table)).order_by(table.number.desc()).limit(COMPARED))
    names = list(dict.fromkeys(str(name) for row in rows for name in reversed(row)))
    close = get_close_matches(id, names, n=1, cutoff=0.5)
    return unknown(table.kind, id, list(dict.fromkeys([*close, *names]))[:SHOWN])


def owner_of(table: type[Stored], column: str) -> type[Stored]:
    """The table that a column refers to."""
    (key,) = table.__table__.c[column].foreign_keys
    return next(other for other in TABLES.values() if other.__table__ is key.column.table)
