"""Nothing that was found is left, whatever the text."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beside.core.personal import Span
from beside.core.protecting import plan, same_value
from beside.core.registry import names
from beside.core.span_reviews import as_spans
from beside.protection.acting import Protector
from beside.protection.echoes import with_echoes

KEY = b"0123456789abcdef"
VALUES = [
    "13800138000",
    "１３８００１３８０００",
    "138\u200b0013\u200d8000",
    "11010519491231002X",
    "4111 1111 1111 1111",
    "anna@example.com",
    "王小明",
    "Mr. Baker",
    "Anna Schmidt",
    "北京市海淀区中关村大街27号",
    "192.168.3.7",
    "京A12345",
    "DE89370400440532013000",
]
NOISE = st.text(max_size=8) | st.sampled_from(
    [
        "😀",
        "👩‍👩‍👧",
        "\u200b",
        "\u202e",
        "\ufeff",
        "我叫",
        "手机",
        "电话：",
        " my name is ",
        "，",
        "\n",
        "\ud800",
        "𝟙𝟛𝟠",
        "٠١٢",
        "生日1990-05-03",
    ]
)
WILD = st.lists(st.sampled_from(VALUES) | NOISE, max_size=14).map("".join)
DIGITS = re.compile(r"\d{6,}")


def instead(protector: Protector, value: str, kind: str) -> str:
    """What stands in place of a text that is nothing but a value."""
    return protector.instead(value, Span(0, len(value), kind, 1.0, kind))


def left_over(text: str, found: list[str]) -> list[str]:
    """Found values that still stand in a text as words of their own."""
    return [value for value in found if len(value) >= 4 and re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text)]


@pytest.mark.parametrize("action", ["mask", "redact", "replace", "hash"])
@settings(max_examples=60, deadline=None)
@given(text=WILD)
def test_no_value_that_was_found_is_left(action, text):
    made = Protector(plan(default=action), KEY).text(text)
    found = [text[span.start : span.end] for span in made.spans]
    cut = "\x00".join(text_of_rests(text, made.spans))
    assert left_over(cut, found) == []
    assert made.edits.text == made.text and len(made.edits.after) == len(made.spans)
    at = 0
    for (start, end), (new_start, new_end) in zip(made.edits.before, made.edits.after, strict=True):
        assert text[at:start] == made.text[new_start - (start - at) : new_start]
        at = end
        assert new_end >= new_start


def text_of_rests(text: str, spans) -> list[str]:
    """What of a text stands outside of the spans."""
    rests, at = [], 0
    for span in spans:
        rests.append(text[at : span.start])
        at = span.end
    return [*rests, text[at:]]


@settings(max_examples=60, deadline=None)
@given(text=WILD)
def test_surrogates_leave_no_number_of_the_text_and_never_fall_over(text):
    made = Protector(plan(default="surrogate"), KEY).text(text)
    for span in made.spans:
        value = text[span.start : span.end]
        if span.kind != "person" and DIGITS.search(same_value(span.kind, value)):
            new = made.text[slice(*made.edits.moved(span.start, span.end))]  # type: ignore[misc]
            assert same_value(span.kind, new) != same_value(span.kind, value)


@pytest.mark.parametrize("action", ["mask", "replace", "hash"])
def test_what_stands_in_place_of_a_value_is_no_personal_data(action):
    protector = Protector(plan(default=action), KEY)
    for kind in names("recognizers"):
        assert protector.text(f"see {instead(protector, 'a value 1', kind)} there").spans == ()


def test_a_value_found_once_is_found_wherever_it_stands_but_not_inside_other_words():
    text = "Mr. Baker, bakers of Bakersfield, 9Baker: Baker! 王小明说王小明"
    once = [Span(4, 9, "person", 0.9, "person"), Span(text.index("王"), text.index("王") + 3, "person", 0.9, "person")]
    found = with_echoes(text, once)
    assert [(span.start, text[span.start : span.end]) for span in found] == [
        (4, "Baker"),
        (text.index("Baker!"), "Baker"),
        (text.index("王"), "王小明"),
        (text.rindex("王"), "王小明"),
    ]
    assert Protector(plan()).text("Dear Mr. Baker, thanks. Baker").text == "Dear Mr. <PERSON>, thanks. <PERSON>"


def test_what_a_person_says_counts_and_nothing_else_is_looked_for():
    text = "call 13800138000 or qixmo"
    assert Protector(plan()).text(text, said=[]).text == text
    from beside.core.span_reviews import PartSpan

    said = as_spans([PartSpan(part="text", start=20, end=25, kind="person")], "text")
    assert Protector(plan()).text(text, said=said).text == "call 13800138000 or <PERSON>"
    assert Protector(plan(kinds=["phone"])).text(text, said=said).text == text


def test_a_text_of_personal_data_alone_keeps_its_kinds():
    made = Protector(plan(default="redact")).text("13800138000")
    assert made.text == "<PHONE>" and made.emptied


def test_many_values_in_a_long_line_take_time_linear_in_its_length():
    def line(values: int) -> str:
        return "，".join(f"手机1380013{number:04d}转王小明" for number in range(values))

    with_echoes(line(10), [])
    took = []
    for values in (2_000, 8_000):
        text = line(values)
        from beside.protection import spans

        found = spans(text, ["phone", "person"])
        begun = time.perf_counter()
        assert len(with_echoes(text, found)) >= values
        took.append(time.perf_counter() - begun)
    assert took[1] < 16 * took[0] + 0.2  # four times the text; sixteen would be quadratic


def test_a_line_of_a_megabyte_is_protected_and_nothing_of_it_found_again():
    line = ("call 13800138000 or mail anna@example.com today. " * 21_000)[:1_000_000]
    made = Protector(plan(kinds=["email", "phone", "ssn"])).text(line)
    assert "13800138000" not in made.text and "anna@example.com" not in made.text and len(made.spans) > 40_000


@pytest.mark.parametrize("kind", names("recognizers"))
def test_every_kind_has_a_hash_of_its_own(kind):
    protector = Protector(plan(default="hash"), KEY)
    assert instead(protector, "a value 1", kind).startswith(f"<{kind.upper()}:")
    assert instead(protector, "a value 1", kind) == instead(protector, "A VALUE １", kind) != instead(protector, "a value 2", kind)
