"""One segmentation for the whole product: offsets are exact, Chinese comes in words, and no file lies in the temporary folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beside.core.wording import words

LETTERS = st.sampled_from("aZé9_-' ’.,\n我的银行卡丢了😀👍🏽ไทยかñß３\u0301\U00020000\ud7a3")


@pytest.mark.parametrize(
    "text, expected",
    [
        ("my card, lost!", ["my", "card", "lost"]),
        ("don't use well-known e‑mail", ["don't", "use", "well-known", "e", "mail"]),
        ("paid 1,000.50 at 12:30 on 3/4", ["paid", "1,000.50", "at", "12:30", "on", "3/4"]),
        ("a 4x4 model3", ["a", "4x4", "model3"]),
        ("我的银行卡丢了", ["我", "的", "银行卡", "丢", "了"]),
        ("我的VISA卡don't用well-known", ["我", "的", "VISA", "卡", "don't", "用", "well-known"]),
        ("退款100元", ["退款", "100", "元"]),
        ("great film 😀👍🏽", ["great", "film", "😀", "👍🏽"]),
        ("カード", ["カ", "ー", "ド"]),
        ("", []),
        ("?! ...", []),
    ],
)
def test_a_text_is_cut_where_a_reader_would(text: str, expected: list[str]) -> None:
    assert [word.text for word in words(text)] == expected


@given(st.one_of(st.text(max_size=80), st.text(LETTERS, max_size=40)))
def test_every_word_is_exactly_what_stands_at_its_place(text: str) -> None:
    last = 0
    for word in words(text):
        assert last <= word.start < word.end <= len(text)
        assert text[word.start : word.end] == word.text
        last = word.end


@given(st.text(LETTERS, max_size=40))
def test_no_letter_and_no_digit_is_left_outside_all_words(text: str) -> None:
    inside = {place for word in words(text) for place in range(word.start, word.end)}
    assert all(place in inside for place, char in enumerate(text) if char.isalnum())


@given(st.text(max_size=60))
def test_the_same_text_is_always_cut_alike(text: str) -> None:
    assert words(text) == words(text)


SPY = """
import builtins, io, os, sys, tempfile
tempfile.gettempdir()  # it tries the folder out by itself
touched = []
def spy(event, args):
    if event in ("open", "os.rename", "os.mkdir") and args and str(args[0]).startswith({folder!r}):
        touched.append((event, str(args[0])))
sys.addaudithook(spy)
from beside.core.wording import words
assert "jieba" not in sys.modules
words("plain English")
assert "jieba" not in sys.modules, "English needs no dictionary of Chinese"
assert [word.text for word in words("银行卡丢了")] == ["银行卡", "丢", "了"]
assert touched == [], touched
"""


def test_nothing_is_written_to_or_read_from_the_shared_temporary_folder(tmp_path: Path) -> None:
    """Another user's file lies in wait under the name that jieba would load; nobody even opens it."""
    bait = tmp_path / "jieba.cache"
    bait.write_bytes(b"not a dictionary")
    code, seen = SPY.format(folder=str(tmp_path)), {"TMPDIR": str(tmp_path), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=seen, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "it loads without a word"
    assert [path.name for path in tmp_path.iterdir()] == ["jieba.cache"]
    assert bait.read_bytes() == b"not a dictionary"
