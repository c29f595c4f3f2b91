"""The Brier score and its skill on answers whose score is known by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from beside.checks.calibration.brier import check, murphy


def measure(subject: Any, splits: Any) -> dict[str, Any]:
    return {one.metric: one for one in check.measure(subject, splits, np.random.default_rng(0))}


def rows(n: int) -> list[tuple[str, str]]:
    return [(f"row {place}", ("refund", "lost")[place % 2]) for place in range(n)]


def test_a_model_that_is_sure_and_right_scores_zero_and_has_all_the_skill(toy_subject: Any, make_splits: Any) -> None:
    truth = dict(rows(100))
    found = measure(toy_subject(lambda text: [40, 0] if truth[text] == "refund" else [0, 40]), make_splits(rows(100)))
    assert found["brier"].value == pytest.approx(0, abs=1e-6)
    assert found["brier_skill"].value == pytest.approx(1, abs=1e-6)


def test_a_model_that_is_sure_and_wrong_scores_two(toy_subject: Any, make_splits: Any) -> None:
    truth = dict(rows(100))
    found = measure(toy_subject(lambda text: [0, 40] if truth[text] == "refund" else [40, 0]), make_splits(rows(100)))
    assert found["brier"].value == pytest.approx(2, abs=1e-6)
    assert found["brier_skill"].high < 0


def test_the_base_rates_themselves_have_no_skill(toy_subject: Any, make_splits: Any) -> None:
    found = measure(toy_subject(lambda text: [0, 0]), make_splits(rows(100)))
    assert found["brier"].value == pytest.approx(0.5)  # (1/2)^2 twice
    assert found["brier_skill"].low < 0 < found["brier_skill"].high


def test_a_row_whose_label_the_model_does_not_know_counts_as_wrong(toy_subject: Any, make_splits: Any) -> None:
    found = measure(toy_subject(lambda text: [40, 0]), make_splits([("a", "stolen")] * 40, train=rows(10)))
    assert found["brier"].value == pytest.approx(2, abs=1e-6)


def test_the_parts_of_murphy_add_up_to_the_score_when_bins_hold_one_probability_each(toy_subject: Any, make_splits: Any) -> None:
    luck = np.random.default_rng(0)
    said = luck.choice([0.05, 0.25, 0.65, 0.95], 400)
    probabilities = np.column_stack([said, 1 - said])
    first = luck.random(400) < said
    truth = np.column_stack([first, ~first]).astype(float)
    reliability, resolution, uncertainty = murphy(probabilities, truth, np.ones(400), 10)
    assert reliability - resolution + uncertainty == pytest.approx(((probabilities - truth) ** 2).sum(axis=1).mean())
    assert reliability < 0.05 < resolution


def test_the_evidence_takes_the_score_apart_with_intervals(toy_subject: Any, make_splits: Any) -> None:
    found = measure(toy_subject(lambda text: [0.5, 0]), make_splits(rows(100)))["brier"]
    assert [row["name"].split(" (")[0] for row in found.evidence["rows"]] == [
        "Brier score",
        "reliability",
        "resolution",
        "uncertainty of the labels",
    ]
    assert all(row["low"] <= row["value"] <= row["high"] for row in found.evidence["rows"])


def test_rows_that_are_all_right_are_no_proof(toy_subject: Any, make_splits: Any) -> None:
    found = measure(
        toy_subject(lambda text: [2 + len(text) / 9, 0]), make_splits([(f"row {n}", "refund") for n in range(60)], rows(20))
    )
    assert found["brier"].high > 0.1
    assert found["brier_skill"].low < found["brier_skill"].value - 0.1


def test_without_labelled_training_rows_there_are_no_base_rates(toy_subject: Any, make_splits: Any) -> None:
    assert "base rates" in check.why_not(toy_subject(lambda text: [0, 1]), make_splits([("a", "lost")], train=[("b", None)]))
