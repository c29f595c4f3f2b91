"""What every perturbation promises, for any text there is."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beside.core import registry

NAMES = registry.names("perturbations")
KEPT = "不没無无未非别莫勿否" + "沒別"
FOLDED = str.maketrans("沒別無", "没别无")  # the other writing of the same negation
NUMBER = re.compile(r"(?<![a-zа-я.\d])\d+(?:\.\d+)?(?![a-zа-я\d])", re.IGNORECASE)  # not the 0 of a look-alike such as l0st


@pytest.fixture(scope="module", params=NAMES)
def perturbation(request: pytest.FixtureRequest) -> Any:
    return registry.load("perturbations", request.param)


@pytest.mark.parametrize("name", NAMES)
def test_it_says_in_one_line_what_it_does(name: str) -> None:
    assert 10 < len(registry.summary("perturbations", name)) < 140


@settings(deadline=None)  # the first Chinese text reads a dictionary
@given(text=st.text(), seed=st.integers(0, 2**32))
def test_any_text_gives_a_text_and_the_same_seed_the_same(perturbation: Any, text: str, seed: int) -> None:
    first, second = (perturbation.edit(text, np.random.default_rng(seed)) for _ in range(2))
    assert isinstance(first, str)
    assert first == second


@pytest.mark.parametrize("text", ["", " ", "\n", "7", "🙂", "…", "\ud800", "\u0301"])
def test_a_text_without_words_stays_as_it_is(perturbation: Any, text: str) -> None:
    assert perturbation.edit(text, np.random.default_rng(0)) == text


def test_every_sentence_that_it_names_as_an_example_is_edited(perturbation: Any) -> None:
    for text in perturbation.examples:
        assert {perturbation.edit(text, np.random.default_rng(seed)) for seed in range(20)} - {text}, text


@settings(deadline=None)
@given(
    text=st.lists(
        st.sampled_from(
            [
                *"我的卡没不未收到三百元两还在再已己他她末人入很",
                *["not", "don't", "250", "3.5", "lost", "my", "card", "her"],
                " ",
                "，",
            ]
        ),
        max_size=20,
    ).map("".join),
    seed=st.integers(0, 1000),
)
def test_negations_and_numbers_stay(perturbation: Any, text: str, seed: int) -> None:
    after = perturbation.edit(text, np.random.default_rng(seed))
    assert [char for char in after.translate(FOLDED) if char in KEPT] == [char for char in text.translate(FOLDED) if char in KEPT]
    assert NUMBER.findall(after) == NUMBER.findall(text)


@pytest.mark.parametrize("text", ["I did not get 250 euros, don't ask anna@bank.example", "订单号A-2041没有到，不要打13800138000"])
def test_addresses_and_negations_of_real_sentences_stay(perturbation: Any, text: str) -> None:
    for seed in range(50):
        after = perturbation.edit(text, np.random.default_rng(seed))
        for kept in re.findall(r"anna@bank\.example|250|A-2041|13800138000", text):
            assert kept in after
        folded = after.casefold().translate(FOLDED)
        assert all(negation in folded for negation in ("not", "don't", "没", "不") if negation in text)


def test_its_options_have_a_unit_and_a_reason(perturbation: Any) -> None:
    for option in fields(perturbation):
        assert option.metadata["unit"]
        assert option.metadata["reason"]
