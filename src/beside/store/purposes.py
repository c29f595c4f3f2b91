"""For what text may be used, in the records: what was said, by whom, and each use for another purpose."""

from __future__ import annotations

from beside.core.types import Actor
from beside.store import tables
from beside.store.database import Database
from beside.store.ledger import append
from beside.store.permission import STEWARDS, demand_role, readable_rows


class PurposeRecords:
    """Part of `Records`. Raises as `Records` tells."""

    database: Database

    def state_purpose(self, actor: Actor, corpus_id: str, purpose: str | None, legal_basis: str | None) -> None:
        """Writes for what a corpus may be used, and on which basis."""
        demand_role(actor, ("builder", *STEWARDS), "say for what text may be used")
        with self.database.write() as session:
            row = session.scalars(readable_rows(actor, tables.Corpora).where(tables.Corpora.id == corpus_id)).one()
            told = {"purpose": [row.purpose, purpose], "legal_basis": [row.legal_basis, legal_basis]}
            row.purpose, row.legal_basis = purpose, legal_basis
            append(session, actor.name, "state purpose", corpus_id, told, self.database.clock())

    def note_purpose(self, actor: Actor, corpus_id: str, purpose: str, why: str) -> None:
        """Writes down why a corpus is used for another purpose than it was taken in for."""
        with self.database.write() as session:
            append(
                session, actor.name, "use for another purpose", corpus_id, {"purpose": purpose, "why": why}, self.database.clock()
            )
