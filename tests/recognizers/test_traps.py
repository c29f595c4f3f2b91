"""Traps in which patterns of personal data fall: neighbours, hidden characters, widths, lengths and overlaps."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beside.core.personal import SURE, Span, resolved
from beside.protection import recognizer, spans

VALUES = {
    "phone": "13800138000",
    "bank_card": "4111 1111 1111 1111",
    "email": "a.b@qq.com",
    "resident_id": "11010519491231002X",
    "ip": "114.247.50.2",
    "url": "https://www.example.com/a",
    "iban": "DE89370400440532013000",
    "plate": "京A12345",
}


def found(text: str, kind: str) -> list[str]:
    return [text[span.start : span.end] for span in spans(text, [kind])]


@pytest.mark.parametrize("kind", VALUES)
@pytest.mark.parametrize("before,after", [("号码是", "好的"), ("（", "）"), ("我的", "，谢谢"), ("在", "上")])
def test_a_value_that_touches_chinese_is_found_with_its_own_edges(kind, before, after):
    assert found(f"{before}{VALUES[kind]}{after}", kind) == [VALUES[kind]]


@pytest.mark.parametrize("mark", ["，", ",", "；", "、", " ", "\n", "。"])
def test_numbers_beside_numbers_are_found_each(mark):
    text = f"身份证11010519491231002X{mark}手机13800138000{mark}13900139000"
    assert found(text, "phone") == ["13800138000", "13900139000"]
    assert mark == "," or found(f"370112197008182934{mark}0531-88273645", "phone") == ["0531-88273645"]


@pytest.mark.parametrize(
    "text", ["手机1３8０0１3８0０0", "手机138\u200b0013\u200b8000", "手机１３８００１３８０００", "手机١٣٨٠٠١٣٨٠٠٠"]
)
def test_a_number_in_mixed_digits_or_with_hidden_characters_is_covered_whole(text):
    assert found(text, "phone") == [text[2:]]


def test_a_hidden_character_at_the_edge_of_a_name_leaves_no_part_of_it_behind():
    text = "患者王\u200b小明今天入院"
    assert found(text, "person") == ["王\u200b小明"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9), st.sampled_from("ab"), st.sampled_from([0.5, 0.7, 0.9])), max_size=8)
)
def test_of_overlapping_spans_none_overlap_and_nothing_sure_is_left_bare(drawn):
    given_spans = [Span(start, start + size, kind, score, kind) for start, size, kind, score in drawn]
    kept = resolved(given_spans)
    assert all(one.end <= other.start for one, other in pairwise(kept))
    covered = {place for span in kept for place in range(span.start, span.end)}
    for span in given_spans:
        bare = [place for place in range(span.start, span.end) if place not in covered]
        assert span.score >= SURE and not any(place + 1 in bare for place in bare)  # at most one mark between two others


def seconds_for(text, kinds=None):
    """The least of three, for another process may take the core's cache away."""
    taken = []
    for _ in range(3):
        begin = time.process_time()
        spans(text, kinds)
        taken.append(time.process_time() - begin)
    return min(taken)


def test_a_long_single_line_takes_time_in_step_with_its_length():
    spans("王小明 Anna Smith, 12 Main Street")  # lists and dictionaries are read
    unit = "联系人王小明，手机13800138000，住在北京市海淀区中关村大街27号。Call Anna Smith at 12 Main Street, London 555 0143. "
    assert sum(span.kind == "phone" for span in spans(unit * 400)) >= 400
    assert seconds_for(unit * 1600) < 8 * seconds_for(unit * 400) + 0.5


@pytest.mark.parametrize("unit", ["A ", "Aa ", "王", "Aa, ", "张伟、", "路1号", "12 Main "])
def test_names_and_addresses_in_hostile_text_take_time_in_step_with_its_length(unit):
    for kind in ("person", "address", "organisation"):
        spans("王小明 12 Main Street", [kind])
        short, long = (unit * (size // len(unit)) for size in (15_000, 60_000))
        assert seconds_for(long, [kind]) < 8 * seconds_for(short, [kind]) + 0.3  # sixteen times, were it in step with the square


def test_recognizers_are_loaded_once():
    assert recognizer("phone") is recognizer("phone")


def test_what_stands_in_place_of_a_number_does_not_speak_for_the_next():
    assert found("<PHONE>京A123454111 1111 1111 1111", "phone") == []
    assert found("phone 1111 1111 1111", "phone") == ["1111 1111 1111"]
