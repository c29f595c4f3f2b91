"""Calibration error against values worked out by hand."""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np
import pytest

from beside.checks.calibration.ece import CalibrationError, bin_of, check


def measured(subject: Any, splits: Any) -> dict[str, Any]:
    return {one.metric: one for one in check.measure(subject, splits, np.random.default_rng(0))}


def says(probability: float) -> Any:
    """Logits with which "refund" has that probability."""
    return lambda text: [log(probability / (1 - probability)), 0.0]


def test_always_sure_and_right_in_three_of_four_is_off_by_the_difference(toy_subject: Any, make_splits: Any) -> None:
    splits = make_splits([("a", "refund")] * 75 + [("b", "lost")] * 25)
    found = measured(toy_subject(says(0.95)), splits)["ece"]
    assert found.value == pytest.approx(0.2)
    assert 0.1 < found.low < 0.2 < found.high < 0.3
    assert found.evidence["bins"] == [
        {
            "low": pytest.approx(14 / 15),
            "high": 1.0,
            "confidence": pytest.approx(0.95),
            "accuracy": 0.75,
            "accuracy_low": pytest.approx(0.657, abs=1e-3),
            "accuracy_high": pytest.approx(0.825, abs=1e-3),
            "n": 100,
        }
    ]


def test_two_bins_are_weighted_by_their_rows(toy_subject: Any, make_splits: Any) -> None:
    # 60 rows at 0.9 of which 48 are right: |0.8 - 0.9|; 40 rows at 0.6 of which 30 are right: |0.75 - 0.6|
    rows = [("high", "refund")] * 48 + [("high", "lost")] * 12 + [("low", "refund")] * 30 + [("low", "lost")] * 10
    found = measured(toy_subject(lambda text: says(0.9 if text == "high" else 0.6)(text)), make_splits(rows))["ece"]
    assert found.value == pytest.approx(0.6 * 0.1 + 0.4 * 0.15)


def test_the_temperature_counts_for_what_is_served_only(toy_subject: Any, make_splits: Any) -> None:
    splits = make_splits([("a", "refund")] * 75 + [("b", "lost")] * 25)
    sharp = toy_subject(says(0.95), temperature=log(19) / log(3))  # served: 0.75, exactly right
    found = measured(sharp, splits)
    assert found["ece"].value == pytest.approx(0, abs=1e-6)
    assert found["ece_uncalibrated"].value == pytest.approx(0.2)
    assert found["ece"].evidence["temperature"] == pytest.approx(sharp.temperature)
    assert found["ece_uncalibrated"].evidence["temperature"] == 1


def test_an_always_right_and_always_certain_subject_has_error_0_but_no_certainty(toy_subject: Any, make_splits: Any) -> None:
    found = measured(toy_subject(lambda text: [80.0, 0.0]), make_splits([("a", "refund")] * 50))["ece"]
    assert (found.value, found.low) == (0, 0)
    assert found.high > 0.05


def test_rows_that_are_all_right_do_not_narrow_the_interval(toy_subject: Any, make_splits: Any) -> None:
    found = measured(
        toy_subject(lambda text: says(0.95 + len(text) / 1000)(text)), make_splits([("a" * (n % 9), "refund") for n in range(50)])
    )
    assert found["ece"].low < 0.02  # an accuracy of 0.97 is well possible
    assert found["ece"].high > found["ece"].value + 0.05


def test_a_calibrated_subject_is_not_accused_by_chance() -> None:
    rng = np.random.default_rng(4)
    accused = 0
    for _ in range(10):
        confidence = rng.uniform(0.5, 1, 200)
        estimate, evidence = check.error(confidence, (rng.random(200) < confidence).astype(float), rng, 1.0)
        accused += estimate.low > 0
        assert evidence["by_chance"] > 0.02  # what few rows make of a perfectly calibrated model
    assert accused <= 2


def test_bins_are_open_below_and_closed_above() -> None:
    assert bin_of(np.array([0.0, 0.1, 0.1000001, 1.0]), 10).tolist() == [0, 0, 1, 9]


def test_the_number_of_bins_is_an_option() -> None:
    coarse, _ = CalibrationError(bins=1).error(np.array([0.5, 0.9] * 20), np.array([1.0, 0.4] * 20), np.random.default_rng(0), 1.0)
    assert coarse.value == pytest.approx(0)


def test_bins_of_equal_size_see_what_bins_of_equal_width_average_away(toy_subject: Any, make_splits: Any) -> None:
    # 100 rows at 0.94 that are all right, 100 at 0.99 of which 86 are: in one bin of equal width the gaps cancel
    rows = [("low", "refund")] * 100 + [("high", "refund")] * 86 + [("high", "lost")] * 14
    found = measured(toy_subject(lambda text: says(0.99 if text == "high" else 0.94)(text)), make_splits(rows))
    assert found["ece"].value == pytest.approx(0.035, abs=1e-6)
    assert found["adaptive_ece"].value == pytest.approx((0.06 + 0.13) / 2, abs=1e-6)
    assert found["adaptive_ece"].low > 0.02
    assert [one["n"] for one in found["adaptive_ece"].evidence["bins"]] == [100, 100]


def test_few_rows_get_fewer_bins_of_equal_size(toy_subject: Any, make_splits: Any) -> None:
    luck = {f"row {n}": n / 90 for n in range(45)}
    found = measured(toy_subject(lambda text: says(0.5 + luck[text])(text)), make_splits([(text, "refund") for text in luck]))
    assert [one["n"] for one in found["adaptive_ece"].evidence["bins"]] == [11, 11, 11, 12]
