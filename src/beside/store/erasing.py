"""A person in the records: which rows hold them, striking them out, and what is left in place of what was erased."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from beside.core.erasure import Asked, Erasure, Needles, Tombstone
from beside.core.errors import Busy, UnknownName
from beside.core.types import Actor, Corpus
from beside.store import tables
from beside.store.database import Database
from beside.store.judging import attacked_of, judgements_of, remove_attacked
from beside.store.ledger import STRIKE, STRUCK, append
from beside.store.permission import STEWARDS, demand_role, readable_rows
from beside.store.queries import insert

# columns of words that people wrote; what they wrote stands but for the person's words
WRITTEN: dict[type[tables.Stored], tuple[str, ...]] = {
    tables.Answers: ("note", "label"),
    tables.Judgements: ("comment", "label"),
    tables.Comments: ("text",),
    tables.Incidents: ("text",),
    tables.Halts: ("reason",),
    tables.Resolutions: ("reason",),
    tables.Statements: ("text",),
    tables.Releases: ("signatures",),
    tables.Skips: ("why",),
}


class Erasing:
    """Part of `Records`: takes an admin or a privacy officer. Raises as `Records` tells."""

    database: Database

    def holding(self, actor: Actor, needles: Needles, whom: Asked) -> dict[str, int]:
        """How many rows of each kind hold a person; a user's own questions count as well."""
        demand_role(actor, STEWARDS, "look for a person")
        with self.database.read() as session:
            found = Counter({"prediction": len(ids := asked(session, needles, whom.person))})
            found["answer"] = len(said := set(said_of(session, ids)))
            found["attacked row"] = len(attacked := [row.id for row in attacked_of(session, needles)])
            found["judgement"] = len(judged := judgements_of(session, attacked))
            said |= set(judged)
            found["comparison"] = sum(1 for row in session.scalars(select(tables.Comparisons)) if flips(row, needles))
            for row, _ in written(session, needles):
                found[row.kind] += row.id not in said  # what is said of a prediction or a row goes with it
            found["vault value"] = len(vaulted(session, needles, whom))
            found["review of spans"] = sum(1 for _ in reviews(session, needles))
            found["ledger entry"] = sum(1 for _ in entries(session, needles))
        return {kind: count for kind, count in found.items() if count}

    def tokens_of(self, actor: Actor, marks: Sequence[str]) -> list[str]:
        """The tokens of values in the vault, by their marks."""
        demand_role(actor, STEWARDS, "look for a person")
        with self.database.read() as session:
            chosen = select(tables.Vault.token).where(tables.Vault.mark.in_(marks)).order_by(tables.Vault.number)
            return list(session.scalars(chosen))

    def predictions_of(self, actor: Actor, needles: Needles, whom: Asked) -> list[dict[str, Any]]:
        """What was asked and answered of a person's texts, as plain data, each with what people said of it."""
        demand_role(actor, STEWARDS, "read what is kept of a person")
        with self.database.read() as session:
            ids = asked(session, needles, whom.person)
            told = {
                row.id: {**row.read().model_dump(mode="json"), "answers": []} for row in of_ids(session, tables.Predictions, ids)
            }
            for row in of_ids(session, tables.Answers, said_of(session, ids)):
                told[row.prediction_id]["answers"].append(row.read().model_dump(mode="json"))
        return list(told.values())

    def quoting(self, actor: Actor, needles: Needles) -> list[dict[str, Any]]:
        """What people wrote that quotes a person, as plain data."""
        demand_role(actor, STEWARDS, "read what is kept of a person")
        with self.database.read() as session:
            quoted = [
                {"kind": row.kind, "id": row.id, **{name: plain(getattr(row, name)) for name in said}}
                for row, said in written(session, needles)
            ]
            return quoted + [{"kind": row.kind, **row.read().model_dump(mode="json")} for row in attacked_of(session, needles)]

    def vault_of(self, actor: Actor, needles: Needles, whom: Asked) -> list[str]:
        """The tokens of values in the vault that are a person's alone, or whose token is theirs."""
        demand_role(actor, STEWARDS, "read what is kept of a person")
        with self.database.read() as session:
            return [row.token for row, others in vaulted(session, needles, whom) if not others]

    def note_access(self, actor: Actor, person: str, entries: int) -> None:
        """Writes down that what is kept of a person was read. `person`: keyed hash."""
        demand_role(actor, STEWARDS, "read what is kept of a person")
        with self.database.write() as session:
            append(session, actor.name, "give access", f"person {person[:16]}", {"entries": entries}, self.database.clock())

    def strike(self, actor: Actor, needles: Needles, erasure: str, whom: Asked) -> dict[str, int]:
        """Takes a person out of every table, all or nothing; how many rows of each kind. The ledger keeps every hash."""
        demand_role(actor, STEWARDS, "erase a person")
        with self.database.write() as session:
            ids = asked(session, needles, whom.person)
            answers = said_of(session, ids)
            removed = Counter({"prediction": len(ids), "answer": len(answers)})
            for table, gone in ((tables.Answers, answers), (tables.Predictions, ids)):
                for some in pieces(gone):
                    session.execute(delete(table).where(table.id.in_(some)))
            attacked = [row.id for row in attacked_of(session, needles)]
            removed += Counter({"attacked row": len(attacked), "judgement": remove_attacked(session, attacked)})
            for row in reviews(session, needles):
                session.delete(row)
                removed["review of spans"] += 1
            for value, others in vaulted(session, needles, whom):
                removed["vault value"] += 1
                if others:
                    value.persons = others
                else:
                    session.delete(value)
            for row in session.scalars(select(tables.Comparisons)):
                if left := flips(row, needles):
                    row.flipped = left[0]
                    removed["comparison"] += 1
            for row, fields in written(session, needles):
                for name, value in fields.items():
                    setattr(row, name, value)
                removed[row.kind] += 1
            struck = {str(row.number): row.hash for row in entries(session, needles)}
            for some in pieces(list(struck)):
                for entry in session.scalars(select(tables.Ledger).where(tables.Ledger.number.in_(map(int, some)))):
                    entry.detail = {STRUCK: erasure}
            session.flush()
            if struck:
                removed["ledger entry"] = len(struck)
                append(session, actor.name, STRIKE, erasure, {"rows": struck}, self.database.clock())
        return {kind: count for kind, count in removed.items() if count}

    def bury(self, actor: Actor, erasure: str, children: Sequence[Corpus], stones: Sequence[Tombstone]) -> None:
        """Stores what took the place of erased corpora, and what is left of them; the same again changes nothing."""
        demand_role(actor, STEWARDS, "erase a person")
        with self.database.write() as session:
            new = insert(session, actor, tables.Corpora, children)
            for stone in stones:
                row = session.scalars(select(tables.Tombstones).where(tables.Tombstones.id == stone.id)).first()
                if row is None:
                    session.add(tables.Tombstones.of(stone))
                    new.append(stone)
                elif stone.successor not in (None, row.successor):
                    row.successor = stone.successor
                    new.append(stone)
            if new:
                told = {
                    "erasure": erasure,
                    "things": [f"{one.thing} {one.id}" for one in stones],
                    "children": [one.id for one in children],
                }
                append(session, actor.name, "erase", erasure, told, self.database.clock())

    def replace_report(self, actor: Actor, corpus_id: str, report: str) -> None:
        """Gives a corpus an intake report from which a person was cut."""
        demand_role(actor, STEWARDS, "erase a person")
        with self.database.write() as session:
            row = session.scalars(readable_rows(actor, tables.Corpora).where(tables.Corpora.id == corpus_id)).one()
            before, row.report = row.report, report
            append(session, actor.name, "replace report", corpus_id, {"before": before, "after": report}, self.database.clock())

    def add_erasure(self, actor: Actor, erasure: Erasure) -> None:
        """Stores a certificate; the same again changes nothing."""
        demand_role(actor, STEWARDS, "certify an erasure")
        with self.database.write() as session:
            if insert(session, actor, tables.Erasures, [erasure]):
                detail = {"person": erasure.person, "removed": erasure.removed, "remaining": len(erasure.remaining)}
                append(session, actor.name, "certify erasure", erasure.id, detail, self.database.clock())

    def erasures(self, actor: Actor) -> list[Erasure]:
        """Every certificate, the newest first."""
        with self.database.read() as session:
            rows = session.scalars(readable_rows(actor, tables.Erasures).order_by(tables.Erasures.number.desc()))
            return [row.read() for row in rows]

    def erasure(self, actor: Actor, id: str) -> Erasure:
        """One certificate.

        Raises:
            UnknownName: there is none of that name for this person to read.
        """
        for one in self.erasures(actor):
            if one.id == id:
                return one
        raise UnknownName(f"There is no erasure '{id}'.", "`beside list erasures` shows those that were done.")

    def tombstones(self, actor: Actor) -> dict[str, Tombstone]:
        """What was erased, by the id of what it was."""
        with self.database.read() as session:
            return {row.id: row.read() for row in session.scalars(readable_rows(actor, tables.Tombstones))}

    def compact(self) -> None:
        """Writes the database anew without what was deleted, the write-ahead log included.

        Raises:
            Busy: another process is reading, so that the log cannot be emptied yet.
        """
        connection = self.database.engine.raw_connection()
        try:
            if self.database.engine.dialect.name == "sqlite":
                connection.cursor().execute("VACUUM")
                busy, *_ = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                if busy:
                    raise Busy("Another process is reading the database, so its log cannot be emptied.", "Try again in a moment.")
                return
        finally:
            connection.close()
        with self.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as alone:
            alone.execute(text("VACUUM FULL"))


