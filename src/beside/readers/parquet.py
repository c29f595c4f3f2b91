"""Parquet files (.parquet .pq), read in batches; class names that Hugging Face datasets keep in the schema are used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from beside.core.cleaning import cell_text
from beside.core.errors import BadInput
from beside.core.interfaces import RawRow, Refused

BATCH = 1_000  # rows in memory at a time


class Parquet:
    """One row per row; columns of bytes or nested values are left out."""

    def takes(self, source: str) -> bool:
        """Whether the name ends like Parquet."""
        return source.lower().endswith((".parquet", ".pq"))

    def notes(self, source: str) -> tuple[str, ...]:
        """Columns that are left out. Raises as `rows` does."""
        with opened(Path(source)) as parquet:
            left = sorted(set(parquet.schema_arrow.names) - set(plain_columns(parquet.schema_arrow)))
        return (f"Columns without plain values were left out: {', '.join(left)}.",) if left else ()

    def rows(self, source: str) -> Iterator[RawRow | Refused]:
        """Rows in order, numbered from 1.

        Raises:
            BadInput: no such file, or not Parquet.
        """
        with opened(Path(source)) as parquet:
            columns = plain_columns(parquet.schema_arrow)
            classes = class_names(parquet.schema_arrow)
            number = 0
            try:
                for batch in parquet.iter_batches(BATCH, columns=columns):
                    for row in plain_rows(batch):
                        number += 1
                        yield named(number, row, classes)
            except (pa.ArrowException, OSError) as error:
                raise BadInput(f"'{Path(source).name}' cannot be read behind row {number}: {error}.", "Write it again.") from error


def opened(file: Path) -> pq.ParquetFile:
    """The file, its schema read.

    Raises:
        BadInput: no such file, or not Parquet.
    """
    if not file.is_file():
        raise BadInput(f"There is no file '{file}'.", "Check the path.")
    try:
        return pq.ParquetFile(file)
    except (pa.ArrowException, OSError) as error:
        raise BadInput(f"'{file.name}' is not Parquet: {error}.", "Give the file as it was written, or CSV.") from error


def plain_columns(schema: pa.Schema) -> list[str]:
    """Columns whose values are text, numbers, dates or truth values."""
    return [field.name for field in schema if not pa.types.is_nested(field.type) and not is_bytes(field.type)]


def is_bytes(kind: pa.DataType) -> bool:
    """Whether values are raw bytes."""
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind))


def class_names(schema: pa.Schema) -> dict[str, list[str]]:
    """Column -> names of its classes, for columns of class numbers as the datasets library writes them."""
    try:
        features = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))["info"]["features"]
        return {name: feature["names"] for name, feature in features.items() if feature.get("_type") == "ClassLabel"}
    except (KeyError, TypeError, AttributeError, ValueError):
        return {}


def plain_rows(batch: pa.RecordBatch) -> Iterator[dict[str, Any] | None]:
    """Rows as Python values; None for a row whose text is not valid UTF-8."""
    try:
        yield from batch.to_pylist()
    except UnicodeDecodeError:
        for place in range(batch.num_rows):
            try:
                yield batch.slice(place, 1).to_pylist()[0]
            except UnicodeDecodeError:
                yield None


def named(number: int, row: dict[str, Any] | None, classes: dict[str, list[str]]) -> RawRow | Refused:
    """A row with its cells as text and its classes by name."""
    if row is None:
        return Refused(line=number, why="its text is not valid UTF-8")
    for column, names in classes.items():
        place = row.get(column)
        row[column] = names[place] if isinstance(place, int) and 0 <= place < len(names) else None
    return RawRow(line=number, cells={column: cell_text(value) for column, value in row.items()})


reader = Parquet()
