"""Every query over what was made, found, asked and answered; each takes an Actor, so permission is in the query."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import URL, func, or_, select
from sqlalchemy.orm import Session

from beside.core.errors import BadInput, Busy, NotPermitted
from beside.core.pretraining import Base
from beside.core.statements import Statement
from beside.core.types import Actor, Answer, Comparison, Corpus, Finding, Prediction, Release, Run, Skipped, Value
from beside.store import tables
from beside.store.answered import AnsweredRecords
from beside.store.committee import Committee, proceedings_of, state_now
from beside.store.database import Database, now
from beside.store.erasing import Erasing
from beside.store.exports import ExportRecords
from beside.store.judging import JudgingRecords
from beside.store.ledger import Entry, append, digest, entries
from beside.store.permission import demand, demand_role, readable, readable_rows
from beside.store.protections import Protections
from beside.store.purposes import PurposeRecords
from beside.store.queries import MAY_DIFFER, insert, missing, owner_of, require
from beside.store.retaining import Retaining
from beside.store.span_reviews import SpanReviewRecords
from beside.store.tables import TABLES
from beside.store.vault import VaultRecords
from beside.store.waiting import Waiting

Kind = TypeVar("Kind", bound=Value)


class Records(
    AnsweredRecords,
    Committee,
    Erasing,
    ExportRecords,
    JudgingRecords,
    Protections,
    PurposeRecords,
    Retaining,
    SpanReviewRecords,
    VaultRecords,
    Waiting,
):
    """What was made, found, asked and answered, in SQLite or PostgreSQL.

    Args:
        url: `sqlite:///...` or `postgresql://...`; brought to the newest schema when opened.
        clock: tells the time of the ledger's rows.

    Every method raises NotPermitted when the actor may not, UnknownName for an id that is not there, StorageFailed when the
    database does not answer. Lists come newest first and are empty for an actor without a role.
    """

    def __init__(self, url: str | URL, clock: Callable[[], datetime] = now) -> None:
        self.database = Database(url, clock)

    def close(self) -> None:
        """Gives the database's connections back."""
        self.database.close()

    # corpora, bases and runs

    def add_corpus(self, actor: Actor, corpus: Corpus) -> None:
        """Stores a corpus; the same again changes nothing."""
        self._add(actor, "add corpus", corpus.id, [corpus])

    def corpora(self, actor: Actor) -> list[Corpus]:
        return self._list(actor, Corpus)

    def corpus(self, actor: Actor, id_or_name: str) -> Corpus:
        """A corpus by its id, or the newest one of that name."""
        return self._named(actor, Corpus, tables.Corpora, id_or_name)

    def add_base(self, actor: Actor, base: Base) -> None:
        """Stores a base; the same again changes nothing."""
        self._add(actor, "pretrain", base.id, [base])

    def bases(self, actor: Actor) -> list[Base]:
        return self._list(actor, Base)

    def base(self, actor: Actor, id_or_name: str) -> Base:
        """A base by its id, or the newest one of that name."""
        return self._named(actor, Base, tables.Bases, id_or_name)

    def add_run(self, actor: Actor, run: Run) -> None:
        """Stores a run of a corpus that is here; the same again changes nothing."""
        self._add(actor, "add run", run.id, [run])

    def runs(self, actor: Actor, corpus_id: str | None = None) -> list[Run]:
        return self._list(actor, Run, corpus_id=corpus_id)

    def run(self, actor: Actor, id: str) -> Run:
        return self._one(actor, Run, id)

    # what was found, and releases

    def add_findings(self, actor: Actor, findings: Sequence[Finding | Skipped]) -> None:
        """Stores what an audit found and what it skipped, all or nothing."""
        if findings:
            self._add(actor, "add findings", findings[0].run_id, findings)

    def findings(self, actor: Actor, run_id: str | None = None) -> list[Finding]:
        """Findings in the order they were measured."""
        return self._list(actor, Finding, run_id=run_id)[::-1]

    def skipped(self, actor: Actor, run_id: str | None = None) -> list[Skipped]:
        """Checks that did not apply, with the newest reason for each."""
        found = self._list(actor, Skipped, run_id=run_id)[::-1]
        return list({(skip.run_id, skip.check): skip for skip in found}.values())

    def add_release(self, actor: Actor, release: Release) -> None:
        """Stores a release of a run that is here; the same again changes nothing, its signatures stay."""
        self._add(actor, "add release", release.id, [release])

    def releases(self, actor: Actor) -> list[Release]:
        return self._list(actor, Release)

    def release(self, actor: Actor, id: str) -> Release:
        return self._one(actor, Release, id)

    def save_release(self, actor: Actor, release: Release) -> None:
        """Stores new signatures and the state of a release; whatever else changed is refused.

        Raises:
            Busy: somebody else signed since this release was read.
            BadInput: more than signatures and state changed.
            NotPermitted: the actor may not sign, or a new signature is another person's.
        """
        demand_role(actor, ("builder", *release.policy.roles), "change a release")
        table = tables.Releases
        with self.database.write() as session:
            row = session.scalars(readable_rows(actor, table).where(table.id == release.id)).first()
            if row is None:
                raise missing(session, actor, table, release.id)
            new = new_signatures(actor, row.read(), release)
            row.signatures, row.state = release.signatures, release.state
            if proceedings_of(session, actor, release.id).halts:  # it may have been stopped since the signer read it
                row.state = state_now(session, actor, release, self.database)
            detail = {"state": row.state, "signatures": new, "seal": release.seal}
            append(session, actor.name, "sign release" if new else "save release", release.id, detail, self.database.clock())

    # predictions and what people say of them

    def add_predictions(self, actor: Actor, predictions: Sequence[Prediction]) -> None:
        """Stores answers that were given, all or nothing."""
        if predictions:
            self._add(actor, "predict", predictions[0].release_id, predictions)

    def prediction(self, actor: Actor, id: str) -> Prediction:
        return self._one(actor, Prediction, id)

    def predictions(self, actor: Actor, release_id: str, limit: int = 50) -> list[Prediction]:
        return self._list(actor, Prediction, limit, release_id=release_id)

    def predictions_after(self, actor: Actor, release_id: str, moment: datetime, limit: int) -> list[Prediction]:
        """The first answers of a release after a moment, the oldest first."""
        table = tables.Predictions
        chosen = readable_rows(actor, table).where(table.release_id == release_id, table.made_at > moment)
        with self.database.read() as session:
            require(session, actor, tables.Releases, {release_id})
            return [row.read() for row in session.scalars(chosen.order_by(table.number).limit(limit))]

    def add_answer(self, actor: Actor, answer: Answer) -> None:
        """Stores what a person says of a prediction; it is on the disk when this returns.

        Raises:
            NotPermitted: the answer is in another person's name.
        """
        if answer.who != actor.name:
            raise NotPermitted(f"'{actor.name}' may not answer as '{answer.who}'.", "Answer in your own name.")
        self._add(actor, "answer", answer.prediction_id, [answer])

    def answers(self, actor: Actor, release_id: str | None = None) -> list[tuple[Prediction, Answer]]:
        """What people said, in the order they said it, each with the prediction it is about."""
        asked, said = tables.Predictions, tables.Answers
        chosen = select(asked, said).join(said, said.prediction_id == asked.id).order_by(said.number)
        chosen = chosen.where(readable(actor, asked), readable(actor, said))
        with self.database.read() as session:
            if release_id is not None and actor.roles:
                require(session, actor, tables.Releases, {release_id})
                chosen = chosen.where(asked.release_id == release_id)
            return [(prediction.read(), answer.read()) for prediction, answer in session.execute(chosen)]

    # comparisons, uses of test rows, the ledger

    def add_comparison(self, actor: Actor, comparison: Comparison) -> None:
        """Stores how a challenger did against its champion."""
        self._add(actor, "compare", comparison.challenger, [comparison])

    def comparisons(self, actor: Actor) -> list[Comparison]:
        return self._list(actor, Comparison)

    def count_test_use(self, actor: Actor, corpus_id: str, run_id: str, verb: str) -> int:
        """Notes that the test rows of a corpus were looked at; how often that now was."""
        demand(actor, tables.UsesOfTest, "use test rows")
        at = self.database.clock()
        with self.database.write() as session:
            require(session, actor, tables.Corpora, {corpus_id})
            require(session, actor, tables.Runs, {run_id})
            session.add(tables.UsesOfTest(corpus_id=corpus_id, run_id=run_id, verb=verb, who=actor.name, at=at))
            append(session, actor.name, "use test rows", corpus_id, {"run": run_id, "for": verb}, at)
            return count_uses(session, actor, corpus_id)

    def test_uses(self, actor: Actor, corpus_id: str) -> int:
        """How often the test rows of a corpus were looked at."""
        with self.database.read() as session:
            require(session, actor, tables.Corpora, {corpus_id})
            return count_uses(session, actor, corpus_id)

    def add_statement(self, actor: Actor, statement: Statement) -> None:
        """Stores what a person wrote; what was written before is kept.

        Raises:
            NotPermitted: the statement is in another person's name.
        """
        if statement.who != actor.name:
            raise NotPermitted(f"'{actor.name}' may not write as '{statement.who}'.", "Write in your own name.")
        self._add(actor, "write statement", statement.key, [statement])

    def statements(self, actor: Actor) -> list[Statement]:
        """All that was written, the newest first."""
        return self._list(actor, Statement)

    def ledger(self, actor: Actor, limit: int = 100) -> list[Entry]:
        """Who did what, the newest first."""
        with self.database.read() as session:
            return entries(session, actor, limit)

    # one way to write, one to list, one to find

    def _add(self, actor: Actor, verb: str, subject: str, values: Sequence[Value]) -> None:
        groups = {kind: [value for value in values if type(value) is kind] for kind in dict.fromkeys(map(type, values))}
        for kind in groups:
            demand(actor, TABLES[kind], verb)
        with self.database.write() as session:
            new = [value for kind, group in groups.items() for value in insert(session, actor, TABLES[kind], group)]
            if new:
                detail = {"rows": len(new), "sha256": digest(new)}
                append(session, actor.name, verb, subject, detail, self.database.clock())

    def _list(self, actor: Actor, kind: type[Kind], limit: int | None = None, **of: str | None) -> list[Kind]:
        table = TABLES[kind]
        chosen = readable_rows(actor, table).order_by(table.number.desc()).limit(limit)
        with self.database.read() as session:
            for name, id in of.items():
                if id is not None and actor.roles:
                    require(session, actor, owner_of(table, name), {id})
                    chosen = chosen.where(getattr(table, name) == id)
            return [row.read() for row in session.scalars(chosen)]

    def _named(self, actor: Actor, kind: type[Kind], table: Any, id_or_name: str) -> Kind:
        chosen = readable_rows(actor, table).where(or_(table.id == id_or_name, table.name == id_or_name))
        with self.database.read() as session:
            row = session.scalars(chosen.order_by((table.id == id_or_name).desc(), table.number.desc()).limit(1)).first()
            if row is None:
                raise missing(session, actor, table, id_or_name)
            found: Kind = row.read()
            return found

    def _one(self, actor: Actor, kind: type[Kind], id: str) -> Kind:
        table = TABLES[kind]
        with self.database.read() as session:
            row = session.scalars(readable_rows(actor, table).where(table.id == id)).first()
            if row is None:
                raise missing(session, actor, table, id)
            found: Kind = row.read()
            return found


