"""Every recognizer keeps the family's promises."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beside.core.registry import load, names, summary
from beside.protection import spans

EVERY = names("recognizers")
PUBLIC = (
    "address bank_card birth_date credit_code email iban ip organisation passport permit person phone plate resident_id ssn url"
)
MARK = re.compile(r"\[\[(.*?)\]\]")


def marked(example: str) -> tuple[str, list[str]]:
    return MARK.sub(r"\1", example), MARK.findall(example)


def test_the_family_has_its_public_names():
    assert PUBLIC.split() == EVERY


@pytest.mark.parametrize("name", EVERY)
def test_a_recognizer_has_a_summary_in_both_languages(name):
    assert summary("recognizers", name).endswith(".") and re.search("[一-鿿]", load("recognizers", name).zh)


@pytest.mark.parametrize("name,example", [(name, text) for name in EVERY for text in load("recognizers", name).examples])
def test_a_recognizer_finds_its_examples_whole(name, example):
    text, values = marked(example)
    assert [text[span.start : span.end] for span in spans(text, [name])] == values


@pytest.mark.parametrize("name,text", [(name, text) for name in EVERY for text in load("recognizers", name).misses])
def test_a_recognizer_leaves_near_misses_alone(name, text):
    assert spans(text, [name]) == []


PIECES = [*"0123456789１２X-@. 王李张先生号路\u200b\ufeffABz/:+()", "13800138000", "Mr. Baker", "北京市"]
WILD = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=40)


@settings(max_examples=60, deadline=None)
@given(WILD.map("".join))
def test_spans_of_any_text_lie_inside_it_sorted_and_apart(text):
    at = 0
    for span in spans(text):
        assert at <= span.start < span.end <= len(text) and 0 < span.score <= 1
        at = span.end


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.sampled_from(["", "\u200b", "\u2060", "\ufeff", "\u00ad"])), min_size=18, max_size=18))
def test_an_id_with_hidden_characters_and_full_width_digits_is_covered_whole(ways):
    value = "".join(
        (chr(ord(sign) + 0xFEE0) if wide else sign) + hidden
        for sign, (wide, hidden) in zip("11010519491231002X", ways, strict=True)
    )
    text = f"身份证{value}好"
    (span,) = spans(text, ["resident_id"])
    assert text[span.start : span.end] == value.rstrip("\u200b\u2060\ufeff\u00ad")


@pytest.mark.parametrize("name", EVERY)
def test_hostile_text_takes_time_in_step_with_its_length(name):
    for unit in ("1", "1 ", "a.", "A ", "王", "(1", "北京", "1-", "a@", "路"):
        begin = time.process_time()
        spans(unit * (100_000 // len(unit)), [name])
        assert time.process_time() - begin < 10


def test_a_value_on_the_edge_of_a_window_is_found_once():
    for shift in range(65_520, 65_540):
        text = "好" * shift + "13800138000" + "好" * 9
        assert [(span.start, span.end) for span in spans(text, ["phone"])] == [(shift, shift + 11)]
