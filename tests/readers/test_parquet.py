import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from beside.core.errors import BadInput
from beside.core.interfaces import RawRow, Refused
from beside.readers.parquet import reader


def test_rows_and_their_kinds_are_read_and_the_rest_is_left_out_and_said(tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    columns = {"text": ["卡丢了", None], "n": [1.0, 2.5], "ok": [True, None], "picture": [b"x", b"y"], "parts": [["a"], ["b"]]}
    pq.write_table(pa.table(columns), file)
    assert list(reader.rows(str(file))) == [
        RawRow(line=1, cells={"text": "卡丢了", "n": "1", "ok": "true"}),
        RawRow(line=2, cells={"text": "", "n": "2.5", "ok": ""}),
    ]
    assert reader.notes(str(file)) == ("Columns without plain values were left out: parts, picture.",)


def test_class_numbers_of_hugging_face_files_become_names(tmp_path: Path) -> None:
    features = {"info": {"features": {"label": {"names": ["neg", "pos"], "_type": "ClassLabel"}}}}
    schema = pa.schema([("label", pa.int64())], metadata={"huggingface": json.dumps(features)})
    file = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"label": [1, 0, -1]}, schema=schema), file)
    assert [row.cells["label"] for row in reader.rows(str(file))] == ["pos", "neg", ""]


def test_text_that_is_no_utf8_is_refused_row_by_row(tmp_path: Path) -> None:
    raw = pa.array([b"fine", b"\xff\xfe", b"good"], pa.binary())
    text = pa.StringArray.from_buffers(3, *raw.buffers()[1:])
    file = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"text": text}), file)
    assert [isinstance(row, Refused) for row in reader.rows(str(file))] == [False, True, False]


def test_what_is_no_parquet_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    with pytest.raises(BadInput, match="There is no file"):
        list(reader.rows(str(file)))
    file.write_bytes(b"PAR1 and then nothing of the kind")
    with pytest.raises(BadInput, match="is not Parquet"):
        list(reader.rows(str(file)))
