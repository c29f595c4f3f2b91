"""Whom an erasure looks for, and what it recognises as theirs."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beside.core.cleaning import pseudonym
from beside.core.erasure import MARK, Asked, Needles, leaves
from beside.core.errors import BadInput
from beside.core.types import Example

LONG = "my card number is KX-99-17 and I live in Elm Street, please call me back"


def test_a_person_is_found_by_pseudonym_and_by_the_name_it_was_made_from():
    row = Example(id="1", text="hello", person=pseudonym("Ada"))
    assert Asked(person="Ada").owns(row)
    assert Asked(person=pseudonym("Ada")).owns(row)
    assert not Asked(person="Bob").owns(row)
    assert Asked(person="Ada").key() == Asked(person=pseudonym("Ada")).key()


def test_words_are_found_in_text_second_text_and_answer_whatever_their_case():
    asked = Asked(words=("Zhang San",))
    assert asked.owns(Example(id="1", text="I am ZHANG SAN"))
    assert asked.owns(Example(id="1", text="x", pair="ask zhang san"))
    assert asked.owns(Example(id="1", text="x", target="zhang san"))
    assert not asked.owns(Example(id="1", text="zhang"))


@pytest.mark.parametrize("given_", [{}, {"person": " "}, {"words": ("ab",)}])
def test_a_request_that_names_nobody_is_refused(given_):
    with pytest.raises(BadInput):
        Asked(**given_)


def test_a_short_text_is_theirs_as_a_whole_and_not_inside_another():
    needles = Needles.of(Asked(person="Ada"), ["lost card"])
    assert needles.held("Lost  card")
    assert not needles.held("I lost card and keys")
    assert needles.bytes() == Needles.of(Asked(person="Ada"), []).bytes(), "no file is searched for two common words"


def test_the_beginning_of_a_long_text_gives_it_away_where_the_rest_was_cut():
    needles = Needles.of(Asked(person="Ada"), [LONG])
    assert needles.held(f"{LONG[:64]}…")


def test_a_text_that_others_wrote_too_gives_nobody_away():
    needles = Needles.of(Asked(person="Ada"), [LONG], frozenset([LONG.casefold()]))
    assert not needles.held(LONG)


def test_words_are_struck_out_of_plain_data_and_all_else_stays():
    needles = Needles.of(Asked(words=("Zhang San",)), [])
    content = {"note": "ask zhang san, please", "n": 3, "more": [{"Zhang San": None}, True]}
    assert needles.cut(content) == {"note": f"ask {MARK}, please", "n": 3, "more": [{MARK: None}, True]}


@given(st.text(min_size=3).filter(lambda words: len(words.strip()) >= 3), st.text(), st.text())
def test_whatever_is_struck_out_is_found_no_more(words, before, after):
    needles = Needles.of(Asked(words=(words,)), [])
    text = f"{before}{words.strip()}{after}"
    assert needles.inside(text)
    assert not any(needles.inside(said) for said in leaves(needles.cut({"text": text})) if said != MARK) or words.strip() in MARK


@given(st.text(min_size=3).filter(lambda words: len(words.strip()) >= 3 and words.isprintable()))
def test_words_are_found_in_the_bytes_of_a_file_plain_escaped_and_in_two_bytes_each(words):
    forms = Needles.of(Asked(words=(words,)), []).bytes()
    spelled = words.strip()
    written = (spelled, json.dumps(spelled), json.dumps(spelled, ensure_ascii=False))
    for content in (*(text.encode() for text in written), spelled.encode("utf-16-le")):
        assert any(form in content.lower() for form in forms)
