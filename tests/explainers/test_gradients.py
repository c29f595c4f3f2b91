"""Integrated gradients and gradient times input, against a model whose weights are known and against Captum used plainly."""

from __future__ import annotations

from math import exp
from typing import Any

import pytest
import torch

from beside.core.wording import words
from beside.explainers._tokens import inside, to_words
from beside.explainers.gradient_x_input import explainer as gradient_x_input
from beside.explainers.integrated_gradients import IntegratedGradients
from beside.explainers.integrated_gradients import explainer as integrated_gradients

TEXT = "The refund is terribly late, card lost"
WEIGHTS = {"refund": 1.5, "terribly": 0.5, "late": -0.25, "card": 0.75}


def sigmoid(value: float) -> float:
    return 1 / (1 + exp(-value))


def test_of_a_sum_of_weights_each_word_gets_its_share_of_the_way(linear: Any) -> None:
    """On a straight path through a sigmoid of a sum, the integral of every word is exactly proportional to its weight."""
    found = integrated_gradients.explain(linear(WEIGHTS), TEXT)
    total, way = sum(WEIGHTS.values()), sigmoid(2.5) - sigmoid(0.0)
    for word in found.words:
        assert word.weight == pytest.approx(WEIGHTS.get(word.word, 0.0) / total * way, abs=1e-4)
    assert found.delta == pytest.approx(0, abs=1e-4)
    assert found.probability == pytest.approx(sigmoid(2.5))


def test_the_gradient_at_the_text_times_what_each_word_adds(linear: Any) -> None:
    found = gradient_x_input.explain(linear(WEIGHTS), TEXT)
    slope = sigmoid(2.5) * (1 - sigmoid(2.5))
    for word in found.words:
        assert word.weight == pytest.approx(WEIGHTS.get(word.word, 0.0) * slope, abs=1e-5)
    assert found.delta is None


@pytest.mark.parametrize("text", ["where is my parcel", "i want my money back, please!", "cancel 退款 the subscription"])
def test_the_words_add_up_to_what_the_text_did_to_the_answer(real: Any, text: str) -> None:
    found = integrated_gradients.explain(real, text)
    with real.inputs_of(text) as inputs, torch.no_grad():
        without = inputs.probabilities(inputs.baseline(inside(inputs.spans, words(text))))[0]
    way = found.probability - float(without[real.labels.index(found.label)])
    assert sum(word.weight for word in found.words) == pytest.approx(way + found.delta, abs=1e-5)
    assert abs(found.delta) <= 0.05


def test_the_steps_double_until_the_miss_is_small(real: Any) -> None:
    asked: list[int] = []

    class Counting(IntegratedGradients):
        def attributed(self, inputs: Any, places: list[bool]) -> Any:
            answers = inputs.probabilities

            class Counted:
                embeddings, spans, baseline = inputs.embeddings, inputs.spans, inputs.baseline

                def probabilities(self, embeddings: Any) -> Any:
                    asked.append(len(embeddings))
                    return answers(embeddings)

            return super().attributed(Counted(), places)

    Counting(steps=1, most=8, tolerance=0.0).explain(real, "i want my money back")
    assert asked == [2, 1, 2, 4, 8], "both ends of the path together, then all steps in one pass each time"
    asked.clear()
    Counting(steps=1, most=8, tolerance=1.0).explain(real, "i want my money back")
    assert asked == [2, 1]


def test_the_miss_is_the_one_that_captum_reports(real: Any) -> None:
    from captum.attr import IntegratedGradients as Captum

    text = "where is my parcel"
    found = IntegratedGradients(steps=3, most=3).explain(real, text)
    with real.inputs_of(text) as inputs:
        baseline = inputs.baseline(inside(inputs.spans, words(text)))
        label = real.labels.index(found.label)
        given = {"baselines": baseline, "target": label, "n_steps": 3, "return_convergence_delta": True}
        weights, delta = Captum(inputs.probabilities).attribute(inputs.embeddings, **given)
    assert found.delta == pytest.approx(float(delta), abs=1e-6)
    assert sum(word.weight for word in found.words) == pytest.approx(float(weights.sum()), abs=1e-6)


def test_a_text_that_is_cut_says_how_much_of_it_was_read(real: Any) -> None:
    text = "parcel " * 40
    assert len(words(text)) == 40
    found = integrated_gradients.explain(real, text)
    assert found.method == f"integrated_gradients, first {len(found.words)} of 40 words"
    assert 0 < len(found.words) < 40


def test_tokens_are_summed_to_words_and_shared_where_they_cover_several() -> None:
    """A token of a base trained on Chinese may cover the end of one word and the start of the next."""
    text = "银行卡丢了 ok"
    cut = words(text)
    assert [word.text for word in cut] == ["银行卡", "丢", "了", "ok"]
    found = to_words([9.0, 1.0, 0.5, 0.4, 0.2, 7.0], [(0, 0), (0, 2), (2, 4), (4, 5), (6, 8), (0, 0)], cut)
    assert [word.weight for word in found] == pytest.approx([1.25, 0.25, 0.4, 0.2])
    assert inside([(0, 0), (0, 2), (5, 6)], cut) == [False, True, False]
