"""The rows of a corpus as one Parquet file with a `split` column, written and read in chunks of bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from beside.core.errors import BadInput
from beside.core.types import SPLITS, Example, Split, Splits
from beside.store.files import whole_file

CHUNK = 10_000  # rows held in memory at a time
SCHEMA = pa.schema(
    [
        pa.field("split", pa.string(), nullable=False),
        pa.field("id", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("pair", pa.string()),
        pa.field("target", pa.string()),
        pa.field("groups", pa.map_(pa.string(), pa.string()), nullable=False),
        pa.field("person", pa.string()),
        pa.field("origin", pa.string(), nullable=False),
    ]
)


def write_rows(file: Path, rows: Iterable[tuple[Split, Example]]) -> None:
    """Writes examples with the split each belongs to; on any error, also one from `rows`, `file` stays as it was.

    Raises:
        StorageFailed: the disk is full or refuses the write.
    """
    waiting = iter(rows)
    with whole_file(file) as path, pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        while chunk := list(islice(waiting, CHUNK)):
            columns = {name: [getattr(example, name) for _, example in chunk] for name in SCHEMA.names[1:]}
            columns["split"] = [split for split, _ in chunk]
            writer.write_batch(pa.RecordBatch.from_pydict(columns, schema=SCHEMA))


def read_rows(file: Path, split: Split | None = None) -> Iterator[Example]:
    """Examples in the order they were written; of one split, or of all.

    Raises:
        BadInput: the file is not one that `write_rows` wrote.
    """
    for _, example in read_pairs(file, split):
        yield example


def read_splits(file: Path) -> Splits:
    """All rows, by what they may be used for. Raises as `read_rows` does."""
    splits = Splits([], [], [])
    for split, example in read_pairs(file):
        getattr(splits, split).append(example)
    return splits


def read_pairs(file: Path, split: Split | None = None) -> Iterator[tuple[Split, Example]]:
    """Examples with their split, one chunk in memory at a time. Raises as `read_rows` does."""
    try:
        with pq.ParquetFile(file) as parquet:
            if not parquet.schema_arrow.equals(SCHEMA):
                raise BadInput(f"'{file}' has other columns than a corpus.", f"Columns wanted: {', '.join(SCHEMA.names)}.")
            for batch in parquet.iter_batches(CHUNK):
                chosen = batch if split is None else batch.filter(pc.equal(batch["split"], split))
                yield from pairs(chosen)
    except FileNotFoundError as error:
        raise BadInput(f"There is no file '{file}'.", "Give the path of a corpus's rows.") from error
    except pa.ArrowInvalid as error:
        raise BadInput(f"Cannot read '{file}' as the rows of a corpus: {error}.", "Import the corpus again.") from error


def read_at(file: Path, start: int, count: int) -> list[tuple[Split, Example]]:
    """So many examples from one place on, fewer at the end; reads the chunks they lie in alone. Raises as `read_rows` does."""
    found: list[tuple[Split, Example]] = []
    try:
        with pq.ParquetFile(file) as parquet:
            at = 0
            for group in range(parquet.num_row_groups):
                rows = parquet.metadata.row_group(group).num_rows
                if at + rows > start and len(found) < count:
                    first = max(0, start - at)
                    found += pairs_of_table(parquet.read_row_group(group).slice(first, count - len(found)))
                at += rows
    except (FileNotFoundError, pa.ArrowInvalid) as error:
        raise BadInput(f"Cannot read '{file}' as the rows of a corpus: {error}.", "Import the corpus again.") from error
    return found


def pairs_of_table(table: Any) -> Iterator[tuple[Split, Example]]:
    """The rows of an Arrow table."""
    for batch in table.combine_chunks().to_batches():
        yield from pairs(batch)


def pairs(batch: Any) -> Iterator[tuple[Split, Example]]:
    """The rows of an Arrow batch; column by column, which is five times as quick as row by row."""
    columns = {name: batch[name].to_pylist() for name in SCHEMA.names if name != "groups"}
    columns["groups"] = dictionaries(batch["groups"])
    splits = columns.pop("split")
    for odd in set(splits) - set(SPLITS):
        raise BadInput(f"A row belongs to the split '{odd}'.", f"Splits: {', '.join(SPLITS)}.")
    for split, *cells in zip(splits, *columns.values(), strict=True):
        yield split, Example.model_validate(dict(zip(columns, cells, strict=True)))


def dictionaries(maps: Any) -> list[dict[str, str]]:
    """An Arrow array of maps as dictionaries."""
    keys, values, starts = maps.keys.to_pylist(), maps.items.to_pylist(), maps.offsets.to_pylist()
    return [dict(zip(keys[start:end], values[start:end], strict=True)) for start, end in pairwise(starts)]
