"""What left this workspace for a federation, in its ledger: before it leaves, so that nothing goes unseen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from beside.core.types import Actor
from beside.store.database import Database
from beside.store.exports import SENT
from beside.store.ledger import append
from beside.store.permission import demand_role

MAY_SEND = ("builder",)


def note_departure(database: Database, actor: Actor, federation: str, detail: Mapping[str, Any]) -> None:
    """One row: which tensors, how many bytes, for which round.

    Raises:
        NotPermitted: it takes a builder or an admin.
    """
    demand_role(actor, MAY_SEND, "send updates to a federation")
    with database.write() as session:
        append(session, actor.name, SENT, federation, detail, database.clock())
