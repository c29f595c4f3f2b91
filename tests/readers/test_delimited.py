import csv
import gzip
import tempfile
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beside.core.cleaning import clean
from beside.core.interfaces import RawRow, Refused
from beside.readers.delimited import Records, reader


def written(folder: Path, content: str | bytes, name: str = "rows.csv") -> str:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(file)


def cells(source: str) -> list[list[str]]:
    return [list(row.cells.values()) for row in reader.rows(source) if isinstance(row, RawRow)]


def refusals(source: str) -> list[tuple[int, str]]:
    return [(row.line, row.why) for row in reader.rows(source) if isinstance(row, Refused)]


@given(
    rows=st.lists(st.tuples(st.text(max_size=40), st.text(min_size=1, max_size=5)), max_size=8),
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
@settings(max_examples=60)
def test_any_text_survives_a_csv_file(rows: list[tuple[str, str]], delimiter: str, encoding: str) -> None:
    plain = [(f"plain text number {place}", "plain") for place in range(30)]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.csv"
        with file.open("w", encoding=encoding, newline="") as stream:
            csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([("text", "label"), *plain, *rows])
        found = [tuple(map(clean, row)) for row in cells(str(file))]
    expected = [(clean(text), clean(label)) for text, label in rows if text.strip() or label.strip()]
    assert found == [*plain, *expected]


def test_lines_are_counted_as_an_editor_does_also_behind_quoted_line_ends(tmp_path: Path) -> None:
    source = written(tmp_path, 'text,label\r\n"one\r\n\r\ntwo",a\r\n\r\nthree,b\r\n')
    assert [(row.line, row.cells["text"]) for row in reader.rows(source)] == [(2, "one\r\n\r\ntwo"), (6, "three")]


@pytest.mark.parametrize(("delimiter", "name"), [(",", "comma"), (";", "semicolon"), ("\t", "tab"), ("|", "bar")])
def test_the_delimiter_is_found_even_when_texts_are_full_of_others(tmp_path: Path, delimiter: str, name: str) -> None:
    rows = "".join(f"well, {place} times; maybe{delimiter}a\n" for place in range(9)) if delimiter == "\t" else ""
    rows = rows or "".join(f"well {place} times{delimiter}a\n" for place in range(9))
    source = written(tmp_path, f"text{delimiter}label\n{rows}")
    assert len(cells(source)) == 9 and all(len(row) == 2 for row in cells(source))
    assert name in reader.notes(source)[0]


def test_chinese_excel_files_are_read(tmp_path: Path) -> None:
    source = written(tmp_path, "内容;标签\r\n我的卡丢了，怎么办;丢卡\r\n密码忘记了;密码\r\n".encode("gbk"))
    assert next(reader.rows(source)) == RawRow(line=2, cells={"内容": "我的卡丢了，怎么办", "标签": "丢卡"})
    assert "GB18030" in reader.notes(source)[0]


def test_excels_own_delimiter_line_is_obeyed(tmp_path: Path) -> None:
    source = written(tmp_path, "sep=;\ntext;label\na, b; c;d\n".replace("; c", " c"))
    assert list(reader.rows(source)) == [RawRow(line=3, cells={"text": "a, b c", "label": "d"})]


def test_packed_files_are_read(tmp_path: Path) -> None:
    source = written(tmp_path, gzip.compress(b"text,label\nx,a\n"), "rows.csv.gz")
    assert reader.takes(source) and cells(source) == [["x", "a"]]


def test_a_row_with_too_many_cells_is_refused_and_a_short_one_is_filled_by_nothing(tmp_path: Path) -> None:
    source = written(tmp_path, "text,label\nwell, no,a\nshort\nfine,b,,\n")
    assert refusals(source) == [(2, "3 cells where the header names 2; quote text that holds the delimiter")]
    assert [row.cells for row in reader.rows(source) if isinstance(row, RawRow)] == [
        {"text": "short"},
        {"text": "fine", "label": "b"},
    ]


def test_a_quote_that_is_never_closed_costs_one_line(tmp_path: Path) -> None:
    rest = "".join(f"row {place},a\n" for place in range(50))
    source = written(tmp_path, f'text,label\nfine,a\n"open,a\n{rest}')
    assert refusals(source) == [(3, "a quote is opened and not closed, or closed in the middle of a cell")]
    assert len(cells(source)) == 51


def test_a_quote_that_is_closed_by_a_later_row_costs_one_line_too(tmp_path: Path) -> None:
    source = written(tmp_path, 'text,label\n"open,a\nfine,b\n"good, too",c\nlast,d\n')
    assert [line for line, _ in refusals(source)] == [2]
    assert cells(source) == [["fine", "b"], ["good, too", "c"], ["last", "d"]]


def test_quotes_inside_a_plain_cell_are_taken_as_they_stand(tmp_path: Path) -> None:
    source = written(tmp_path, 'text,label\nmy 5" screen,a\n"so" called,b\n')
    assert cells(source) == [['my 5" screen', "a"], ["so called", "b"]]


def test_open_quotes_all_over_cost_their_lines_and_linear_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = written(tmp_path, "text,label\n" + "".join(f'"open {place},a\nfine,b\nfine,b\n' for place in range(300)))
    handed: list[int] = []
    once = Records.next_line
    monkeypatch.setattr(Records, "next_line", lambda records: (handed.append(1), once(records))[1])
    assert [line for line, _ in refusals(source)] == list(range(2, 902, 3))
    assert len(handed) < 5 * 901


def test_a_line_of_fifty_megabytes_is_refused_by_its_number_without_being_held_in_memory(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    with file.open("w") as stream:
        stream.write("text,label\nfine,a\n")
        for _ in range(50):
            stream.write("x" * 1_000_000)
        stream.write(",b\nlast,c\n")
    tracemalloc.start()
    found = list(reader.rows(str(file)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [row.line for row in found] == [2, 3, 4]
    assert found[1] == Refused(line=3, why="the line is longer than 2,000,000 characters")
    assert peak < 30_000_000


def test_a_long_line_inside_a_quoted_cell_is_refused_and_the_rest_is_read(tmp_path: Path) -> None:
    source = written(tmp_path, 'text,label\n"begins\n' + "x" * 3_000_000 + '\nends",a\nfine,b\n')
    assert [line for line, _ in refusals(source)] == [2, 3]
    assert cells(source) == [['ends"', "a"], ["fine", "b"]]


def test_columns_without_a_name_and_with_the_same_name_can_be_told_apart(tmp_path: Path) -> None:
    source = written(tmp_path, "text,,label,label\na,b,c,d\n")
    assert list(next(iter(reader.rows(source))).cells) == ["text", "column 2", "label", "label (2)"]


def test_old_mac_line_ends_are_read(tmp_path: Path) -> None:
    assert cells(written(tmp_path, "text,label\ra,b\rc,d\r")) == [["a", "b"], ["c", "d"]]


def test_nul_bytes_in_a_cell_are_passed_on(tmp_path: Path) -> None:
    assert cells(written(tmp_path, "text,label\nthe card was lost\x00 here,b\n")) == [["the card was lost\x00 here", "b"]]
