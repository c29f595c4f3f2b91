"""Membership attacks: a model that learned its rows by heart is caught, one that never saw them is not."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest

from beside.checks.privacy._attacks import area, confidence, likelihood_ratio, roc
from beside.checks.privacy.membership import Membership
from beside.core.types import Splits

TRAIN = [(f"training text number {n}", ("refund", "lost")[n % 2]) for n in range(400)]
TEST = [(f"other text number {n}", ("refund", "lost")[n % 2]) for n in range(400)]
TARGET = dict(TRAIN + TEST)


def sure(text: str, logit: float) -> list[float]:
    """Scores of a model that is this sure of the right answer, give or take."""
    noise = (hash_of(text) % 1000) / 250 - 2
    return [logit + noise, 0.0] if TARGET[text] == "refund" else [0.0, logit + noise]


def hash_of(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def attacked(subject: Any, splits: Splits, **options: Any) -> dict[str, Any]:
    check = Membership(**options)
    assert check.why_not(subject, splits) is None
    return {one.metric: one for one in check.measure(subject, splits, np.random.default_rng(0))}


def test_an_overtrained_model_is_caught(toy_subject: Any, make_splits: Any) -> None:
    by_heart = toy_subject(lambda text: sure(text, 8.0 if text.startswith("training") else 1.0))
    found = attacked(by_heart, make_splits(TEST, train=TRAIN))
    assert found["membership_auc"].low > 0.95
    assert found["membership_tpr"].low > 0.8
    assert found["membership_auc"].n == 200  # half of the members chose the attack
    curve = found["membership_auc"].evidence
    assert (curve["kind"], len(curve["lines"])) == ("curve", 2)
    assert curve["lines"][0]["points"][0] == [0, 0]
    assert curve["lines"][0]["points"][-1] == [1, 1]


def test_a_model_that_never_saw_the_rows_is_not_accused(toy_subject: Any, make_splits: Any) -> None:
    found = attacked(toy_subject(lambda text: sure(text, 1.0)), make_splits(TEST, train=TRAIN))
    auc, tpr = found["membership_auc"], found["membership_tpr"]
    assert auc.low < 0.5 < auc.high
    assert abs(auc.value - 0.5) < 0.1
    assert tpr.value < 0.06


def test_the_ratio_attack_finds_members_among_easy_and_hard_rows() -> None:
    rng = np.random.default_rng(0)
    hard = rng.normal(size=(600, 1))  # on each side of 0 lies one label: near 0 a row is hard
    targets = (hard[:, 0] > 0).astype(int)
    member = np.arange(600) < 300
    shown = 4 * np.abs(hard[:, 0]) + 1.0 * member + rng.normal(0, 0.2, 600)
    ratio = likelihood_ratio(shown, hard, targets, rng)
    by_ratio, by_loss = (area(scores[member], scores[~member]) for scores in (ratio, shown))
    assert by_loss < 0.7
    assert by_ratio > by_loss + 0.1


def test_a_test_row_that_is_a_training_row_as_well_is_left_out(toy_subject: Any, make_splits: Any) -> None:
    subject = toy_subject(lambda text: sure(text, 1.0))
    assert "2 other test rows" in str(Membership().why_not(subject, make_splits(TRAIN)))
    found = attacked(subject, make_splits(TRAIN[:100] + TEST[:100], train=TRAIN))
    assert found["membership_auc"].n == 50


def test_confidence_is_the_logit_of_the_probability() -> None:
    logits = np.array([[2.0, 1.0, 0.0], [0.0, 800.0, 0.0]])
    p = np.exp(2) / np.exp([2, 1, 0]).sum()
    assert confidence(logits, np.array([0, 1]))[0] == pytest.approx(np.log(p / (1 - p)))
    assert np.isfinite(confidence(logits, np.array([0, 0]))).all()


def test_the_area_counts_pairs_and_ties_half() -> None:
    assert area(np.array([3.0, 2.0]), np.array([1.0, 2.0])) == (2 + 1.5) / 4
    assert roc(np.array([1.0, 1.0]), np.array([0.0, 0.0]))[1][0] == 0.0