def pieces(ids: Sequence[str], size: int = 500) -> Iterator[Sequence[str]]:
    """Ids, so many at a time as one query takes."""
    yield from (ids[start : start + size] for start in range(0, len(ids), size))


def asked(session: Session, needles: Needles, account: str | None) -> list[str]:
    """Ids of the predictions that hold a person, or that a user asked."""
    table = tables.Predictions
    chosen = select(table.id, table.text, table.pair, table.label, table.answer, table.asked_by).order_by(table.number)
    return [
        row.id
        for row in session.execute(chosen.execution_options(yield_per=1000))
        if needles.held(row.text) or needles.held(row.pair) or needles.inside(row.label) or needles.in_plain(row.answer)
        or (account is not None and row.asked_by == account)
    ]  # fmt: skip


def said_of(session: Session, predictions: Iterable[str]) -> list[str]:
    """Ids of what people said of predictions."""
    table, found = tables.Answers, list[str]()
    for some in pieces(list(predictions)):
        found += session.scalars(select(table.id).where(table.prediction_id.in_(some)).order_by(table.number)).all()
    return found


def of_ids(session: Session, table: type[Any], ids: Sequence[str]) -> Iterator[Any]:
    """Rows by their ids."""
    for some in pieces(ids):
        yield from session.scalars(select(table).where(table.id.in_(some)).order_by(table.number))


