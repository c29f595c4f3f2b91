"""What people say of attacked rows: read from a table, counted, and multiplied with the raw success."""

from __future__ import annotations

from pathlib import Path

import pytest

from beside.core.attacking import Attacked
from beside.core.errors import BadInput
from beside.core.judging import CHANGED, KEPT, Judged, human_judged, kept_share, read_rows, write_rows
from beside.core.statistics import rate

ROW = Attacked(
    text="a fine film", edited="a nice film", target="good", before="good", after="bad", ended="fooled", edits=1, queries=9
)


def filled(file: Path, *answers: tuple[str, str]) -> list[Judged]:
    write_rows(file, [ROW] * len(answers))
    head, *lines = file.read_text(encoding="utf-8-sig").splitlines()
    said = [line.removesuffix(",,") + f",{same},{label}" for line, (same, label) in zip(lines, answers, strict=True)]
    file.write_text("\n".join([head, *said]), encoding="utf-8-sig")
    return read_rows(file)


def test_a_row_that_means_the_same_keeps_its_label_and_another_has_the_one_given(tmp_path: Path) -> None:
    found = filled(tmp_path / "a.csv", ("yes", ""), ("No", "bad"), ("否", ""), ("", ""), ("是", "bad"))
    assert [(one.same, one.label) for one in found] == [(True, "good"), (False, "bad"), (False, None), (True, "bad")]
    assert {one.edited for one in found} == {"a nice film"}


def test_what_is_neither_yes_nor_no_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="Line 3: same_meaning is 'maybe'"):
        filled(tmp_path / "a.csv", ("yes", ""), ("maybe", ""))


@pytest.mark.parametrize("content", [b"text,label\na,b\n", b"\xff\xfe\x00", b""])
def test_another_table_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(BadInput, match="no column|Cannot read"):
        read_rows(tmp_path / "a.csv")


def test_only_notes_about_attacked_rows_are_counted() -> None:
    assert kept_share(["", "wrong again"]) is None
    assert kept_share([KEPT, KEPT, CHANGED, "thanks"]) == rate(2, 3)


def test_success_at_which_people_agree_is_the_share_of_the_raw_one_that_they_accept() -> None:
    found = human_judged(rate(80, 100), rate(5, 50))
    assert found.value == pytest.approx(0.08)
    assert found.low < 0.08 < found.high <= 0.88
    assert found.n == 50
