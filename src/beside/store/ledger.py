"""Append-only, hash-chained record of who did what: whoever changes a row breaks the chain after it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from beside.core.errors import Altered
from beside.core.types import Actor, Value
from beside.store import tables
from beside.store.permission import readable_rows

START = "0" * 64  # what the first row calls the row before it


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
    last = session.scalars(select(tables.Ledger).order_by(tables.Ledger.number.desc()).limit(1)).first()
    row = tables.Ledger(at=at, who=who, verb=verb, subject=subject, detail=dict(detail))
    row.number, row.previous = (last.number + 1, last.hash) if last else (1, START)
    row.hash = link(row)
    session.add(row)
    session.flush()  # the next row of the same transaction must find this one


def link(row: tables.Ledger) -> str:
    """SHA-256 over the previous hash and the row's content as canonical JSON."""
    content = [row.number, row.at.astimezone(UTC).isoformat(), row.who, row.verb, row.subject, row.detail]
    return hashlib.sha256(row.previous.encode() + canonical(content)).hexdigest()


def canonical(content: Any) -> bytes:
    """Plain data as JSON bytes with one spelling: keys sorted at every depth."""
    return to_json(in_order(content), inf_nan_mode="constants")


def in_order(content: Any) -> Any:
    """The same plain data with the keys of every dictionary sorted."""
    if isinstance(content, Mapping):
        return {str(key): in_order(content[key]) for key in sorted(content, key=str)}
    return [in_order(item) for item in content] if isinstance(content, list | tuple) else content


def digest(values: Sequence[Value]) -> str:
    """SHA-256 that ties a ledger row to the very content that was written."""
    return hashlib.sha256(canonical([value.model_dump(mode="json") for value in values])).hexdigest()


def entries(session: Session, actor: Actor, limit: int = 100) -> list[Entry]:
    """The newest rows first."""
    chosen = readable_rows(actor, tables.Ledger).order_by(tables.Ledger.number.desc()).limit(limit)
    return [Entry.model_validate({name: getattr(row, name) for name in Entry.model_fields}) for row in session.scalars(chosen)]


def check(engine: Engine) -> int:
    """How many rows the chain has, after every link was computed again.

    It finds a changed, inserted, moved or missing row; rows cut off at the end leave no gap, so note the last hash elsewhere.

    Raises:
        Altered: at the first row that does not follow from the one before.
    """
    number, previous = 0, START
    with Session(engine) as session:
        for row in session.scalars(select(tables.Ledger).order_by(tables.Ledger.number).execution_options(yield_per=1000)):
            number += 1
            if (row.number, row.previous, row.hash) != (number, previous, link(row)):
                what = f"'{row.who}: {row.verb} {row.subject}' does not follow from the row before"
                hint = "Compare with a backup of the database; what stands before this row is sound."
                raise Altered(f"The ledger was altered at row {number}: {what}.", hint)
            previous = row.hash
    return number
