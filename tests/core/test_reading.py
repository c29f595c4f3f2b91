"""Unlabelled text: any file, each text once, nothing of a test split."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from beside.core.errors import BadInput
from beside.core.interfaces import Silent
from beside.core.reading import Texts, read_texts


def read(file: Path, content: str | bytes, column: str | None = None) -> Texts:
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_texts(str(file), column, Silent())


def test_a_text_file_has_one_text_a_line_whatever_stands_in_it(tmp_path: Path) -> None:
    found = read(tmp_path / "notes.txt", "room, breakfast, pool\n\n早餐很好，房间很大\r\n  a\tb  \n")
    assert found.texts == ["room, breakfast, pool", "早餐很好，房间很大", "a\tb"]
    assert "one text a line" in found.in_words()[0] and "3 texts read." in found.in_words()


def test_a_chinese_file_of_an_older_encoding_and_a_packed_one_are_read(tmp_path: Path) -> None:
    lines = ["早餐很好，房间很大", "位置不错，服务一般", "下次还会来住的酒店"] * 30
    lines = [f"{line}{number}" for number, line in enumerate(lines)]
    assert read(tmp_path / "old.txt", "\n".join(lines).encode("gb18030")).texts == lines
    assert read(tmp_path / "packed.txt.gz", gzip.compress("\n".join(lines).encode())).texts == lines


def test_a_text_file_is_a_table_when_a_column_is_named(tmp_path: Path) -> None:
    content = "id\tbody\n1\tfirst text here\n2\tsecond text here\n"
    assert read(tmp_path / "table.txt", content, "body").texts == ["first text here", "second text here"]


def test_the_text_column_is_found_by_name_by_length_or_for_want_of_another(tmp_path: Path) -> None:
    assert read(tmp_path / "a.csv", "id,review\n1,very good\n2,not good\n").texts == ["very good", "not good"]
    assert (
        read(tmp_path / "b.csv", "n,x\n1,words that go on for long\n2,and other ones as well\n").texts[1]
        == "and other ones as well"
    )
    assert read(tmp_path / "c.jsonl", '{"q": "short"}\n{"q": "brief"}\n').texts == ["short", "brief"]
    found = read(tmp_path / "d.csv", "title,review\nshort,very good\n", "title")
    assert found.texts == ["short"] and not any("guessed" in note for note in found.notes)


def test_what_says_the_same_is_read_once_and_counted(tmp_path: Path) -> None:
    found = read(tmp_path / "a.txt", "Very good!\nvery  good\nＶery good.\nnot good\n")
    assert found.texts == ["Very good!", "not good"] and found.repeated == 2
    assert any(line.startswith("2 that say the same") for line in found.in_words())


def test_rows_of_tune_and_test_are_left_out_of_a_table_and_of_a_folder(tmp_path: Path) -> None:
    rows = [("one text", "train"), ("two text", "test"), ("three text", "dev"), ("four text", "train")]
    content = "text,split\n" + "".join(f"{text},{split}\n" for text, split in rows)
    found = read(tmp_path / "a.csv", content)
    assert found.texts == ["one text", "four text"] and found.held_back == 2
    assert any("so that tests stay tests" in line for line in found.in_words())
    folder = tmp_path / "parts"
    folder.mkdir()
    for name, text in (("train", "learned text"), ("test", "secret text")):
        (folder / f"{name}.jsonl").write_text(json.dumps({"text": text}) + "\n")
    assert read_texts(str(folder), None, Silent()).texts == ["learned text"]


def test_an_empty_or_endless_cell_is_refused_and_counted(tmp_path: Path) -> None:
    found = read(tmp_path / "a.jsonl", '{"text": "fine words"}\n{"text": ""}\nno json\n{"text": "' + "x" * 1_000_001 + '"}\n')
    assert found.texts == ["fine words"] and found.refusals.total == 3
    assert any("the column 'text' is empty" in line for line in found.in_words())


@pytest.mark.parametrize(
    "name, content, column, said",
    [
        ("a.csv", "id,text\n1,some words\n", "body", "There is no column 'body' for the text"),
        ("a.csv", "a,b\n1,2\n3,4\n", None, "Cannot tell which column holds the text"),
        ("a.csv", "text,split\nx y z,test\n", None, "There is no text"),
        ("a.txt", "\n \n", None, "is empty"),
        ("a.txt", "", None, "empty"),
        ("a.png", "x", None, "No reader is for 'a.png'"),
    ],
)
def test_a_source_without_text_is_refused_with_what_to_do(
    tmp_path: Path, name: str, content: str, column: str | None, said: str
) -> None:
    with pytest.raises(BadInput, match=said) as refusal:
        read(tmp_path / name, content, column)
    assert refusal.value.hint


@pytest.mark.parametrize("name", ["nowhere.txt", "nowhere.csv"])
def test_a_file_that_is_not_there_is_bad_input(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput) as refusal:
        read_texts(str(tmp_path / name), None, Silent())
    assert refusal.value.hint
