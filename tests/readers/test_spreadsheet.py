from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook

from beside.core.errors import BadInput
from beside.core.interfaces import RawRow
from beside.readers.spreadsheet import reader


def book(folder: Path, **sheets: list[tuple]) -> str:
    made = Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    made.save(folder / "book.xlsx")
    return str(folder / "book.xlsx")


def test_rows_are_numbered_as_excel_numbers_them_and_a_title_above_the_header_is_passed_over(tmp_path: Path) -> None:
    source = book(
        tmp_path, Rows=[("Complaints 2026",), ("内容", "标签", "日期"), ("卡丢了", 3, date(2026, 1, 2)), (), ("密码", None, None)]
    )
    assert list(reader.rows(source)) == [
        RawRow(line=3, cells={"内容": "卡丢了", "标签": "3", "日期": "2026-01-02"}),
        RawRow(line=5, cells={"内容": "密码", "标签": "", "日期": ""}),
    ]


def test_the_first_sheet_with_rows_is_read_and_others_are_named(tmp_path: Path) -> None:
    source = book(tmp_path, Cover=[("About",)], Data=[("text", "label"), ("a", "b")], More=[("text", "label"), ("c", "d")])
    assert reader.notes(source) == ("Sheet 'Data' was read; not read: Cover, More.",)
    assert [row.cells["text"] for row in reader.rows(source)] == ["a"]
    assert [row.cells["text"] for row in reader.rows(f"{source}#More")] == ["c"]
    assert reader.takes(f"{source}#More")


def test_an_old_xls_file_is_read() -> None:
    source = str(Path(__file__).parent / "old.xls")
    found = list(reader.rows(source))
    assert [(row.line, row.cells["内容"], row.cells["标签"]) for row in found] == [
        (3, "卡丢了", "丢卡"), (4, "where is it", "3"), (6, "done", "true"),
    ]  # fmt: skip


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    source = book(tmp_path, Rows=[("text", "label"), ("a", "b")])
    with pytest.raises(BadInput, match="no sheet 'Sheet9'") as caught:
        list(reader.rows(f"{source}#Sheet9"))
    assert "Sheets: Rows." in caught.value.hint
    with pytest.raises(BadInput, match="There is no file"):
        list(reader.rows(str(tmp_path / "none.xlsx")))
    (tmp_path / "odd.xlsx").write_text("text,label\na,b\n")
    with pytest.raises(BadInput, match="cannot be read as a spreadsheet"):
        list(reader.rows(str(tmp_path / "odd.xlsx")))
    with pytest.raises(BadInput, match="No sheet has a header"):
        list(reader.rows(book(tmp_path, Empty=[("text", "label")])))
