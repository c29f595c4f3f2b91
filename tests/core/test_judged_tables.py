"""Attacked rows as a table for a spreadsheet: written without what the model said, filled, and read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from beside.core.errors import BadInput
from beside.core.judged_tables import read_table, write_table
from beside.core.judging import AttackedRow, Opinion

ROW = AttackedRow(
    id="attacked-1", release_id="release", attack="robustness/greedy_words", example_id="example", text="a fine film",
    edited="=a nice film", label="well liked", before="well liked", after="hated", before_probabilities={"well liked": 0.9},
    after_probabilities={"hated": 0.7}, made_at=datetime(2026, 3, 1, tzinfo=UTC),
)  # fmt: skip


def filled(file: Path, *answers: str) -> list[Opinion]:
    write_table(file, [ROW] * len(answers))
    head, *lines = file.read_text(encoding="utf-8-sig").splitlines()
    said = [line.removesuffix(",,,") + f",{answer}" for line, answer in zip(lines, answers, strict=True)]
    file.write_text("\n".join([head, *said]), encoding="utf-8-sig")
    return read_table(file)


def test_what_people_write_beside_the_rows_is_read_and_rows_left_empty_are_not(tmp_path):
    found = filled(tmp_path / "a.csv", "yes,,", "No,hated,odd word", "否,,", ",,", "是,hated,", "不确定,,", "?,,")
    assert [(one.meaning, one.label) for one in found] == [
        ("kept", None), ("changed", "hated"), ("changed", None), ("kept", "hated"), ("unsure", None), ("unsure", None)
    ]  # fmt: skip
    assert {one.attacked_id for one in found} == {"attacked-1"} and found[1].comment == "odd word"


def test_the_table_tells_neither_the_label_nor_what_the_model_said_and_no_cell_is_a_formula(tmp_path):
    write_table(tmp_path / "a.csv", [ROW])
    text = (tmp_path / "a.csv").read_text(encoding="utf-8-sig")
    assert "hated" not in text and "well liked" not in text
    assert "'=a nice film" in text


def test_a_word_that_is_no_answer_is_refused_with_its_line(tmp_path):
    with pytest.raises(BadInput, match="Line 3: same_meaning is 'maybe'"):
        filled(tmp_path / "a.csv", "yes,,", "maybe,,")


@pytest.mark.parametrize("content", [b"text,label\na,b\n", b"\xff\xfe\x00", b""])
def test_another_table_is_refused(content, tmp_path):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(BadInput, match="no column|Cannot read"):
        read_table(tmp_path / "a.csv")
