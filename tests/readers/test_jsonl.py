import gzip
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beside.core.cleaning import cell_text
from beside.core.errors import BadInput
from beside.core.interfaces import RawRow, Refused
from beside.readers.jsonl import reader

VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.lists(st.integers(), max_size=2)
)
OBJECTS = st.lists(st.dictionaries(st.text(max_size=5), VALUES, max_size=3), min_size=1, max_size=6)


def written(folder: Path, content: str | bytes, name: str = "rows.jsonl") -> str:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(file)


@given(OBJECTS, st.sampled_from([None, 1]), st.booleans())
@settings(max_examples=60)
def test_objects_come_back_from_lines_and_from_arrays(objects: list[dict], indent: int | None, ascii_only: bool) -> None:
    expected = [{key: cell_text(value) for key, value in found.items()} for found in objects]
    with tempfile.TemporaryDirectory() as folder:
        lines = "".join(json.dumps(found, ensure_ascii=ascii_only) + "\n" for found in objects)
        array = json.dumps(objects, ensure_ascii=ascii_only, indent=indent)
        for content, name in ((lines, "rows.jsonl"), (array, "rows.json")):
            assert [row.cells for row in reader.rows(written(Path(folder), content, name))] == expected


def test_broken_lines_are_refused_with_their_number(tmp_path: Path) -> None:
    deep = "[" * 100_000
    content = f'{{"text": "a"}}\n\n{{"text": \n"just text"\n{{"text": {deep}\n{{"n": {"1" * 5000}}}\n{{"text": "b"}}\n'
    found = list(reader.rows(written(tmp_path, content)))
    assert [(row.line, isinstance(row, Refused)) for row in found] == [
        (1, False),
        (3, True),
        (4, True),
        (5, True),
        (6, True),
        (7, False),
    ]
    assert found[2] == Refused(line=4, why="this is no JSON object {...} with named values")


def test_lone_surrogates_reach_the_row_as_they_are(tmp_path: Path) -> None:
    assert next(reader.rows(written(tmp_path, '{"text": "a\\ud800b"}\n'))).cells["text"] == "a\ud800b"


def test_a_line_that_is_too_long_is_refused(tmp_path: Path) -> None:
    content = '{"text": "' + "x" * 3_000_000 + '"}\n{"text": "b"}\n'
    found = list(reader.rows(written(tmp_path, content)))
    assert found == [Refused(line=1, why="the line is longer than 2,000,000 characters"), RawRow(line=2, cells={"text": "b"})]


def test_an_array_is_recognised_and_said(tmp_path: Path) -> None:
    source = written(tmp_path, '\ufeff\n[\n {"text": "a"},\n {"text": "b"}\n]\n', "rows.json")
    assert [(row.line, row.cells["text"]) for row in reader.rows(source)] == [(3, "a"), (4, "b")]
    assert "a JSON array" in reader.notes(source)[0]


def test_a_large_array_is_read_piece_by_piece(tmp_path: Path) -> None:
    source = written(tmp_path, json.dumps([{"text": "x" * 100_000, "n": place} for place in range(120)]), "rows.json")
    assert [row.cells["n"] for row in reader.rows(source)] == [str(place) for place in range(120)]


@pytest.mark.parametrize(
    ("content", "line"), [('[{"a": 1},\n {"a": }]', 2), ('[{"a": 1}\n{"a": 2}]', 2), ('[{"a": 1},\n', 2), ("[", 1)]
)
def test_a_broken_array_is_refused_with_the_line(tmp_path: Path, content: str, line: int) -> None:
    with pytest.raises(BadInput, match=f"line {line}"):
        list(reader.rows(written(tmp_path, content, "rows.json")))


def test_one_json_document_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="one JSON document") as caught:
        list(reader.rows(written(tmp_path, json.dumps({"data": [1, 2]}, indent=2), "rows.json")))
    assert "JSON Lines" in caught.value.hint


def test_packed_and_chinese_files_are_read(tmp_path: Path) -> None:
    source = written(tmp_path, gzip.compress('{"内容": "我的卡丢了怎么办"}\n'.encode("gbk")), "rows.jsonl.gz")
    assert reader.takes(source)
    assert list(reader.rows(source)) == [RawRow(line=1, cells={"内容": "我的卡丢了怎么办"})]
