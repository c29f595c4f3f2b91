"""What is older than its period, in the records and among the log files: how much, since when, and its removal."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from beside.core.retention import Sweep
from beside.core.types import Actor
from beside.store import tables
from beside.store.database import Database
from beside.store.erasing import pieces
from beside.store.files import shred
from beside.store.judging import remove_attacked
from beside.store.ledger import append
from beside.store.permission import STEWARDS, demand_role

VERB = "retention"
SAID: tuple[Any, ...] = (tables.Answers, tables.Judgements)  # what people said of a model's answers, or of rows
Old = tuple[int, datetime | None, int]  # how many are due, the oldest of them, how many of them stay all the same


class Retaining:
    """Part of `Records`: takes an admin or a privacy officer. Raises as `Records` tells."""

    database: Database

    def old(self, actor: Actor, limits: Mapping[str, datetime]) -> dict[str, Old]:
        """What is older than its limit. `limits`: of "predictions", "answers" and "vault"; what has none is never due."""
        demand_role(actor, STEWARDS, "see what is due")
        with self.database.read() as session:
            return {kind: old_of(session, kind, limits) for kind in ("predictions", "answers", "vault") if kind in limits}

    def kept(self, actor: Actor) -> dict[str, int]:
        """How many questions and answers of models are kept, and how much people said of them."""
        demand_role(actor, STEWARDS, "see what is kept of people")
        with self.database.read() as session:
            return {
                table.kind: session.scalar(select(func.count()).select_from(table)) or 0
                for table in (tables.Predictions, tables.Answers, tables.AttackedRows, tables.Judgements)
            }

    def remove_old(
        self, actor: Actor, limits: Mapping[str, datetime], sweep: Sweep, corpora: Collection[str], runs: Sequence[str]
    ) -> dict[str, int]:
        """Removes what is older than its limit, all or nothing; how many of each kind.

        Args:
            sweep: which the ledger names.
            corpora: whose rows go; what was said of spans in them goes as well.
            runs: that are retired; the rows that comparisons of them quote go as well, and attacked rows of their releases.
        """
        demand_role(actor, STEWARDS, "remove what is due")
        removed: dict[str, int] = {}
        with self.database.write() as session:
            if "answers" in limits:  # before predictions: what they held may be due now
                for said in SAID:
                    removed[said.kind] = gone(session, delete(said).where(said.made_at < limits["answers"]))
            if "predictions" in limits:
                table = tables.Predictions
                removed["prediction"] = gone(session, delete(table).where(table.made_at < limits["predictions"], ~answered(table)))
            if "vault" in limits:
                removed["vault value"] = gone(session, delete(tables.Vault).where(tables.Vault.made_at < limits["vault"]))
            for some in pieces(sorted(corpora)):
                count = gone(session, delete(tables.SpanReviews).where(tables.SpanReviews.corpus_id.in_(some)))
                removed["review of spans"] = removed.get("review of spans", 0) + count
            removed["comparison"] = emptied(session, runs)
            dead = attacked_by(session, runs)
            removed["judgement"] = removed.get("judgement", 0) + remove_attacked(session, dead)
            removed["attacked row"] = len(dead)
            removed = {kind: count for kind, count in removed.items() if count}
            if removed:
                append(session, actor.name, VERB, sweep.id, {"removed": removed}, self.database.clock())
        return removed

    def note_sweep(self, actor: Actor, sweep: Sweep) -> None:
        """The end of a sweep in the ledger: what went, what stayed, and why."""
        demand_role(actor, STEWARDS, "remove what is due")
        with self.database.write() as session:
            detail = sweep.model_dump(mode="json", exclude={"id", "who", "at"})
            append(session, actor.name, f"{VERB} done", sweep.id, detail, self.database.clock())


def old_of(session: Session, kind: str, limits: Mapping[str, datetime]) -> Old:
    """How many rows of a kind are due, when the oldest of them was made, and how many of them stay for what was said of them."""
    if kind == "answers":
        each = [due_of(session, table, limits[kind]) for table in SAID]
        return sum(count for count, _ in each), min((at for _, at in each if at is not None), default=None), 0
    table: Any = {"predictions": tables.Predictions, "vault": tables.Vault}[kind]
    due = table.made_at < limits[kind]
    count, oldest = due_of(session, table, limits[kind])
    kept = 0
    if kind == "predictions" and count:
        stays = answered(table, limits.get("answers"))
        kept = session.scalar(select(func.count()).select_from(table).where(due, stays)) or 0
    return count, oldest, kept


def due_of(session: Session, table: Any, limit: datetime) -> tuple[int, datetime | None]:
    """How many rows of a table were made before a limit, and when the oldest of them was."""
    count, oldest = session.execute(select(func.count(), func.min(table.made_at)).where(table.made_at < limit)).one()
    return count, oldest


def attacked_by(session: Session, runs: Sequence[str]) -> list[str]:
    """Ids of the attacked rows of the releases of runs."""
    rows, releases, found = tables.AttackedRows, tables.Releases, list[str]()
    for some in pieces(runs):
        chosen = select(rows.id).join(releases, rows.release_id == releases.id).where(releases.run_id.in_(some))
        found += session.scalars(chosen).all()
    return found


def answered(predictions: Any, since: datetime | None = None) -> Any:
    """The condition that somebody said something of a prediction; `since`: and that this is not due itself."""
    said = select(tables.Answers.id).where(tables.Answers.prediction_id == predictions.id)
    return (said if since is None else said.where(tables.Answers.made_at >= since)).exists()


def gone(session: Session, statement: Any) -> int:
    """Carries out a deletion; how many rows."""
    done: Any = session.execute(statement.execution_options(synchronize_session=False))
    return int(done.rowcount)


def emptied(session: Session, runs: Sequence[str]) -> int:
    """Takes the rows that were quoted out of the comparisons of these runs; how many comparisons held some."""
    count, table = 0, tables.Comparisons
    for some in pieces(runs):
        for row in session.scalars(select(table).where(table.champion.in_(some) | table.challenger.in_(some))):
            count += bool(row.flipped)
            row.flipped = ()
    return count


def old_logs(state: Path, limit: datetime) -> Iterator[tuple[Path, datetime]]:
    """Log files in the state folder that were last written to before the limit, each with when that was."""
    for file in sorted(state.rglob("*.log")):
        if file.is_file() and not file.is_symlink():
            written = datetime.fromtimestamp(file.stat().st_mtime, UTC)
            if written < limit:
                yield file, written


def shred_logs(state: Path, limit: datetime) -> int:
    """Removes old log files; how many."""
    found = [file for file, _ in old_logs(state, limit)]
    for file in found:
        shred(file)
    return len(found)
