"""What every table is made of: the base, and columns for plain data, numbers and times that every database keeps alike."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from math import isnan
from typing import Any, ClassVar, Self

from pydantic_core import to_json
from sqlalchemy import BigInteger, DateTime, Dialect, Double, Integer, Text, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from beside.core.errors import BadInput
from beside.core.types import Value, content_id
from beside.store.sealer import Sealer, sealer_of


class Secret(TypeDecorator[Any]):
    """Text, or plain data as JSON text, that is sealed when the workspace encrypts (store/sealer.py); never compared in a query.

    Args:
        place: table and column, which the sealed value is bound to.
        json: whether it is plain data.
    """

    impl = Text
    cache_ok = True

    def __init__(self, place: str = "", json: bool = False) -> None:
        super().__init__()
        self.place, self.json = place, json

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        plain = to_json(value, inf_nan_mode="constants").decode() if self.json else value
        return sealer_of_dialect(dialect).seal_text(plain, self.place.encode())

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        plain = sealer_of_dialect(dialect).unseal_text(value, self.place.encode())
        return json.loads(plain) if self.json else plain


def sealer_of_dialect(dialect: Dialect) -> Sealer:
    """What an engine was told of encryption; a dialect is one engine's own."""
    return getattr(dialect, "beside_sealer", None) or sealer_of(None)


def secret(place: str, json: bool = False, nullable: bool = False) -> Mapped[Any]:
    """A column of text, or of plain data, that may be confidential."""
    return mapped_column(Secret(place, json), nullable=nullable)


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


def json_column(nullable: bool = False) -> Mapped[Any]:
    """A column of plain data."""
    return mapped_column(Json, nullable=nullable)


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
        if "id" not in fields:
            fields["id"] = content_id(cls.kind, value.model_dump(mode="json"))
        return cls(**fields)

    def read(self) -> Any:
        """The value that the row holds."""
        return self.holds.model_validate({name: getattr(self, name) for name in self.holds.model_fields})
