"""What every explainer promises."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beside.core import registry

NAMES = registry.names("explainers")


@pytest.fixture(params=NAMES)
def explainer(request: pytest.FixtureRequest) -> Any:
    return registry.load("explainers", request.param)


@pytest.mark.parametrize("name", NAMES)
def test_it_says_in_one_line_what_it_does(name: str) -> None:
    assert 10 < len(registry.summary("explainers", name)) < 140


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(text=st.text(max_size=60))
def test_every_word_is_where_it_says(explainer: Any, toy_subject: Any, text: str) -> None:
    found = explainer.explain(toy_subject(lambda text: [len(text) % 3, 1.0]), text)
    assert found.label in ("refund", "lost")
    assert 0 <= found.probability <= 1
    ends = 0
    for word in found.words:
        assert text[word.start : word.end] == word.word
        assert word.start >= ends, "words come in order and do not overlap"
        assert -1 <= word.weight <= 1
        ends = word.end


@pytest.mark.parametrize(("text", "word"), [("I lost my card", "card"), ("我的卡丢了", "卡")])
def test_the_only_word_that_counts_weighs_most(explainer: Any, toy_subject: Any, text: str, word: str) -> None:
    found = explainer.explain(toy_subject(lambda text: [3.0 if word in text else -3.0, 0.0]), text)
    assert max(found.words, key=lambda one: one.weight).word == word


def test_the_same_text_gives_the_same_explanation(explainer: Any, toy_subject: Any) -> None:
    subject = toy_subject(lambda text: [len(text), 5.0])
    assert explainer.explain(subject, "I lost my card") == explainer.explain(subject, "I lost my card")
