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
STEWARDS = ("privacy_officer",)  # may see, export and erase all that is kept of a person
REVIEWERS_OF_SPANS = ("builder", "annotator", "reviewer", "privacy_officer")
PROTECTORS = (*MAKERS, "privacy_officer")  # may take personal data out of a corpus
OPENERS = ("privacy_officer",)  # may see what pseudonyms stand for, and delete it
STOPPERS = ("reviewer", "privacy_officer")  # may press the stop button, call a condition met, lift a suspension
JUDGES = ("builder", "annotator", "reviewer")  # may say whether an attacked row still means the same
STAFF = ROLES[1:5]  # everybody but plain users, who ask and see what is said of their own questions
EXAMPLE_READERS = STAFF  # texts of training and test rows, also where evidence quotes them

WRITERS: dict[type[Table], tuple[str, ...]] = {
    tables.Corpora: MAKERS,
    tables.Runs: MAKERS,
    tables.Bases: MAKERS,
    tables.Findings: MAKERS,
    tables.Skips: MAKERS,
    tables.Releases: MAKERS,
    tables.Comparisons: MAKERS,
    tables.UsesOfTest: MAKERS,
    tables.Statements: ("builder", "privacy_officer"),
    tables.Comments: EVERYBODY,
    tables.Incidents: EVERYBODY,
    tables.Halts: EVERYBODY,  # an incident of anybody may suspend; who may stop is told by STOPPERS
    tables.Resolutions: STOPPERS,
    tables.Predictions: EVERYBODY,
    tables.Answers: EVERYBODY,
    tables.Erasures: STEWARDS,
    tables.Tombstones: STEWARDS,
    tables.Persons: (),
    tables.Vault: PROTECTORS,
    tables.SpanReviews: REVIEWERS_OF_SPANS,
    tables.AttackedRows: EXAMPLE_READERS,
    tables.Judgements: JUDGES,
}

READERS: dict[type[Table], tuple[str, ...]] = {
    tables.Corpora: EVERYBODY,  # what is known of a corpus; its rows are files, see EXAMPLE_READERS
    tables.Runs: EVERYBODY,
    tables.Bases: EVERYBODY,  # what is known of a base; its weights are files, and as confidential as the text
    tables.Findings: EVERYBODY,
    tables.Skips: EVERYBODY,
    tables.Releases: EVERYBODY,
    tables.UsesOfTest: EVERYBODY,
    tables.Statements: EVERYBODY,  # they stand on the card
    tables.Comparisons: STAFF,  # they quote test rows
    tables.Comments: STAFF,
    tables.Incidents: STAFF,
    tables.Halts: EVERYBODY,  # why a release does not answer
    tables.Resolutions: EVERYBODY,
    tables.Erasures: STEWARDS,
    tables.Tombstones: EVERYBODY,  # why something is no longer there
    tables.Predictions: STAFF,
    tables.Answers: STAFF,
    tables.Persons: ("privacy_officer",),
    tables.Tokens: ("privacy_officer",),
    tables.Vault: OPENERS,
    tables.SpanReviews: EXAMPLE_READERS,  # they quote no text, but say what kind of thing stands where
    tables.AttackedRows: EXAMPLE_READERS,  # they are training rows and edited copies of them
    tables.Judgements: EXAMPLE_READERS,
    tables.WebSessions: (),
    tables.SignInAttempts: (),
    tables.Ledger: ("reviewer", "privacy_officer"),
}
# whose a row is: people read their own whatever their role
OWNERS: dict[type[Table], str] = {
    tables.Predictions: "asked_by",
    tables.Answers: "who",
    tables.Comments: "who",
    tables.Incidents: "who",
    tables.Persons: "name",
    tables.Tokens: "person",
    tables.WebSessions: "name",
}


def readable(actor: Actor, table: type[Any]) -> ColumnElement[bool]:
    """The condition that every read of a table carries: all rows, one's own, or none.

    A table that is not in `READERS` is for the staff; someone without a role reads nothing.
    """
    if not actor.roles:
        return false()
    if any(actor.may(role) for role in (*READERS.get(table, STAFF), "admin")):
        return true()
    if table in OWNERS:
        mine: ColumnElement[bool] = getattr(table, OWNERS[table]) == actor.name
        return mine
    return false()


def reads_examples(actor: Actor) -> bool:
    """Whether this person may read texts of training and test rows."""
    return any(actor.may(role) for role in (*EXAMPLE_READERS, "admin"))


def reads_nothing(actor: Actor, table: type[Any]) -> bool:
    """Whether no row of a table can be this person's to read."""
    return not actor.roles or (table not in OWNERS and not any(actor.may(role) for role in (*READERS.get(table, STAFF), "admin")))


def readable_rows(actor: Actor, table: type[Any]) -> Select[Any]:
    """A query for the rows of a table that this person may read."""
    return select(table).where(readable(actor, table))


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
