"""Protected corpora in the records: who made them from what, and how much was found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from beside.core.protecting import ProtectionReport
from beside.core.types import Actor, Corpus
from beside.core.vaults import SealedValue
from beside.store import tables
from beside.store.database import Database
from beside.store.ledger import append, digest
from beside.store.permission import PROTECTORS, demand_role
from beside.store.queries import insert
from beside.store.vault import store_values


class Protections:
    """Part of `Records`. Raises as `Records` tells."""

    database: Database

    def add_reviewed(self, actor: Actor, corpus: Corpus, rows: int) -> None:
        """Stores a corpus of rows that people looked at. The same again changes nothing."""
        demand_role(actor, PROTECTORS, "make a corpus of reviewed rows")
        with self.database.write() as session:
            if insert(session, actor, tables.Corpora, [corpus]):
                detail = {"parent": corpus.parent, "rows": rows, "sha256": digest([corpus])}
                append(session, actor.name, "export reviewed", corpus.id, detail, self.database.clock())

    def add_protected(self, actor: Actor, corpus: Corpus, report: ProtectionReport, values: Iterable[SealedValue] = ()) -> None:
        """Stores a protected corpus and what its pseudonyms stand for, both or neither. The same again changes nothing.

        The ledger tells how often each kind was found.
        """
        demand_role(actor, PROTECTORS, "protect a corpus")
        found = {one.kind: one.found for one in report.kinds if one.found}
        detail: dict[str, Any] = {"parent": report.parent, "found": found, "rows": report.rows, "touched": report.touched}
        with self.database.write() as session:
            if new := store_values(session, values, self.database):
                detail["into_vault"] = new
            if insert(session, actor, tables.Corpora, [corpus]):
                append(session, actor.name, "protect", corpus.id, {**detail, "sha256": digest([corpus])}, self.database.clock())
