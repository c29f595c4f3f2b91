from pathlib import Path

import pytest

from beside.core.errors import BadInput
from beside.core.interfaces import RawRow, Refused
from beside.readers.folder import reader


def test_files_named_like_splits_are_read_in_order_and_others_passed_over(tmp_path: Path) -> None:
    (tmp_path / "test.jsonl").write_text('{"text": "c", "label": "x"}\nbroken\n')
    (tmp_path / "Train.csv").write_text("text,label\na,x\n")
    (tmp_path / "dev.tsv").write_text("text\tlabel\nb\tx\n")
    (tmp_path / "README.md").write_text("hello")
    (tmp_path / "unlabeled.csv").write_text("text\nz\n")
    assert reader.takes(str(tmp_path))
    assert list(reader.rows(str(tmp_path))) == [
        RawRow(line=2, cells={"text": "a", "label": "x", "split": "train"}),
        RawRow(line=2, cells={"text": "b", "label": "x", "split": "tune"}),
        RawRow(line=1, cells={"text": "c", "label": "x", "split": "test"}),
        Refused(line=2, why="test.jsonl: this is not JSON: Expecting value"),
    ]
    assert reader.notes(str(tmp_path))[0].startswith("Files read: Train.csv, dev.tsv, test.jsonl")


def test_a_folder_without_training_rows_or_with_two_files_for_a_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no file for training"):
        list(reader.rows(str(tmp_path)))
    (tmp_path / "dev.csv").write_text("text,label\na,x\n")
    (tmp_path / "validation.csv").write_text("text,label\na,x\n")
    with pytest.raises(BadInput, match="are for tune"):
        list(reader.rows(str(tmp_path)))
