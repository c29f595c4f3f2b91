"""Answers of a busy server: those of many requests in one transaction, for each commit costs as much as reading a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from beside.core.types import Actor, Prediction
from beside.store import tables
from beside.store.database import WRITTEN, Database
from beside.store.ledger import append, digest
from beside.store.permission import demand
from beside.store.queries import require

Written = tuple[int, str, int, str]


class AnsweredRecords:
    """The part of the records that a server writes while it answers."""

    database: Database

    def add_answered(self, groups: Sequence[tuple[Actor, Sequence[Prediction]]]) -> Written | None:
        """Stores what several people were answered, all or nothing, not yet flushed; what `Database.flush` is to be told."""
        for actor, _ in groups:
            demand(actor, tables.Predictions, "predict")
        with self.database.write(flushed=False) as session:
            for actor, release_id, predictions in per_actor(groups):
                require(session, actor, tables.Releases, {release_id})
                add(session, actor, predictions)
                detail = {"rows": len(predictions), "sha256": digest(predictions)}
                append(session, actor.name, "predict", release_id, detail, self.database.clock())
        written: Written | None = session.info.get(WRITTEN)
        return written


def add(session: Session, actor: Actor, predictions: Sequence[Prediction]) -> None:
    """Adds answers that are new: their ids are random, so nobody looks whether they are there; the database refuses a second."""
    fields = type(predictions[0]).model_fields
    rows = [{"asked_by": actor.name, **{name: getattr(prediction, name) for name in fields}} for prediction in predictions]
    table: Any = tables.Predictions.__table__  # past the mapper, which would look at each row three times
    session.execute(insert(table), rows)


def per_actor(groups: Sequence[tuple[Actor, Sequence[Prediction]]]) -> list[tuple[Actor, str, list[Prediction]]]:
    """The answers of each person by each release together, in the order they came."""
    together: dict[tuple[Actor, str], list[Prediction]] = {}
    for actor, predictions in groups:
        for prediction in predictions:
            together.setdefault((actor, prediction.release_id), []).append(prediction)
    return [(actor, release_id, found) for (actor, release_id), found in together.items()]