def new_signatures(actor: Actor, before: Release, after: Release) -> list[dict[str, Any]]:
    """The signatures that `after` adds, as plain data. Raises as `Records.save_release` tells."""
    if before.model_dump(exclude=MAY_DIFFER) != after.model_dump(exclude=MAY_DIFFER):
        raise BadInput(f"More than signatures and state of '{after.id}' changed.", "What was sealed stays; make a new release.")
    kept = len(before.signatures)
    if after.signatures[:kept] != before.signatures:
        raise Busy(f"Somebody else signed '{after.id}' meanwhile.", "Read it again, then sign again.")
    new = after.signatures[kept:]
    for signature in new:
        if signature.who != actor.name:
            raise NotPermitted(f"'{actor.name}' may not sign as '{signature.who}'.", "Sign in your own name.")
        if not actor.may(signature.role):
            raise NotPermitted(f"'{actor.name}' may not sign as a {signature.role}.", "Sign in a role of your own.")
        if signature.release_id not in ("", after.id):
            raise BadInput(f"The signature was given for '{signature.release_id}', not for '{after.id}'.", "Sign this release.")
    return [signature.model_dump(mode="json") for signature in new]


def count_uses(session: Session, actor: Actor, corpus_id: str) -> int:
    """How often the test rows of a corpus were looked at."""
    table = tables.UsesOfTest
    return session.scalar(select(func.count()).select_from(table).where(table.corpus_id == corpus_id, readable(actor, table))) or 0
