"""Edits of how a text is written: surface, widths, scripts."""

from __future__ import annotations

from unicodedata import normalize

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beside.perturbations.scripts import Scripts
from beside.perturbations.scripts import perturbation as scripts
from beside.perturbations.surface import Surface, marks, spacings
from beside.perturbations.widths import perturbation as widths


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@given(text=st.text(), seed=st.integers(0, 1000))
def test_other_capitals_leave_the_letters_alone(text: str, seed: int) -> None:
    assert Surface(kinds=("case",)).edit(text, rng(seed)).casefold() == text.casefold()


@given(text=st.text(alphabet="ab 我没到，。?!.,12", max_size=20), seed=st.integers(0, 1000))
def test_other_spaces_and_marks_leave_letters_and_digits_alone(text: str, seed: int) -> None:
    for kind in ("spacing", "punctuation"):
        after = Surface(kinds=(kind,)).edit(text, rng(seed))
        assert [char for char in after if char.isalnum()] == [char for char in text if char.isalnum()]


def test_a_question_stays_a_question() -> None:
    assert all("？" in edit for edit in marks("到账了？"))
    assert "到账了？？" in marks("到账了？")


def test_a_negation_is_not_pulled_away_from_its_verb() -> None:
    assert not any("没 " in edit or " 没" in edit for edit in spacings("钱没到账"))


def test_a_space_comes_between_two_writings_or_goes() -> None:
    assert "APP 打不开了" in spacings("APP打不开了")
    assert "APP打不开了" in spacings("APP 打不开了")


@given(text=st.text(), seed=st.integers(0, 1000))
def test_another_width_is_the_same_text_to_unicode(text: str, seed: int) -> None:
    def plain(of: str) -> str:
        return normalize("NFKC", of).replace("。", ".")

    assert plain(widths.edit(text, rng(seed))) == plain(text)


def test_a_stretch_of_marks_changes_its_width_but_no_amount() -> None:
    assert {widths.edit("转了2,500元，没到", rng(seed)) for seed in range(9)} == {"转了2,500元,没到"}


def test_simplified_becomes_traditional_by_phrase_and_back() -> None:
    assert scripts.edit("头发和发现，后面的皇后", rng()) == "頭髮和發現，後面的皇后"
    assert scripts.edit("頭髮和發現，後面的皇后", rng()) == "头发和发现，后面的皇后"
    assert Scripts(traditional="t").edit("因为", rng()) == "因爲"
    assert scripts.edit("因为", rng()) == "因為"


@settings(deadline=None)
@given(text=st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), max_size=8))
def test_any_chinese_characters_can_be_converted(text: str) -> None:
    assert isinstance(scripts.edit(text, rng()), str)


@pytest.mark.parametrize("text", ["東京駅の後で", "plain English", "대한민국 漢字", "日本"])
def test_what_is_no_chinese_or_has_no_other_writing_stays(text: str) -> None:
    assert scripts.edit(text, rng()) == text
