"""Forgetting against the parent, and backward flips against the champion."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from beside.checks.memory.flips import BackwardFlips
from beside.checks.memory.forgetting import Forgetting
from beside.core.statistics import mcnemar

ROWS = [(f"row {n}", "refund") for n in range(100)]


def right_on(toy_subject: Any, rows: range, labels: tuple[str, ...] = ("refund", "lost")) -> Any:
    """A model that answers these rows correctly and no others."""
    return toy_subject(lambda text: [float(int(text.split()[1]) in rows), 0.5], labels=labels)


def test_what_the_parent_knew_and_the_run_does_not_is_forgotten(toy_subject: Any, make_splits: Any) -> None:
    parent, run = right_on(toy_subject, range(90)), right_on(toy_subject, range(20, 90))
    (found,) = Forgetting(parent=parent).measure(run, make_splits(ROWS), np.random.default_rng(0))
    assert found.value == pytest.approx(0.2)
    assert 0.1 < found.low < 0.2 < found.high < 0.3
    assert found.evidence["of"] == 20
    assert found.evidence["rows"][0] == {"text": "row 0", "target": "refund", "before": "refund", "after": "lost"}


def test_a_run_that_learned_more_forgot_less_than_nothing(toy_subject: Any, make_splits: Any) -> None:
    parent, run = right_on(toy_subject, range(50)), right_on(toy_subject, range(80))
    (found,) = Forgetting(parent=parent).measure(run, make_splits(ROWS), np.random.default_rng(0))
    assert found.high < 0


def test_labels_that_only_one_model_knows_are_not_compared(toy_subject: Any, make_splits: Any) -> None:
    parent, run = right_on(toy_subject, range(90)), right_on(toy_subject, range(90))
    splits = make_splits([*ROWS, ("row 1", "a new label")])
    (found,) = Forgetting(parent=parent).measure(run, splits, np.random.default_rng(0))
    assert found.n == 100
    stranger = right_on(toy_subject, range(90), labels=("x", "y"))
    assert Forgetting(parent=stranger).why_not(run, splits) == "No test row has a label that both runs know."
    assert BackwardFlips(champion=stranger).why_not(run, splits) == "No test row has a label that both runs know."


def test_right_answers_that_turn_wrong_are_counted_even_when_the_average_rises(toy_subject: Any, make_splits: Any) -> None:
    champion, run = right_on(toy_subject, range(70)), right_on(toy_subject, range(10, 95))
    (found,) = BackwardFlips(champion=champion).measure(run, make_splits(ROWS), np.random.default_rng(0))
    assert found.value == pytest.approx(0.1)
    assert (found.evidence["of"], found.evidence["won"]) == (10, 25)
    assert found.evidence["p_value"] == pytest.approx(mcnemar(10, 25))


def test_without_anything_to_compare_with_they_say_so(toy_subject: Any, make_splits: Any) -> None:
    run, splits = right_on(toy_subject, range(9)), make_splits(ROWS)
    assert "no parent run" in str(Forgetting().why_not(run, splits))
    assert "No other release" in str(BackwardFlips().why_not(run, splits))
