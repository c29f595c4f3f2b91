"""Every surrogate keeps the family's promises."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beside.core.drawing import Draw, refilled, signs_of
from beside.core.personal import Span, plain
from beside.core.protecting import plan
from beside.core.protecting import same_value as same
from beside.core.registry import load, names, summary
from beside.protection import spans
from beside.protection.acting import Protector

EVERY = names("surrogates")
KEY, OTHER = b"0123456789abcdef", b"fedcba9876543210"
MARK = re.compile(r"\[\[(.*?)\]\]")
VALUES = [
    (name, text, value)
    for name in names("recognizers")
    for text in load("recognizers", name).examples
    for value in MARK.findall(text)
]


def put_in(text: str, old: str, new: str) -> str:
    return MARK.sub(r"\1", text.replace(f"[[{old}]]", f"[[{new}]]"))


def test_there_is_one_for_every_kind_that_is_recognized():
    assert names("recognizers") == EVERY


def whole(value: str, kind: str) -> Span:
    """The span of a text that is nothing but a value."""
    return Span(0, len(value), kind, 1.0, kind)


@pytest.mark.parametrize("name", EVERY)
def test_a_surrogate_has_a_summary_in_both_languages(name):
    assert summary("surrogates", name).endswith(".") and re.search("[一-鿿]", load("surrogates", name).zh)


@pytest.mark.parametrize("name,text,value", VALUES)
def test_a_surrogate_is_another_value_of_the_same_kind_and_the_same_each_time(name, text, value):
    new, again = (Protector(plan(default="surrogate"), KEY).instead(value, whole(value, name)) for _ in range(2))
    assert same(name, new) != same(name, value) and new == again
    shown = put_in(text, value, new)
    assert new in [shown[span.start : span.end] for span in spans(shown, [name])]
    digits = re.findall(r"\d{6,}", signs_of(value))
    assert not any(run in signs_of(new) for run in digits)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(EVERY), st.text(max_size=30) | st.text(alphabet="0123456789-/. 年月日ABx王李", max_size=20))
def test_no_value_makes_a_surrogate_fall_over(name, value):
    made = load("surrogates", name).make(plain(value).text or "x", Draw(KEY))
    assert isinstance(made, str)


@pytest.mark.parametrize("name", ["phone", "resident_id", "bank_card", "plate", "ssn"])
def test_the_form_of_a_number_stays(name):
    for value in [value for kind, _, value in VALUES if kind == name]:
        new = load("surrogates", name).make(value, Draw(KEY))
        assert len(new) == len(value) and [sign.isalnum() for sign in new] == [sign.isalnum() for sign in value]


def test_two_ways_of_writing_a_number_have_one_surrogate():
    phone = load("surrogates", "phone")
    one, other = phone.make("13800138000", Draw(KEY)), phone.make("+86 138-0013-8000", Draw(KEY))
    assert signs_of(other) == f"86{one}" and one.startswith("154")
    assert phone.make("13800138000", Draw(OTHER)) != one


def test_a_person_stays_one_person_in_full_and_in_part():
    person = load("surrogates", "person")
    full, first, last = (person.make(name, Draw(KEY)) for name in ("Anna Schmidt", "Anna", "SCHMIDT"))
    assert full == f"{first} {last.capitalize()}" and last.isupper()
    whole, family = person.make("王小明", Draw(KEY)), person.make("王", Draw(KEY))
    assert whole.startswith(family) and len(whole) == 3
    assert load("surrogates", "email").make("anna.schmidt@corp.com", Draw(KEY)).startswith(full.lower().replace(" ", "."))


def test_names_on_the_lists_keep_their_sex_and_never_become_one():
    from beside.surrogates._lists import words

    draw, person = Draw(KEY), load("surrogates", "person")
    for kind in ("female", "male"):
        made = [person.make(name, draw) for name in words("en", kind)]
        assert sorted(made) == sorted(words("en", kind)) and all(
            new != old for new, old in zip(made, words("en", kind), strict=True)
        )


def test_the_sex_in_a_resident_id_stays_and_its_check_character_is_right():
    from beside.surrogates._checks import resident

    make = load("surrogates", "resident_id").make
    for value in ("11010519491231002X", "440308199003077714"):
        new = make(value, Draw(KEY))
        assert int(new[16]) % 2 == int(value[16]) % 2 and resident(new[:17]) == new[17] and new[2:6] == "0000"


def test_dates_of_a_person_move_together_and_those_of_another_otherwise():
    from datetime import date

    make = load("surrogates", "birth_date").make
    anna, bert = Draw(KEY, "person-anna"), Draw(KEY, "person-bert")

    def moved(draw: Draw, day: str) -> int:
        return (date.fromisoformat(make(day, draw)) - date.fromisoformat(day)).days

    assert moved(anna, "1990-05-03") == moved(anna, "2011-01-31") != moved(bert, "1990-05-03")
    assert 20 <= abs(moved(anna, "1990-05-03")) <= 365


def test_refilling_keeps_the_marks():
    assert refilled("(212) 555-0143", "3145550199") == "(314) 555-0199"
