"""Leaving words out, against a subject whose arithmetic is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from beside.explainers.occlusion import Occlusion, explainer, without


def test_the_weight_is_the_probability_that_goes_with_the_word(toy_subject: Any) -> None:
    subject = toy_subject(lambda text: [2.0 * ("lost" in text) - 1.0 * ("maybe" in text), 0.0])
    whole, less_lost, less_maybe = subject.probabilities(["maybe lost", "maybe", "lost"])[:, 0]
    found = explainer.explain(subject, "maybe lost")
    assert found.label == "refund"
    assert found.probability == pytest.approx(whole)
    assert [word.weight for word in found.words] == pytest.approx([whole - less_maybe, whole - less_lost])
    assert found.words[0].weight < 0 < found.words[1].weight
    assert found.method == "occlusion"


def test_the_model_is_asked_once_with_all_variants(toy_subject: Any) -> None:
    asked: list[list[str]] = []

    class Listening(toy_subject):  # type: ignore[misc]
        def probabilities(self, texts: Any) -> np.ndarray:
            asked.append(list(texts))
            return super().probabilities(texts)

    explainer.explain(Listening(lambda text: [1.0, 0.0]), "my card, lost")
    assert asked == [["my card, lost", "card, lost", "my , lost", "my card, "]]


def test_chinese_is_explained_word_by_word(toy_subject: Any) -> None:
    words = explainer.explain(toy_subject(lambda text: [1.0, 0.0]), "我的VISA银行卡don't用well-known").words
    assert [word.word for word in words] == ["我", "的", "VISA", "银行卡", "don't", "用", "well-known"]


def test_a_long_text_says_how_much_of_it_was_explained(toy_subject: Any) -> None:
    found = explainer.explain(toy_subject(lambda text: [1.0, 0.0]), " ".join(f"word{n}" for n in range(345)))
    assert found.method == "occlusion, first 200 of 345 words"
    assert len(found.words) == 200
    assert Occlusion(words=3).explain(toy_subject(lambda text: [1.0, 0.0]), "a b c").method == "occlusion"


def test_an_empty_text_has_an_answer_and_no_words(toy_subject: Any) -> None:
    found = explainer.explain(toy_subject(lambda text: [1.0, 0.0]), "")
    assert (found.label, found.words) == ("refund", ())


def test_leaving_a_word_out_leaves_no_double_space() -> None:
    assert without("my lost card", 3, 7) == "my card"
    assert without("my lost card", 0, 2) == "lost card"
    assert without("卡丢了", 1, 2) == "卡了"
