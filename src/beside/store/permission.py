"""Who may read and who may write: the rules in one place, so that they are part of every query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, false, select, true

from beside.core.errors import NotPermitted
from beside.core.types import Actor
from beside.store import tables
from beside.store.tables import Table

ROLES = ("admin", "builder", "annotator", "reviewer", "privacy_officer", "user")
EVERYBODY = ROLES[1:]  # an admin may do whatever anybody may
MAKERS = ("builder", "reviewer")  # reviewers too: improving makes a corpus, a run and a comparison

WRITERS: dict[type[Table], tuple[str, ...]] = {
    tables.Corpora: MAKERS,
    tables.Runs: MAKERS,
    tables.Findings: MAKERS,
    tables.Skips: MAKERS,
    tables.Releases: MAKERS,
    tables.Comparisons: MAKERS,
    tables.UsesOfTest: MAKERS,
    tables.Predictions: EVERYBODY,
    tables.Answers: EVERYBODY,
    tables.Persons: (),
}


def readable(actor: Actor) -> ColumnElement[bool]:
    """The condition that every read carries: someone without a role reads nothing."""
    return true() if actor.roles else false()


def readable_rows(actor: Actor, table: type[Any]) -> Select[Any]:
    """A query for the rows of a table that this person may read."""
    return select(table).where(readable(actor))


def demand(actor: Actor, table: type[Table], doing: str) -> None:
    """Does nothing when the person may write to the table.

    Raises:
        NotPermitted: they may not; the hint says which roles may.
    """
    demand_role(actor, WRITERS[table], doing)


def demand_role(actor: Actor, roles: Sequence[str], doing: str) -> None:
    """Does nothing when the person holds one of the roles, or owns the workspace.

    Raises:
        NotPermitted: they do not; the hint says which roles may.
    """
    if not any(actor.may(role) for role in (*roles, "admin")):
        held = ", ".join(actor.roles) or "none"
        raise NotPermitted(f"'{actor.name}' (roles: {held}) may not {doing}.", f"Roles that may: {', '.join(('admin', *roles))}.")
