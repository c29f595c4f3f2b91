"""One label per text: the scores are those everybody knows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score

from beside.core.registry import load

task = load("tasks", "classify")
PAIRS = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcde")), min_size=1, max_size=60)


@given(PAIRS)
def test_macro_f1_and_accuracy_are_those_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    answers, targets = zip(*pairs, strict=True)
    scores = task.score(answers, targets, "abcde")
    present = sorted({*answers, *targets})
    assert scores["macro_f1"] == pytest.approx(
        f1_score(targets, answers, labels=present, average="macro", zero_division=0), abs=1e-12
    )
    assert scores["accuracy"] == pytest.approx(accuracy_score(targets, answers), abs=1e-12)
    assert next(iter(scores)) == "macro_f1"


def test_the_labels_are_sorted() -> None:
    assert task.labels(["b", "a", "b"]) == ("a", "b")


def test_a_weight_multiplies_what_the_rows_of_its_label_count() -> None:
    logits, targets = torch.tensor([[2.0, 0.0], [1.0, 0.0], [0.0, 0.5]]), torch.tensor([0, 1, 1])
    each = torch.tensor([float(task.loss(logits[i : i + 1], targets[i : i + 1], None, 0.0)) for i in range(3)])
    weighted = task.loss(logits, targets, torch.tensor([3.0, 0.5]), 0.0)
    assert float(weighted) == pytest.approx(float((each * torch.tensor([3.0, 0.5, 0.5])).mean()))


def test_equal_scores_give_the_first_label() -> None:
    assert task.decode(np.zeros((2, 3), dtype=np.float32), ("a", "b", "c")) == ["a", "a"]


def test_log_probabilities_are_distributions_and_agree_with_the_loss() -> None:
    logits, targets = torch.tensor([[2.0, 0.0, -1.0], [1.0, 0.0, 3.0]]), torch.tensor([0, 1])
    found = task.log_probabilities(logits)
    torch.testing.assert_close(found.exp().sum(dim=1), torch.ones(2))
    assert float(-found[[0, 1], targets].mean()) == pytest.approx(float(task.loss(logits, targets, None, 0.0)))
