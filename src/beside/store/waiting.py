"""Questions that wait for a person: handed over by the server, and nobody has answered them yet."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, func, not_, select

from beside.core.types import Actor, Prediction
from beside.store import tables
from beside.store.database import Database
from beside.store.permission import readable, readable_rows
from beside.store.queries import require


class Waiting:
    """Part of `Records`. Raises as `Records` tells."""

    database: Database

    def waiting(self, actor: Actor, release_id: str | None = None, limit: int | None = None) -> list[Prediction]:
        """The questions that were handed over and of which nobody has said anything, the oldest first."""
        table = tables.Predictions
        chosen = readable_rows(actor, table).where(open_()).order_by(table.number).limit(limit)
        with self.database.read() as session:
            if release_id is not None and actor.roles:
                require(session, actor, tables.Releases, {release_id})
                chosen = chosen.where(table.release_id == release_id)
            return [row.read() for row in session.scalars(chosen)]

    def how_many_wait(self, actor: Actor) -> int:
        """How many of them there are for this person to read."""
        chosen = select(func.count()).select_from(tables.Predictions).where(open_(), readable(actor, tables.Predictions))
        with self.database.read() as session:
            return session.scalar(chosen) or 0


def open_() -> ColumnElement[bool]:
    """Handed over, and without a word of a person."""
    table, said = tables.Predictions, tables.Answers
    return table.abstained & not_(exists().where(said.prediction_id == table.id))
