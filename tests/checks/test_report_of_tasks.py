"""Answers of other forms have scores with intervals and floors of their own; most checks do not speak of them, and say so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from beside.checks.utility.report import check
from beside.core import registry
from beside.core.applies import OF_PAIRS, OTHER_FORM, for_task, metrics_of, why_not
from beside.core.pairs import joined
from beside.core.policies import read_policy
from beside.core.types import Splits

multilabel, grade, match = (registry.load("tasks", name) for name in ("multilabel", "grade", "match"))
TARGETS = ("food", "food|room", "room", "")


class Said:
    """A subject with a task; right on three rows in four."""

    max_length, temperature = 64, 1.0

    def __init__(self, task: Any, splits: Splits) -> None:
        self.task = task
        self.labels = task.labels(str(row.target) for row in splits.train)
        wrong = str(splits.test[0].target)
        self.known = {row.text: wrong if place % 4 == 1 else row.target for place, row in enumerate(splits.test)}

    def predict(self, texts: list[str]) -> list[Any]:
        return [self.known[text] for text in texts]


@pytest.fixture
def splits(make_splits: Any) -> Splits:
    words = ("soup and bread", "soup in a bed", "a bed and a bath", "nothing much")
    return make_splits(
        [(f"{words[place % 4]} number {place}", TARGETS[place % 4]) for place in range(80)],
        train=[(f"{words[place % 4]} row {place}", TARGETS[place % 4]) for place in range(120)],
    )


def test_a_set_of_labels_is_measured_by_its_own_scores_against_two_floors(splits: Splits) -> None:
    subject = Said(multilabel, splits)
    found = {one.metric: one for one in check.measure(subject, splits, np.random.default_rng(0))}
    assert list(found) == list(metrics_of(check, multilabel))
    for one in found.values():
        assert one.low < one.high and one.low <= one.value <= one.high and one.n == 80
    assert found["subset_accuracy"].value == 0.75 and found["hamming"].better == "lower"
    assert found["tfidf_score"].value == 1.0, "every label hangs on a word"
    assert found["gain_over_floor"].value == pytest.approx(found["micro_f1"].value - found["floor"].value)
    assert found["gain_over_tfidf_score"].high < 0
    assert [bar["name"] for bar in found["floor"].evidence["rows"]][1:] == ["best constant answer", "TF-IDF + linear model"]


def test_a_number_is_compared_with_ridge_regression_on_words(make_splits: Any) -> None:
    rows = [(f"{'good ' * (place % 12)}day {place}", f"{place % 12 * 1.37:.2f}") for place in range(90)]
    subject = Said(grade, make_splits(rows))
    found = {one.metric: one for one in check.measure(subject, make_splits(rows), np.random.default_rng(0))}
    assert found["tfidf_score"].value > 0.5 and found["floor"].value == pytest.approx(0, abs=1e-9)
    assert found["mae"].unit == "points" and found["mae"].low > 0


def test_pairs_have_accuracy_and_a_score_of_their_own(make_splits: Any) -> None:
    splits = make_splits([(joined(f"text {n}", "other"), "same" if n % 2 else "different") for n in range(60)])
    found = [one.metric for one in check.measure(Said(match, splits), splits, np.random.default_rng(0))]
    assert set(found) == set(metrics_of(check, match)) and {"accuracy", "mcc"} <= set(found)


def test_checks_of_one_label_say_why_they_do_not_apply(splits: Splits, make_splits: Any) -> None:
    typos, ece = registry.load("checks", "robustness/typos"), registry.load("checks", "calibration/ece")
    assert why_not(typos, Said(multilabel, splits), splits) == why_not(ece, Said(multilabel, splits), splits) == OTHER_FORM
    pairs = make_splits([(joined("a", "b"), "same")] * 5 + [(joined("c", "d"), "different")] * 5)
    assert why_not(typos, Said(match, pairs), pairs) == OF_PAIRS and why_not(ece, Said(match, pairs), pairs) is None
    assert why_not(check, Said(multilabel, splits), splits) is None


def test_limits_that_say_nothing_about_a_task_are_left_out_and_a_floor_takes_their_place() -> None:
    policy = read_policy("default")
    assert for_task(policy, registry.load("tasks", "classify"), pairs=False) is policy
    assert [(one.metric, one.limit) for one in for_task(policy, multilabel, pairs=False).limits] == [("gain_over_floor", 0.0)]
    left = {one.check for one in for_task(policy, match, pairs=True).limits}
    assert {"utility/report", "calibration/ece"} <= left and "robustness/typos" not in left
