from pathlib import Path
from tempfile import TemporaryFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beside.core.cleaning import clean
from beside.core.errors import StorageFailed
from beside.core.spill import BUFFER, Row, Spill

CELL = st.text(max_size=20).map(clean)


@given(st.lists(st.tuples(CELL, CELL, CELL, st.lists(CELL, min_size=2, max_size=2)), max_size=20))
def test_rows_come_back_as_they_were(rows: list[tuple[str, str, str, list[str]]]) -> None:
    with TemporaryFile() as file:
        spill = Spill(file)
        put = [Row(text, pair or None, person or None, groups) for text, pair, person, groups in rows]
        for row in put:
            spill.append(row)
        assert list(spill) == put == list(spill)
        assert [spill.row(place) for place in range(len(spill))] == put


def test_rows_larger_than_the_buffer_come_back_too(tmp_path: Path) -> None:
    rows = [Row(letter * (BUFFER - 1), None, None, []) for letter in "abc"]
    with (tmp_path / "rows").open("w+b") as file:
        spill = Spill(file)
        for row in rows:
            spill.append(row)
        assert list(spill) == rows


def test_a_full_disk_is_said_so() -> None:
    with Path("/dev/full").open("r+b", buffering=0) as file:
        spill = Spill(file)
        with pytest.raises(StorageFailed, match="No space left"):
            spill.append(Row("x" * BUFFER, None, None, []))
