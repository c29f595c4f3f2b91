"""SQLAlchemy tables, one per type; a column is called as the field it holds, so that one function reads and writes them all."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, object_session

from beside.core import committee, types
from beside.core.pretraining import Base
from beside.core.statements import Statement
from beside.core.types import Value
from beside.store.accounts import Persons, SignInAttempts, Tokens, WebSessions
from beside.store.columns import Stored, Table, json_column, secret
from beside.store.erased import Erasures, Tombstones
from beside.store.files import kept_path, placed_path
from beside.store.judged_tables import AttackedRows, Judgements
from beside.store.protected_tables import SpanReviews, Vault

# whoever asks finds every table here
__all__ = [
    "TABLES", "AttackedRows", "Erasures", "Judgements", "Persons", "SignInAttempts", "SpanReviews", "Stored", "Table", "Tokens",
    "Tombstones", "Vault", "WebSessions",
]  # fmt: skip


class Corpora(Stored):
    __tablename__ = "corpora"
    holds, kind = types.Corpus, "corpus"

    name: Mapped[str] = mapped_column(index=True)
    task: Mapped[str]
    labels: Mapped[Any] = json_column()
    splits: Mapped[Any] = json_column()
    examples: Mapped[str]
    report: Mapped[str | None]
    protections: Mapped[Any] = json_column()
    parent: Mapped[str | None]
    purpose: Mapped[str | None]
    legal_basis: Mapped[str | None]
    made_at: Mapped[datetime]


class Runs(Stored):
    __tablename__ = "runs"
    holds, kind = types.Run, "run"

    corpus_id: Mapped[str] = mapped_column(ForeignKey("corpora.id"), index=True)
    recipe: Mapped[Any] = json_column()
    model: Mapped[str]
    scores: Mapped[Any] = json_column()
    history: Mapped[Any] = json_column()
    trainable: Mapped[int]
    parameters: Mapped[int]
    truncated: Mapped[int]
    spent: Mapped[Any] = json_column(nullable=True)
    parent: Mapped[str | None]
    seed: Mapped[int]
    seconds: Mapped[float]
    peak_memory: Mapped[int | None] = mapped_column(BigInteger)
    versions: Mapped[Any] = json_column()
    made_at: Mapped[datetime]


class Findings(Stored):
    __tablename__ = "findings"
    holds, kind = types.Finding, "finding"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"), index=True)
    check: Mapped[str]
    metric: Mapped[str]
    unit: Mapped[str]
    better: Mapped[str]
    value: Mapped[float]
    low: Mapped[float]
    high: Mapped[float]
    n: Mapped[int]
    limit: Mapped[float | None]
    seed: Mapped[int]
    evidence: Mapped[str | None]
    made_at: Mapped[datetime]


class Skips(Stored):
    __tablename__ = "skipped"
    holds, kind = types.Skipped, "skipped check"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"), index=True)
    check: Mapped[str]
    why: Mapped[str]


class Releases(Stored):
    __tablename__ = "releases"
    holds, kind = types.Release, "release"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"), index=True)
    finding_ids: Mapped[Any] = json_column()
    policy: Mapped[Any] = json_column()
    seal: Mapped[str]
    bundle: Mapped[str]
    card: Mapped[str]
    signatures: Mapped[Any] = secret("releases.signatures", json=True)
    state: Mapped[str]
    makers: Mapped[Any] = json_column()
    made_at: Mapped[datetime]

    @classmethod
    def of(cls, value: Value) -> Self:
        """The row of a release, its paths from the state folder on."""
        row = super().of(value)
        row.bundle, row.card = kept_path(row.bundle), kept_path(row.card)
        return row

    def read(self) -> Any:
        """The release, its paths where the workspace lies now."""
        session = object_session(self)
        state = session.info.get("state") if session else None
        found: types.Release = super().read()
        paths = {"bundle": placed_path(found.bundle, state), "card": placed_path(found.card, state)}
        return found.model_copy(update=paths)


class Comments(Stored):
    __tablename__ = "comments"
    holds, kind = committee.Comment, "comment"

    release_id: Mapped[str] = mapped_column(ForeignKey("releases.id"), index=True)
    finding_id: Mapped[str | None]
    replaces: Mapped[str | None]
    text: Mapped[str] = secret("comments.text")
    who: Mapped[str]
    at: Mapped[datetime]


class Incidents(Stored):
    __tablename__ = "incidents"
    holds, kind = committee.Incident, "incident"

    release_id: Mapped[str] = mapped_column(ForeignKey("releases.id"), index=True)
    severity: Mapped[str]
    text: Mapped[str] = secret("incidents.text")
    who: Mapped[str]
    role: Mapped[str]
    at: Mapped[datetime]


class Halts(Stored):
    __tablename__ = "halts"
    holds, kind = committee.Halt, "halt"

    release_id: Mapped[str] = mapped_column(ForeignKey("releases.id"), index=True)
    what: Mapped[str]
    reason: Mapped[str] = secret("halts.reason")
    cause: Mapped[str]
    who: Mapped[str]
    role: Mapped[str]
    at: Mapped[datetime]


class Resolutions(Stored):
    __tablename__ = "resolutions"
    holds, kind = committee.Resolution, "resolution"

    release_id: Mapped[str] = mapped_column(ForeignKey("releases.id"), index=True)
    about: Mapped[str]
    reason: Mapped[str] = secret("resolutions.reason")
    who: Mapped[str]
    role: Mapped[str]
    at: Mapped[datetime]


class Predictions(Stored):
    __tablename__ = "predictions"
    holds, kind = types.Prediction, "prediction"

    release_id: Mapped[str] = mapped_column(ForeignKey("releases.id"), index=True)
    text: Mapped[str] = secret("predictions.text")
    pair: Mapped[str | None] = secret("predictions.pair", nullable=True)
    label: Mapped[str] = secret("predictions.label")
    probability: Mapped[float]
    probabilities: Mapped[Any] = json_column()
    answer: Mapped[Any] = secret("predictions.answer", json=True, nullable=True)
    truncated: Mapped[bool]
    abstained: Mapped[bool] = mapped_column(index=True)
    flags: Mapped[Any] = json_column()
    made_at: Mapped[datetime]
    asked_by: Mapped[str | None]  # no field of a Prediction: it decides who may read the row


class Answers(Stored):
    __tablename__ = "answers"
    holds, kind = types.Answer, "answer"

    prediction_id: Mapped[str] = mapped_column(ForeignKey("predictions.id"), index=True)
    correct: Mapped[bool]
    label: Mapped[str | None] = secret("answers.label", nullable=True)
    note: Mapped[str] = secret("answers.note")
    who: Mapped[str]
    made_at: Mapped[datetime]


class Comparisons(Stored):
    __tablename__ = "comparisons"
    holds, kind = types.Comparison, "comparison"

    champion: Mapped[str] = mapped_column(ForeignKey("runs.id"), index=True)
    challenger: Mapped[str] = mapped_column(ForeignKey("runs.id"), index=True)
    n: Mapped[int]
    champion_accuracy: Mapped[float]
    challenger_accuracy: Mapped[float]
    gap: Mapped[float]
    low: Mapped[float]
    high: Mapped[float]
    only_champion: Mapped[int]
    only_challenger: Mapped[int]
    p_value: Mapped[float]
    verdict: Mapped[str]
    flipped: Mapped[Any] = secret("comparisons.flipped", json=True)


class Statements(Stored):
    __tablename__ = "statements"
    holds, kind = Statement, "statement"

    key: Mapped[str] = mapped_column(index=True)
    language: Mapped[str]
    text: Mapped[str] = secret("statements.text")
    who: Mapped[str]
    at: Mapped[datetime]


class Bases(Stored):
    __tablename__ = "bases"
    holds, kind = Base, "base"

    name: Mapped[str] = mapped_column(index=True)
    base: Mapped[str]
    recipe: Mapped[Any] = json_column()
    model: Mapped[str]
    texts: Mapped[int]
    tokens: Mapped[int]
    steps: Mapped[int]
    perplexity: Mapped[float]
    low: Mapped[float]
    high: Mapped[float]
    n: Mapped[int]
    history: Mapped[Any] = json_column()
    parameters: Mapped[int]
    seed: Mapped[int]
    seconds: Mapped[float]
    versions: Mapped[Any] = json_column()
    made_at: Mapped[datetime]


class UsesOfTest(Table):
    """One look at a corpus's test rows."""

    __tablename__ = "test_uses"

    number: Mapped[int] = mapped_column(primary_key=True)
    corpus_id: Mapped[str] = mapped_column(ForeignKey("corpora.id"), index=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"))
    verb: Mapped[str]
    who: Mapped[str]
    at: Mapped[datetime]


class Ledger(Table):
    """Who did what, each row chained to the one before by its hash."""

    __tablename__ = "ledger"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    who: Mapped[str]
    verb: Mapped[str]
    subject: Mapped[str]
    detail: Mapped[Any] = secret("ledger.detail", json=True)
    previous: Mapped[str]
    hash: Mapped[str] = mapped_column(unique=True)


TABLES: dict[type[Value], type[Stored]] = {table.holds: table for table in Stored.__subclasses__()}
