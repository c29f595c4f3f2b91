"""What is refused, and that nothing is stored then."""

import errno
from collections.abc import Callable
from typing import Any

import pytest

from beside.core.columns import Columns
from beside.core.errors import BadInput, BesideError, NotEnoughData, StorageFailed, UnknownName

Plain = Callable[..., list[list[str]]]


def test_rows_that_cannot_be_used_are_refused_with_line_and_reason(world: Any, plain: Plain) -> None:
    rows = [*plain(), ["", "kind 0"], ["no label here", " "], ["x" * 1_000_001, "kind 1"]]
    world.take(world.write([["text", "label"], *rows]))
    assert [(row.line, row.why) for row in world.report.refusals] == [
        (102, "the column 'text' is empty"),
        (103, "the column 'label' is empty"),
        (104, "the text is longer than 1,000,000 characters"),
    ]


def test_of_many_refused_rows_a_hundred_are_shown_and_all_counted(world: Any, plain: Plain) -> None:
    world.take(world.write([["text", "label"], *plain(300), *[["", "kind 0"]] * 150]))
    assert (world.report.refused, len(world.report.refusals)) == (150, 100)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda rows: [], BadInput, "only a header"),
        (lambda rows: [[text, "one"] for text, _ in rows], NotEnoughData, "one label, 'one'"),
        (lambda rows: [[text, label[: len(text) % 2]] for text, label in rows], BadInput, "rows have no label in the column"),
        (lambda rows: [[text, text[::-1]] for text, _ in rows], BadInput, "these are not labels"),
        (lambda rows: rows[:2], NotEnoughData, "too few independent rows"),
        (lambda rows: [["a", "x"], ["a", "y"]], NotEnoughData, "several labels"),
        (lambda rows: [["", "x"]] * 9, BadInput, "None of the 9 rows can be used; line 2: the column 'text' is empty"),
    ],
)  # fmt: skip
def test_what_cannot_become_a_corpus_is_refused_and_nothing_is_stored(
    world: Any, plain: Plain, change: Callable[[list[list[str]]], list[list[str]]], error: type[BesideError], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        world.take(world.write([["text", "label"], *change(plain())]))
    assert caught.value.exit_code == 2 and caught.value.hint
    assert world.stored() == []


def test_wrong_names_are_refused_before_anything_is_read(world: Any, plain: Plain) -> None:
    source = world.write([["text", "label"], *plain()])
    with pytest.raises(UnknownName, match="no task 'clasify'"):
        world.take(source, task="clasify")
    with pytest.raises(BadInput, match="no column 'lable'"):
        world.take(source, columns=Columns(label="lable"))
    with pytest.raises(BadInput, match="There is no file"):
        world.take(str(world.folder / "none.csv"))
    (world.folder / "rows.docx").write_bytes(b"PK")
    with pytest.raises(BadInput, match="No reader is for 'rows.docx'") as caught:
        world.take(str(world.folder / "rows.docx"))
    assert "delimited" in caught.value.hint
    assert world.stored() == []


def test_a_full_disk_leaves_nothing_behind(world: Any, plain: Plain, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: object, **named: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    source = world.write([["text", "label"], *plain()])
    monkeypatch.setattr("beside.store.scratch.TemporaryFile", full)
    with pytest.raises(StorageFailed, match="No space left"):
        world.take(source)
    assert world.stored() == []
