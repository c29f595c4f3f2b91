"""Numbers and ordered levels: read, split evenly, learned, and scored as everybody does."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from sklearn.metrics import cohen_kappa_score

from beside.tasks._numbers import NumberBook, agreement, canonical, rank_correlation
from beside.tasks.grade import VALUE, mode_of, task

LEVELS = ("1", "2", "3", "4")


def test_scores_are_those_of_scikit_learn_and_scipy() -> None:
    rng = np.random.default_rng(0)
    targets = rng.integers(1, 6, 200)
    answers = np.clip(targets + rng.integers(-1, 3, 200), 1, 5)
    assert agreement(answers, targets) == pytest.approx(cohen_kappa_score(targets, answers, weights="quadratic"))
    assert rank_correlation(answers, targets) == pytest.approx(spearmanr(answers, targets).statistic)
    found = task.score([str(one) for one in answers], [str(one) for one in targets], LEVELS)
    assert found["mae"] == pytest.approx(np.abs(answers - targets).mean())
    assert found["rmse"] == pytest.approx(np.sqrt(((answers - targets) ** 2).mean()))
    assert rank_correlation(np.ones(5), targets[:5]) == agreement(np.ones(3), np.ones(3)) == 0


@pytest.mark.parametrize("cell, target", [("3", "3"), ("3.50", "3.5"), ("2,5", "2.5"), ("-0", "0"), ("1e2", "100"), ("−4", "-4")])
def test_numbers_are_read_in_several_forms(cell: str, target: str) -> None:
    assert canonical(cell) == target


@pytest.mark.parametrize("cell", ["good", "nan", "inf", "1,000.5", "85%"])
def test_what_is_no_number_is_refused(cell: str) -> None:
    with pytest.raises(ValueError, match="number"):
        canonical(cell)


def test_rows_are_split_evenly_over_the_range() -> None:
    book = NumberBook(mode_of)
    for place in range(400):
        book.read(str(place / 4), "", "")
    strata = book.strata()
    assert sorted(set(strata)) == list(range(10)) and strata == sorted(strata)
    assert min(np.bincount(strata)) >= 35
    assert "regression" in book.notes()[0] and book.members()[0] == []


def test_few_different_numbers_are_levels_in_the_order_of_numbers() -> None:
    assert task.labels(["10", "9", "2", "10"]) == ("2", "9", "10") and task.labels(["5", "1", "3"]) == ("1", "3", "5")
    assert task.labels(str(n) for n in range(11)) == task.labels(["0", "0.11", "0.5", "1"]) == (VALUE,)
    assert task.labels(["0", "0.3333", "0.6667", "1"]) == ("0", "0.3333", "0.6667", "1")
    assert task.outputs(LEVELS) == 3 and task.outputs((VALUE,)) == 1


def test_chances_of_levels_sum_to_one_and_never_contradict_each_other() -> None:
    logits = np.random.default_rng(1).normal(0, 4, (50, 3))
    shares = task.probabilities(logits, 1.0)
    assert shares.shape == (50, 4) and (shares >= 0).all()
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    [said] = task.answers(np.array([[9.0, 9.0, -9.0]]), 1.0, LEVELS)
    assert said.label == "3" and said.answer["value"] == 3 and said.answer["mean"] == pytest.approx(3, abs=0.01)


def test_a_step_counts_only_where_the_one_before_was_taken() -> None:
    logits = torch.zeros(1, 3, requires_grad=True)
    task.loss(logits, torch.tensor([0]), None, 0.0).backward()
    assert logits.grad is not None and logits.grad[0, 0] > 0 and logits.grad[0, 1:].eq(0).all()


def test_a_number_comes_back_in_its_own_unit_with_bounds_that_hold_nine_in_ten() -> None:
    rng = np.random.default_rng(2)
    targets = [f"{value:.3f}" for value in rng.normal(50, 10, 300)]
    ready = task.ready(targets, (VALUE,))
    encoded = ready.encode(targets, (VALUE,)).numpy()
    assert encoded.mean() == pytest.approx(0, abs=1e-5) and encoded.std() == pytest.approx(1, abs=1e-5)
    noisy = (encoded + rng.normal(0, 0.3, 300))[:, None].astype(np.float32)
    tuned = ready.tuned(noisy[:150], targets[:150], (VALUE,))
    held = [
        one.answer["low"] <= float(target) <= one.answer["high"]
        for one, target in zip(tuned.answers(noisy[150:], 1.0, (VALUE,)), targets[150:], strict=True)
    ]
    assert 0.83 <= np.mean(held) <= 0.97 and tuned.reach == pytest.approx(1.645 * 3, rel=0.25)
    unknown = ready.answers(noisy[:1], 1.0, (VALUE,))[0]
    assert unknown.probability == 0 and unknown.answer["low"] is None


@pytest.mark.parametrize("labels", [LEVELS, (VALUE,)])
def test_a_head_is_fitted_on_embeddings(labels: tuple[str, ...]) -> None:
    rng = np.random.default_rng(3)
    vectors = rng.normal(0, 1, (200, 5)).astype(np.float32)
    numbers = np.clip(np.round(vectors[:, 0] + 2.5), 1, 4) if labels == LEVELS else 7 * vectors[:, 0] + 100
    targets = [canonical(str(number)) for number in numbers]
    ready = task.ready(targets, labels)
    weights, biases = ready.fit_head(vectors, targets, labels, strength=10.0, balanced=False)
    answers = ready.decode(vectors @ weights.T + biases, labels)
    assert ready.score(answers, targets, labels)["qwk"] > 0.9
