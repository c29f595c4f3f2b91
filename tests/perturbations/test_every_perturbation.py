"""What every perturbation promises, for any text there is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beside.core import registry

NAMES = registry.names("perturbations")


@pytest.fixture(scope="module", params=NAMES)
def perturbation(request: pytest.FixtureRequest) -> Any:
    return registry.load("perturbations", request.param)


@pytest.mark.parametrize("name", NAMES)
def test_it_says_in_one_line_what_it_does(name: str) -> None:
    assert 10 < len(registry.summary("perturbations", name)) < 140


@given(text=st.text(), seed=st.integers(0, 2**32))
def test_any_text_gives_a_text_and_the_same_seed_the_same(perturbation: Any, text: str, seed: int) -> None:
    first, second = (perturbation.edit(text, np.random.default_rng(seed)) for _ in range(2))
    assert isinstance(first, str)
    assert first == second


@pytest.mark.parametrize("text", ["", " ", "\n", "7", "🙂", "…", "\ud800", "\u0301"])
def test_a_text_without_words_stays_as_it_is(perturbation: Any, text: str) -> None:
    assert perturbation.edit(text, np.random.default_rng(0)) == text


@pytest.mark.parametrize(
    "text", ["Where is my transfer of 250 euros?", "我的转账250元怎么还没有到账？", "私のカードはどこですか", "Где мой перевод"]
)
def test_a_sentence_is_edited(perturbation: Any, text: str) -> None:
    edits = {perturbation.edit(text, np.random.default_rng(seed)) for seed in range(20)}
    assert len(edits - {text}) > 3
