from pathlib import Path
from tempfile import gettempdir

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beside.core.cleaning import clean
from beside.core.errors import StorageFailed
from beside.core.spill import BUFFER, Row, Spill
from beside.store.scratch import Scratch

CELL = st.text(max_size=20).map(clean)


@given(st.lists(st.tuples(CELL, CELL, CELL, st.lists(CELL, min_size=2, max_size=2)), max_size=20))
def test_rows_come_back_as_they_were(rows: list[tuple[str, str, str, list[str]]]) -> None:
    with Scratch(Path(gettempdir())) as file:
        spill = Spill(file)
        put = [Row(text, pair or None, person or None, groups) for text, pair, person, groups in rows]
        for row in put:
            spill.append(row)
        assert list(spill) == put == list(spill)
        assert [spill.row(place) for place in range(len(spill))] == put


def test_rows_larger_than_the_buffer_come_back_too(tmp_path: Path) -> None:
    rows = [Row(letter * (BUFFER - 1), None, None, []) for letter in "abc"]
    with Scratch(tmp_path) as file:
        spill = Spill(file)
        for row in rows:
            spill.append(row)
        assert list(spill) == rows


def test_rows_are_on_no_disk_as_they_are(tmp_path: Path) -> None:
    with Scratch(tmp_path) as file:
        spill = Spill(file)
        spill.append(Row("a planted name, planted again", None, None, []))
        spill.flush()
        file.file.seek(0)
        content = file.file.read()
        assert len(content) > 20 and b"planted" not in content and spill.row(0).text.startswith("a planted")


def test_a_full_disk_is_said_so(tmp_path: Path) -> None:
    with Scratch(tmp_path) as file:
        file.file.close()
        file.file = Path("/dev/full").open("r+b", buffering=0)  # noqa: SIM115, closed by the scratch
        spill = Spill(file)
        with pytest.raises(StorageFailed, match="No space left"):
            spill.append(Row("x" * BUFFER, None, None, []))
