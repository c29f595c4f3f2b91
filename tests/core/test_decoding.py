import gzip
from pathlib import Path

import pytest

from beside.core.decoding import LINE_LIMIT, find_encoding, read_lines
from beside.core.errors import BadInput

CHINESE = "text,label\n" + "我的银行卡昨天晚上在地铁上丢了，请帮我挂失,丢卡\n请问怎么修改登录密码？,密码\n" * 20
TRADITIONAL = "text,label\n" + "我的銀行卡昨天晚上在地鐵上丟了，請幫我掛失,丟卡\n請問怎麼修改登錄密碼？,密碼\n" * 20
WESTERN = "text,label\n" + "Ich möchte mein Geld zurück für die Bücher,Rückgabe\nLe café est déjà fermé,fermé\n" * 20


@pytest.mark.parametrize(
    ("text", "written", "found"),
    [
        (CHINESE, "utf-8", "utf-8"),
        (CHINESE, "utf-8-sig", "utf-8-sig"),
        (CHINESE, "utf-16", "utf-16"),
        (CHINESE, "gbk", "gb18030"),
        (CHINESE, "gb18030", "gb18030"),
        (TRADITIONAL, "gbk", "gb18030"),
        (TRADITIONAL, "big5", "big5"),
        (WESTERN, "utf-8", "utf-8"),
        (WESTERN, "cp1252", "cp1252"),
        ("text,label\nHe said “hello” – “fine”,a\n", "cp1252", "cp1252"),
        ("text,label\n模,a\n这个模型,a\n", "gbk", "gb18030"),  # 模 alone is valid UTF-8
    ],
)
def test_the_encoding_is_found(tmp_path: Path, text: str, written: str, found: str) -> None:
    file = tmp_path / "rows.csv"
    file.write_bytes(text.encode(written))
    assert find_encoding(file) == found
    assert "".join(line or "" for line in read_lines(file, found)) == text


def test_a_line_in_another_encoding_is_named(tmp_path: Path) -> None:
    file = tmp_path / "mixed.csv"
    lines = CHINESE.splitlines(keepends=True)
    lines[6] = "这一行是用老版本表格写的,密码\n"
    file.write_bytes(b"".join(line.encode("gbk" if place == 6 else "utf-8") for place, line in enumerate(lines)))
    with pytest.raises(BadInput, match=r"mixes encodings: line 7 is not UTF-8 \(byte 0xd5\)") as caught:
        find_encoding(file)
    assert "UTF-8" in caught.value.hint


def test_one_utf8_line_among_old_ones_is_found_too(tmp_path: Path) -> None:
    file = tmp_path / "mixed.csv"
    lines = CHINESE.splitlines(keepends=True)
    file.write_bytes(b"".join(line.encode("utf-8" if place == 30 else "gbk") for place, line in enumerate(lines)))
    with pytest.raises(BadInput, match="mixes encodings: line 2 is not UTF-8"):
        find_encoding(file)


def test_bytes_of_no_encoding_say_what_was_tried_and_where_each_failed(tmp_path: Path) -> None:
    file = tmp_path / "odd.csv"
    file.write_bytes(b"text,label\nfine,a\nb\xff\xff \x81\x8d bad,b\n")
    with pytest.raises(BadInput) as caught:
        find_encoding(file)
    assert "line 3 is not UTF-8" in caught.value.message
    assert "Tried: UTF-8, GB18030, Big5, Windows-1252" in caught.value.message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"PK\x03\x04rest", "zip archive or an Excel file"),
        (b"%PDF-1.7", "PDF"),
        (bytes(range(256)) * 20, "binary data"),
        ("text,label\nabc,d\n".encode("utf-16-le"), "UTF-16 without a byte order mark"),
        (b"\xff\xfeabc", "begins like UTF-16"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "rows.csv"
    file.write_bytes(content)
    with pytest.raises(BadInput, match=message):
        find_encoding(file)


def test_a_few_stray_nul_bytes_are_no_reason_to_refuse_a_text(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_bytes(b"text,label\nthe card\x00 was lost in the underground,lost\n")
    assert find_encoding(file) == "utf-8"


def test_packed_files_are_unpacked_and_broken_ones_refused(tmp_path: Path) -> None:
    whole, cut = tmp_path / "rows.csv.gz", tmp_path / "cut.csv.gz"
    whole.write_bytes(gzip.compress(CHINESE.encode("gbk")))
    cut.write_bytes(whole.read_bytes()[:-20])
    assert find_encoding(whole) == "gb18030"
    with pytest.raises(BadInput, match="not a whole gzip file"):
        find_encoding(cut)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(BadInput, match="There is no file"):
            find_encoding(path)


def test_a_line_that_is_too_long_comes_as_none_and_the_next_ones_are_read(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("one\r\n" + "x" * (2 * LINE_LIMIT + 7) + "\r\ntwo\nthree")
    assert list(read_lines(file, "utf-8")) == ["one\r\n", None, "two\n", "three"]
