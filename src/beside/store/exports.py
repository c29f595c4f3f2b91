"""Releases that were carried out of the workspace: each export stands in the ledger before its file is written."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from beside.core.types import Actor, Value
from beside.store import tables
from beside.store.database import Database
from beside.store.ledger import append
from beside.store.permission import STEWARDS, demand_role

EXPORTERS = ("builder", "reviewer", "privacy_officer")
VERB = "export release"
SENT = "send to federation"  # departures.py


class Export(Value):
    """A release that was written into a file for another machine."""

    release: str
    file: str  # where it was written to; where it went from there nobody knows
    who: str
    at: datetime


class ExportRecords:
    """Part of `Records`. Raises as `Records` tells."""

    database: Database

    def note_export(self, actor: Actor, release_id: str, file: Path) -> None:
        """One row, before the file is written, so that no copy goes unseen."""
        demand_role(actor, EXPORTERS, "export a release")
        with self.database.write() as session:
            append(session, actor.name, VERB, release_id, {"file": str(file.absolute())}, self.database.clock())

    def exports(self, actor: Actor, releases: Collection[str] | None = None) -> list[Export]:
        """What left the workspace, the oldest first. `releases`: only of these; None = of all."""
        demand_role(actor, STEWARDS, "see what left the workspace")
        chosen = select(tables.Ledger).where(tables.Ledger.verb == VERB).order_by(tables.Ledger.number)
        with self.database.read() as session:
            return [
                Export(release=row.subject, file=str(row.detail.get("file", "?")), who=row.who, at=row.at)
                for row in session.scalars(chosen)
                if releases is None or row.subject in releases
            ]

    def federations(self, actor: Actor) -> list[str]:
        """The federations that updates were sent to, by name."""
        demand_role(actor, STEWARDS, "see what left the workspace")
        with self.database.read() as session:
            chosen = select(tables.Ledger.subject).where(tables.Ledger.verb == SENT).distinct()
            return sorted(session.scalars(chosen))
