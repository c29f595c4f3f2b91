"""What every explainer promises."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beside.core import registry
from beside.core.wording import words

NAMES = registry.names("explainers")


@pytest.fixture(params=NAMES)
def explainer(request: pytest.FixtureRequest) -> Any:
    return registry.load("explainers", request.param)


@pytest.mark.parametrize("name", NAMES)
def test_it_says_in_one_line_what_it_does(name: str) -> None:
    assert 10 < len(registry.summary("explainers", name)) < 140


def test_it_explains_a_model_with_gradients_and_says_why_when_it_cannot_do_without(
    explainer: Any, toy_subject: Any, linear: Any, real: Any
) -> None:
    assert explainer.why_not(linear({})) is None
    assert explainer.why_not(real) is None
    assert explainer.why_not(toy_subject(lambda text: [1.0, 0.0])) in (
        None,
        "This model gives answers only; its gradients cannot be taken.",
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(text=st.one_of(st.text(max_size=60), st.text(st.sampled_from("abc 我的卡丢了.'"), max_size=30)))
def test_every_word_is_where_it_says(explainer: Any, linear: Any, text: str) -> None:
    found = explainer.explain(linear({"a": 1.0, "bc": -0.5, "卡": 2.0}), text)
    assert found.label in ("refund", "lost")
    assert 0 <= found.probability <= 1
    assert [(word.start, word.end, word.word) for word in found.words] == [tuple(word) for word in words(text)]
    assert all(abs(word.weight) < 30 for word in found.words)


@pytest.mark.parametrize("text", ["where is my parcel?", "退款 please, and quickly!", "?", "a\u0301 😀 don't", "refund " * 40])
def test_it_explains_whatever_a_real_model_reads(explainer: Any, real: Any, text: str) -> None:
    found = explainer.explain(real, text)
    assert found.probability == pytest.approx(real.probabilities([text]).max(), abs=1e-5)
    for word in found.words:
        assert text[word.start : word.end] == word.word


@pytest.mark.parametrize(("text", "word"), [("I lost my card", "card"), ("我的银行卡丢了", "银行卡")])
def test_the_only_word_that_counts_weighs_most(explainer: Any, linear: Any, text: str, word: str) -> None:
    found = explainer.explain(linear({word: 3.0}), text)
    assert max(found.words, key=lambda one: one.weight).word == word
    others = [one.weight for one in found.words if one.word != word]
    assert others == pytest.approx([0.0] * len(others), abs=1e-6)


def test_a_word_that_speaks_against_the_answer_weighs_less_than_nothing(explainer: Any, linear: Any) -> None:
    weights = {one.word: one.weight for one in explainer.explain(linear({"good": 2.0, "but": -1.0}), "good but slow").words}
    assert weights["good"] > 0 > weights["but"]


def test_the_same_text_gives_the_same_explanation(explainer: Any, linear: Any) -> None:
    subject = linear({"card": 1.0, "lost": 0.3})
    assert explainer.explain(subject, "I lost my card") == explainer.explain(subject, "I lost my card")
