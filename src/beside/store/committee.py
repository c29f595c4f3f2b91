"""What a committee does with a release besides signing: every query, each with an Actor, each act in the ledger."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from beside.core import gate
from beside.core.committee import Comment, Halt, Incident, Proceedings, Resolution
from beside.core.errors import BadInput, NotPermitted
from beside.core.registry import unknown
from beside.core.types import Actor, Release, Value
from beside.store import tables
from beside.store.database import Database
from beside.store.ledger import append
from beside.store.permission import STEWARDS, STOPPERS, demand, demand_role, readable_rows
from beside.store.queries import insert, missing, require
from beside.store.tables import TABLES

Kind = TypeVar("Kind", bound=Value)
HALTING = {"stop": "stop release", "suspension": "suspend release", "retirement": "retire release"}  # verbs of the ledger


class Committee:
    """Part of `Records`: comments, incidents, halts, resolutions. Raises as `Records` tells."""

    database: Database

    def proceedings(self, actor: Actor, release_id: str) -> Proceedings:
        """All that happened to a release besides signatures, as of now."""
        with self.database.read() as session:
            require(session, actor, tables.Releases, {release_id})
            return proceedings_of(session, actor, release_id)

    def trained_by(self, actor: Actor, run_id: str) -> str:
        """Who trained a run, as the ledger tells, for whoever may read the run; empty when it does not tell."""
        chosen = select(tables.Ledger).where(tables.Ledger.verb == "add run", tables.Ledger.subject == run_id)
        with self.database.read() as session:
            require(session, actor, tables.Runs, {run_id})
            row = session.scalars(chosen.order_by(tables.Ledger.number).limit(1)).first()
            return row.who if row else ""

    def add_comment(self, actor: Actor, comment: Comment) -> None:
        """Stores a comment, or an edit of one's own; the earlier words stay.

        Raises:
            NotPermitted: it is in another person's name, or edits another person's comment.
            UnknownName: there is no such finding in the release, or no such comment to edit.
        """
        with self.database.write() as session:
            release = release_of(session, actor, comment.release_id)
            if comment.finding_id is not None and comment.finding_id not in release.finding_ids:
                raise unknown("finding", comment.finding_id, list(release.finding_ids))
            if comment.replaces is not None:
                must_be_own(session, actor, comment)
            self._note(session, actor, "comment", comment, comment.who)

    def add_incident(self, actor: Actor, incident: Incident, halt: Halt | None = None) -> None:
        """Stores an incident, and with it the suspension that it brings, both or neither."""
        with self.database.write() as session:
            release_of(session, actor, incident.release_id)
            self._note(session, actor, "report incident", incident, incident.who)
            if halt is not None:
                self._note(session, actor, "suspend release", halt, halt.who)
                self._judge(session, actor, incident.release_id)

    def add_halt(self, actor: Actor, halt: Halt) -> None:
        """Stores a stop or a suspension; from the next look at the database on nothing is served.

        Raises:
            NotPermitted: stopping takes a reviewer, a privacy officer or an admin.
        """
        if halt.what == "stop":
            demand_role(actor, STOPPERS, "stop a release")
        if halt.what == "retirement":
            demand_role(actor, STEWARDS, "retire a release")
        with self.database.write() as session:
            release_of(session, actor, halt.release_id)
            self._note(session, actor, HALTING[halt.what], halt, halt.who)
            self._judge(session, actor, halt.release_id)

    def add_resolution(self, actor: Actor, resolution: Resolution) -> None:
        """Stores one person's word that a suspension may end or a condition is met."""
        with self.database.write() as session:
            release_of(session, actor, resolution.release_id)
            self._note(session, actor, "resolve", resolution, resolution.who)
            self._judge(session, actor, resolution.release_id)

    def _note(self, session: Session, actor: Actor, verb: str, value: Comment | Incident | Halt | Resolution, who: str) -> None:
        """Adds one row and its line in the ledger."""
        table = TABLES[type(value)]
        demand(actor, table, verb)
        if who != actor.name:
            raise NotPermitted(f"'{actor.name}' may not {verb} as '{who}'.", "Act in your own name.")
        if insert(session, actor, table, [value]):
            append(session, actor.name, verb, value.release_id, value.model_dump(mode="json"), self.database.clock())

    def _judge(self, session: Session, actor: Actor, release_id: str) -> None:
        """Writes the state that now follows."""
        row = session.scalars(readable_rows(actor, tables.Releases).where(tables.Releases.id == release_id)).one()
        release: Release = row.read()
        row.state = state_now(session, actor, release, self.database)


def state_now(session: Session, actor: Actor, release: Release, database: Database) -> str:
    """What the gate makes of a release and all that happened to it."""
    found = select(tables.Findings).where(tables.Findings.run_id == release.run_id)
    findings = [row.read() for row in session.scalars(found)]
    return gate.state(release, findings, database.clock(), proceedings_of(session, actor, release.id))


def proceedings_of(session: Session, actor: Actor, release_id: str) -> Proceedings:
    """Comments, incidents, halts and resolutions of one release, in the order they came."""
    return Proceedings(
        comments=rows_of(session, actor, Comment, release_id),
        incidents=rows_of(session, actor, Incident, release_id),
        halts=rows_of(session, actor, Halt, release_id),
        resolutions=rows_of(session, actor, Resolution, release_id),
    )


def rows_of(session: Session, actor: Actor, kind: type[Kind], release_id: str) -> tuple[Kind, ...]:
    """Everything of one kind about one release."""
    table = TABLES[kind]
    chosen = readable_rows(actor, table).where(table.__table__.c.release_id == release_id).order_by(table.number)
    return tuple(row.read() for row in session.scalars(chosen))


def release_of(session: Session, actor: Actor, release_id: str) -> Release:
    """The release, for this person to read. Raises as `missing` tells."""
    row = session.scalars(readable_rows(actor, tables.Releases).where(tables.Releases.id == release_id)).first()
    if row is None:
        raise missing(session, actor, tables.Releases, release_id)
    found: Release = row.read()
    return found


def must_be_own(session: Session, actor: Actor, comment: Comment) -> None:
    """Does nothing when a comment edits an earlier one of the same person at the same place.

    Raises:
        UnknownName: there is no such comment.
        NotPermitted: it is another person's.
        BadInput: it stands somewhere else, or was edited already.
    """
    earlier = {one.id: one for one in rows_of(session, actor, Comment, comment.release_id)}
    if comment.replaces not in earlier:
        raise unknown("comment", str(comment.replaces), list(earlier))
    old = earlier[comment.replaces]
    if old.who != actor.name:
        raise NotPermitted(f"'{actor.name}' may not edit what '{old.who}' said.", "Write a comment of your own.")
    if old.finding_id != comment.finding_id:
        raise BadInput(f"The comment '{old.id}' stands somewhere else.", "An edit stays where the comment is.")
    if any(one.replaces == old.id for one in earlier.values()):
        raise BadInput(f"The comment '{old.id}' was edited already.", "Edit its newest words.")
