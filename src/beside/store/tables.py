"""SQLAlchemy tables, one per type; a column is called as the field it holds, so that one function reads and writes them all."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from math import isnan
from typing import Any, ClassVar, Self

from pydantic_core import to_json
from sqlalchemy import BigInteger, DateTime, Dialect, Double, ForeignKey, Integer, Text, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from beside.core import types
from beside.core.errors import BadInput
from beside.core.types import Value, content_id


class Json(TypeDecorator[Any]):
    """Plain data as JSON text: the same in every database, with `NaN` and with characters a text column would refuse."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else to_json(value, inf_nan_mode="constants").decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


class Real(TypeDecorator[float]):
    """A number, infinite perhaps, but never NaN: SQLite would take it for no value at all."""

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:
        if value is not None and isnan(value):
            raise BadInput("NaN is not a number that can be kept.", "Leave out what cannot be computed, and say why.")
        return value


class Moment(TypeDecorator[datetime]):
    """A point in time, kept in UTC and given back with its time zone; SQLite itself would forget the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise BadInput(f"The time {value} has no time zone.", "Give an aware datetime, for example datetime.now(UTC).")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# 64 bits everywhere: parameters and seeds outgrow 32. SQLite counts rows only in a column called INTEGER, which has 64 as well.
Whole = BigInteger().with_variant(Integer, "sqlite")


class Table(DeclarativeBase):
    """Base of all tables."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {str: Text(), int: Whole, float: Real(), datetime: Moment()}


class Stored(Table):
    """A table that holds one type of the loop; `number` keeps the order in which rows came."""

    __abstract__ = True
    holds: ClassVar[type[Value]]
    kind: ClassVar[str]  # what a person calls it

    number: Mapped[int] = mapped_column(primary_key=True, sort_order=-2)
    id: Mapped[str] = mapped_column(unique=True, sort_order=-1)

    @classmethod
    def of(cls, value: Value) -> Self:
        """The row that holds a value; a type without an id of its own gets one from its content."""
        fields = {name: getattr(value, name) for name in type(value).model_fields}
        return cls(**{"id": content_id(cls.kind, value.model_dump(mode="json")), **fields})

    def read(self) -> Any:
        """The value that the row holds."""
        return self.holds.model_validate({name: getattr(self, name) for name in self.holds.model_fields})


def json_column(nullable: bool = False) -> Mapped[Any]:
    """A column of plain data."""
    return mapped_column(Json, nullable=nullable)


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
    signatures: Mapped[Any] = json_column()
    state: Mapped[str]
    made_at: Mapped[datetime]


class Predictions(Stored):
    __tablename__ = "predictions"
    holds, kind = types.Prediction, "prediction"

    release_id: Mapped[str] = mapped_column(ForeignKey("releases.id"), index=True)
    text: Mapped[str]
    label: Mapped[str]
    probability: Mapped[float]
    probabilities: Mapped[Any] = json_column()
    truncated: Mapped[bool]
    made_at: Mapped[datetime]


class Answers(Stored):
    __tablename__ = "answers"
    holds, kind = types.Answer, "answer"

    prediction_id: Mapped[str] = mapped_column(ForeignKey("predictions.id"), index=True)
    correct: Mapped[bool]
    label: Mapped[str | None]
    note: Mapped[str]
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
    flipped: Mapped[Any] = json_column()


class UsesOfTest(Table):
    """One look at a corpus's test rows."""

    __tablename__ = "test_uses"

    number: Mapped[int] = mapped_column(primary_key=True)
    corpus_id: Mapped[str] = mapped_column(ForeignKey("corpora.id"), index=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"))
    verb: Mapped[str]
    who: Mapped[str]
    at: Mapped[datetime]


class Persons(Table):
    """Who may sign in; of the key only its SHA-256 is kept."""

    __tablename__ = "people"

    number: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    roles: Mapped[Any] = json_column()
    key_hash: Mapped[str] = mapped_column(unique=True)
    added_at: Mapped[datetime]


class WebSessions(Table):
    """Who is signed in on the console; of the cookie's token only its SHA-256 is kept."""

    __tablename__ = "web_sessions"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(index=True)
    roles: Mapped[Any] = json_column()
    expires_at: Mapped[datetime]


class Ledger(Table):
    """Who did what, each row chained to the one before by its hash."""

    __tablename__ = "ledger"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    who: Mapped[str]
    verb: Mapped[str]
    subject: Mapped[str]
    detail: Mapped[Any] = json_column()
    previous: Mapped[str]
    hash: Mapped[str] = mapped_column(unique=True)


TABLES: dict[type[Value], type[Stored]] = {table.holds: table for table in Stored.__subclasses__()}
