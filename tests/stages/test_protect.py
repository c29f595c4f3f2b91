"""Protecting a text."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beside.core.errors import BadInput, UnknownName
from beside.stages.protect import protect

TEXT = "手机13800138000，mail anna@example.com"
KEY = b"0123456789abcdef"


def test_values_are_replaced_by_their_kind():
    made = protect(TEXT)
    assert made.text == "手机<PHONE>，mail <EMAIL>" and [span.kind for span in made.spans] == ["phone", "email"]


def test_each_kind_may_have_its_own_action():
    assert protect(TEXT, {"phone": "mask"}, default="redact").text == "手机****，mail "


def test_a_hash_is_stable_under_one_key_and_different_under_another():
    one, again, other = (protect(TEXT, default="hash", key=key).text for key in (KEY, KEY, KEY[::-1]))
    assert one == again != other and "138" not in one


@pytest.mark.parametrize("key", [None, b"", b"short"])
def test_hashing_without_a_good_key_is_refused(key):
    with pytest.raises(BadInput, match="key"):
        protect(TEXT, {"phone": "hash"}, key=key)


def test_unknown_kinds_and_actions_are_refused():
    with pytest.raises(UnknownName, match="fone"):
        protect(TEXT, kinds=["fone"])
    with pytest.raises(BadInput, match="burn"):
        protect(TEXT, default="burn")


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=20), st.text(max_size=20))
def test_no_value_that_was_found_stays_in_its_place(before, after):
    text = f"x {before} anna@example.com {after}"  # something is left, so that nothing need stand for it
    made = protect(text, default="redact")
    kept = list(text)
    for span in made.spans:
        kept[span.start : span.end] = [""] * (span.end - span.start)
    left = "".join(kept)
    assert made.emptied == (not left.strip()) and "anna@example.com" not in made.text
    assert made.text == left or made.emptied, "where nothing would be left, the kinds are"


def test_the_command_prints_text_and_spans_without_loading_torch():
    code = (
        "import sys; sys.argv = ['beside', 'protect', '--text', sys.argv[1], '--json']\n"
        "from beside.cli import main\ntry: main()\nexcept SystemExit as end: assert not end.code\nassert 'torch' not in sys.modules"
    )
    told = json.loads(subprocess.run([sys.executable, "-c", code, TEXT], capture_output=True, text=True, check=True).stdout)
    assert told["text"] == "手机<PHONE>，mail <EMAIL>"
    assert told["spans"][0] == {"start": 2, "end": 13, "kind": "phone", "score": 0.95, "recognizer": "phone"}
