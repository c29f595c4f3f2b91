"""Accuracy, F1 and floors against known truths and against scikit-learn."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import classification_report

from beside.checks.utility import _table
from beside.checks.utility._floor import majority, tfidf_answers
from beside.checks.utility.report import check, confusion


def measured(subject: Any, splits: Any, seed: int = 0) -> dict[str, Any]:
    return {one.metric: one for one in check.measure(subject, splits, np.random.default_rng(seed))}


def test_a_subject_that_is_always_right_has_accuracy_1_but_not_certainty(toy_subject: Any, make_splits: Any) -> None:
    splits = make_splits([(f"please refund {n}", "refund") if n % 2 else (f"card lost {n}", "lost") for n in range(50)])
    found = measured(toy_subject(lambda text: [5.0, 0.0] if "refund" in text else [0.0, 5.0]), splits)
    for metric in ("accuracy", "macro_f1", "weighted_f1"):
        assert found[metric].value == 1
        assert 0.9 < found[metric].low < 1
    assert found["accuracy"].low == pytest.approx(0.9287, abs=1e-4)  # Wilson 1927 for 50 of 50
    assert found["gain_over_tfidf"].value == 0
    assert found["gain_over_tfidf"].low < 0 < found["gain_over_tfidf"].high


def test_a_subject_that_always_says_the_same_equals_the_majority_floor(toy_subject: Any, make_splits: Any) -> None:
    splits = make_splits([(f"row {n} x", "lost") for n in range(60)] + [(f"row {n} y", "refund") for n in range(40)])
    found = measured(toy_subject(lambda text: [0.0, 1.0]), splits)
    assert found["accuracy"].value == found["majority_accuracy"].value == 0.6
    assert found["macro_f1"].value == pytest.approx(0.375)  # F1 of "lost" 0.75, of "refund" 0
    assert found["weighted_f1"].value == pytest.approx(0.45)


def test_the_numbers_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    labels = ["退款", "b", "c", "never answered", "absent"]
    targets = list(rng.choice(labels[:4], 200))
    answers = [target if rng.random() < 0.7 else str(rng.choice(labels[:3])) for target in targets]
    answers = [answer if answer != "never answered" else "b" for answer in answers]
    matrix = confusion(targets, answers, labels)
    once = _table.scores(np.diag(matrix), matrix.sum(axis=0), matrix.sum(axis=1))
    ours = _table.table(labels, matrix, once, _table.resampled(matrix, rng))
    theirs = classification_report(targets, answers, output_dict=True, zero_division=0)
    for row in [*ours["rows"][:4], *ours["averages"]]:
        expected = theirs[row["label"]]
        assert [row["precision"], row["recall"], row["f1"], row["support"]] == pytest.approx(
            [expected["precision"], expected["recall"], expected["f1-score"], expected["support"]]
        )


def test_nothing_is_claimed_about_a_label_without_rows() -> None:
    matrix = np.array([[30, 0], [0, 0]])
    once = _table.scores(np.diag(matrix), matrix.sum(axis=0), matrix.sum(axis=1))
    absent = _table.table(["a", "b"], matrix, once, _table.resampled(matrix, np.random.default_rng(0)))["rows"][1]
    assert (absent["support"], absent["f1_low"], absent["f1_high"]) == (0, 0.0, 1.0)
    assert (absent["recall_low"], absent["recall_high"]) == (0.0, 1.0)


def test_the_bootstrap_agrees_with_redrawing_rows() -> None:
    rng = np.random.default_rng(2)
    targets, answers = rng.integers(0, 3, 300), rng.integers(0, 3, 300)
    answers = np.where(rng.random(300) < 0.6, targets, answers)
    names = ["a", "b", "c"]
    matrix = confusion([names[t] for t in targets], [names[a] for a in answers], names)
    fast = np.quantile(_table.resampled(matrix, rng, 4000).macro[:, 2], [0.025, 0.975])
    slow = []
    for _ in range(2000):
        rows = rng.integers(0, 300, 300)
        drawn = confusion([names[t] for t in targets[rows]], [names[a] for a in answers[rows]], names)
        slow.append(_table.scores(np.diag(drawn), drawn.sum(axis=0), drawn.sum(axis=1)).macro[2])
    assert fast == pytest.approx(np.quantile(slow, [0.025, 0.975]), abs=0.012)


def test_3000_rows_of_77_labels_are_resampled_a_thousand_times_in_seconds() -> None:
    rng = np.random.default_rng(3)
    matrix = np.bincount(rng.integers(0, 77 * 77, 3000), minlength=77 * 77).reshape(77, 77)
    began = time.perf_counter()
    assert _table.resampled(matrix, rng).f1.shape == (1000, 77)
    assert time.perf_counter() - began < 5


def test_the_floor_learns_from_words_and_from_chinese_characters() -> None:
    english = (["lost my card", "card is lost", "refund me", "a refund please"], ["lost", "lost", "refund", "refund"])
    assert tfidf_answers(*english, ["I lost it", "refund"]) == ["lost", "refund"]
    chinese = (["卡丢了", "我的卡丢了", "退款给我", "要退款"], ["挂失", "挂失", "退款", "退款"])
    assert tfidf_answers(*chinese, ["卡丢了怎么办", "我想退款"]) == ["挂失", "退款"]


def test_the_floor_falls_back_to_the_most_frequent_label() -> None:
    assert majority(["b", "a", "b", "a", "c"]) == "a"
    assert tfidf_answers(["x", "y"], ["only", "only"], ["z"]) == ["only"]
    assert tfidf_answers(["!!!", "???"], ["a", "b"], ["..."]) == ["a"]


def test_a_target_that_the_model_does_not_know_counts_as_wrong(toy_subject: Any, make_splits: Any) -> None:
    splits = make_splits(
        [("card lost", "lost")] * 30 + [("hello", "greeting")] * 10, train=[("card lost", "lost"), ("money", "refund")]
    )
    found = measured(toy_subject(lambda text: [0.0, 1.0]), splits)
    assert found["accuracy"].value == 0.75
    assert found["accuracy"].evidence["labels"] == ["refund", "lost", "greeting"]
    assert np.sum(found["accuracy"].evidence["matrix"]) == 40


def test_without_labelled_training_rows_there_is_no_floor(toy_subject: Any, make_splits: Any) -> None:
    assert "floor" in check.why_not(toy_subject(lambda text: [0, 1]), make_splits([("a", "lost")], train=[("b", None)]))
