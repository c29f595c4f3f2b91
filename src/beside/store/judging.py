"""Attacked rows and what people say of them: all is kept, the ledger tells how many and who, never what stands in a row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from beside.core.erasure import Needles
from beside.core.errors import NotPermitted
from beside.core.judging import AttackedRow, Judgement
from beside.core.types import Actor
from beside.store import tables
from beside.store.database import Database
from beside.store.ledger import append, digest
from beside.store.permission import demand, readable, readable_rows
from beside.store.queries import insert, require

PIECE = 500  # ids in one query


class JudgingRecords:
    """Part of `Records`. Raises as `Records` tells."""

    database: Database

    def add_attacked(self, actor: Actor, release_id: str, rows: Sequence[AttackedRow]) -> None:
        """Stores rows that an attack changed the answer of; the same again changes nothing."""
        demand(actor, tables.AttackedRows, "attack rows")
        with self.database.write() as session:
            if new := insert(session, actor, tables.AttackedRows, rows):
                detail = {"rows": len(new), "sha256": digest(new)}
                append(session, actor.name, "attack rows", release_id, detail, self.database.clock())

    def attacked(self, actor: Actor, release_id: str) -> list[AttackedRow]:
        """The attacked rows of a release in the order in which they were drawn; none for those who may not read rows."""
        table = tables.AttackedRows
        with self.database.read() as session:
            if actor.roles:
                require(session, actor, tables.Releases, {release_id})
            chosen = readable_rows(actor, table).where(table.release_id == release_id).order_by(table.number)
            return [row.read() for row in session.scalars(chosen)]

    def add_judgements(self, actor: Actor, release_id: str, said: Sequence[Judgement]) -> None:
        """Stores what a person says of attacked rows, all or nothing.

        Raises:
            NotPermitted: it is in another person's name.
        """
        demand(actor, tables.Judgements, "judge attacked rows")
        for one in said:
            if one.who != actor.name:
                raise NotPermitted(f"'{actor.name}' may not judge as '{one.who}'.", "Judge in your own name.")
        with self.database.write() as session:
            if new := insert(session, actor, tables.Judgements, said):
                detail = {"rows": len(new), "sha256": digest(new)}
                append(session, actor.name, "judge attacked rows", release_id, detail, self.database.clock())

    def judgements(self, actor: Actor, release_id: str) -> list[Judgement]:
        """What people said of the attacked rows of a release, in the order in which they said it."""
        said, rows = tables.Judgements, tables.AttackedRows
        chosen = select(said).join(rows, said.attacked_id == rows.id).where(rows.release_id == release_id, readable(actor, said))
        with self.database.read() as session:
            return [row.read() for row in session.scalars(chosen.order_by(said.number))]


def attacked_of(session: Session, needles: Needles) -> list[Any]:
    """The attacked rows that were made from a person's rows, or hold the person."""
    chosen = select(tables.AttackedRows).order_by(tables.AttackedRows.number)
    return [
        row
        for row in session.scalars(chosen.execution_options(yield_per=1000))
        if row.example_id in needles.ids or needles.held(row.text) or needles.held(row.edited) or needles.inside(row.label)
    ]


def judgements_of(session: Session, attacked: Iterable[str]) -> list[str]:
    """Ids of what people said of attacked rows."""
    ids, table, found = list(attacked), tables.Judgements, list[str]()
    for start in range(0, len(ids), PIECE):
        found += session.scalars(select(table.id).where(table.attacked_id.in_(ids[start : start + PIECE]))).all()
    return found


def remove_attacked(session: Session, attacked: Iterable[str]) -> int:
    """Deletes attacked rows with what was said of them; how many judgements went."""
    ids, said = list(attacked), 0
    for start in range(0, len(ids), PIECE):
        some = ids[start : start + PIECE]
        gone: Any = session.execute(delete(tables.Judgements).where(tables.Judgements.attacked_id.in_(some)))
        said += int(gone.rowcount)
        session.execute(delete(tables.AttackedRows).where(tables.AttackedRows.id.in_(some)))
    return said