def vaulted(session: Session, needles: Needles, whom: Asked) -> list[tuple[Any, list[str]]]:
    """Values of the vault that stand in a person's rows, or whose token is theirs, each with the other people it stands for."""
    found: list[tuple[Any, list[str]]] = []
    for row in session.scalars(select(tables.Vault).order_by(tables.Vault.number)):
        others = [person for person in row.persons if person not in whom.names]
        if needles.inside(row.token):
            found.append((row, []))
        elif len(others) < len(row.persons):
            found.append((row, others))
    return found


def reviews(session: Session, needles: Needles) -> Iterator[Any]:
    """What people said of the spans in a person's rows."""
    for some in pieces(sorted(needles.ids)):
        yield from session.scalars(select(tables.SpanReviews).where(tables.SpanReviews.example_id.in_(some)))


def flips(row: Any, needles: Needles) -> list[list[dict[str, str]]]:
    """The changed answers of a comparison without a person's, as the only element; empty when none is theirs."""
    left = [one for one in row.flipped if one.get("id") not in needles.ids and not needles.held(one.get("text"))]
    return [left] if len(left) < len(row.flipped) else []


def written(session: Session, needles: Needles) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Rows of people's words that hold a person, with what their columns are to say instead."""
    for table, names in WRITTEN.items():
        for row in session.scalars(select(table).order_by(table.number)):
            said = {name: plain(getattr(row, name)) for name in names}
            if held := {name: needles.cut(value) for name, value in said.items() if needles.in_plain(value)}:
                yield row, held


def plain(value: Any) -> Any:
    """A column's content as plain data."""
    if isinstance(value, list | tuple):
        return [one.model_dump(mode="json") if hasattr(one, "model_dump") else one for one in value]
    return value


def entries(session: Session, needles: Needles) -> Iterator[Any]:
    """Rows of the ledger whose detail holds a person."""
    for row in session.scalars(select(tables.Ledger).order_by(tables.Ledger.number).execution_options(yield_per=1000)):
        if row.detail.keys() != {STRUCK} and needles.in_plain(row.detail):
            yield row
