"""Known truth: without drift the false alarms are as many as promised, and a planted shift is found by the test that is for it."""

from __future__ import annotations

import numpy as np
import pytest

from beside.core import drift
from beside.core.drift import allowance, atc, chi_square, draws_for, estimates, kolmogorov, masks, mmd, p_value, psi

RNG = np.random.default_rng


def labels(rng, n, shares=(0.5, 0.3, 0.2)):
    return np.eye(len(shares), dtype=bool)[rng.choice(len(shares), n, p=shares)]


def clouds(rng, n, at=0.0):
    return rng.normal(size=(n, 6)) + at


def lengths(rng, n, factor=1.0):
    return np.round(factor * rng.lognormal(3, 0.6, n))


TESTS = {"labels": (labels, chi_square), "clouds": (clouds, mmd), "lengths": (lengths, kolmogorov)}


@pytest.mark.parametrize("name", TESTS)
def test_without_drift_a_test_alarms_as_often_as_it_may(name):
    make, statistic = TESTS[name]
    alarms = 0
    for seed in range(400):
        rng = RNG(seed)
        rows = np.concatenate([make(rng, 40), make(rng, 25)])
        alarms += p_value(statistic(rows, masks(40, 25, 99, rng))) <= 0.1
    assert 20 <= alarms <= 60  # 40 expected; 3.3 standard errors of a binomial


@pytest.mark.parametrize(
    "name, other", [("labels", {"shares": (0.3, 0.3, 0.4)}), ("clouds", {"at": 0.6}), ("lengths", {"factor": 1.6})]
)
def test_a_planted_shift_is_found(name, other):
    make, statistic = TESTS[name]
    found = 0
    for seed in range(20):
        rng = RNG(seed)
        rows = np.concatenate([make(rng, 150), make(rng, 150, **other)])
        found += p_value(statistic(rows, masks(150, 150, 999, rng))) <= 0.01
    assert found >= 17


def test_a_year_of_looks_without_drift_keeps_the_budget_however_often_somebody_looks():
    # a p-value of chance alone is uniform; the three tests of a look depend on each other as much as they can
    for days in (1 / 24, 1.0, 7.0, 45.0):
        rng, alarms = RNG(1), 0.0
        looks = int(360 * 50 / days)
        p = rng.uniform(size=looks)
        alarms = 3 * (p <= allowance(1.0, days, 3)).sum() / 50  # in a year, the mean of 50
        assert alarms <= 12 * 1.1
    assert 3 * 360 * allowance(1.0, 1.0, 3) == pytest.approx(12)  # and a daily look spends all of it


def test_a_look_right_after_another_may_spend_nothing_and_long_silence_gathers_no_more_than_a_month():
    assert allowance(1.0, 0.0, 6) == 0.0 and draws_for(0.0) is None and draws_for(1e-5) is None
    assert allowance(1.0, 300.0, 60) == allowance(1.0, 30.0, 60) == pytest.approx(1 / 60)
    assert allowance(1.0, 30.0, 1) == drift.LARGEST


def test_there_are_draws_enough_for_an_alarm_to_be_possible():
    for alpha in (0.05, 1 / 180, 1 / 4320):
        assert 1 / (draws_for(alpha) + 1) <= alpha


def test_a_mask_marks_as_many_rows_as_are_new_and_begins_with_those_that_are():
    drawn = masks(7, 5, 1200, RNG(0))
    assert drawn.shape == (1201, 12) and (drawn.sum(axis=1) == 5).all() and drawn[0].tolist() == [False] * 7 + [True] * 5
    assert np.allclose(drawn[1:].mean(axis=0), 5 / 12, atol=0.06)


def test_the_stability_index_is_nothing_for_the_same_shares_and_large_for_others():
    same = np.concatenate([np.eye(2, dtype=bool)] * 100)
    new = np.arange(200) >= 100
    assert psi(same, new) == pytest.approx(0, abs=1e-9)
    swapped = np.concatenate([np.eye(2, dtype=bool)[[0] * 90 + [1] * 10], np.eye(2, dtype=bool)[[0] * 10 + [1] * 90]])
    assert psi(swapped, new) > 2


def test_accuracy_is_estimated_without_labels_where_confidence_means_what_it_says():
    rng = RNG(3)
    sure, now = rng.uniform(0.5, 1, 3000), rng.uniform(0.5, 0.8, 3000)  # the new texts are harder
    right, truth = rng.uniform(size=3000) < sure, (rng.uniform(size=3000) < now).mean()
    for one in estimates(sure, right.astype(float), now, rng):
        assert one.low <= one.value <= one.high and one.n == 3000
        if one.method == "average confidence":
            assert one.low - 0.01 <= truth <= one.high + 0.01
        assert one.value < right.mean() - 0.05


def test_on_the_tune_rows_themselves_it_is_their_accuracy():
    sure, right = np.array([0.9, 0.8, 0.7, 0.6]), np.array([1.0, 0.0, 1.0, 0.0])
    assert atc(sure, right, sure) == 0.5
    assert atc(sure, np.zeros(4), sure) == 0.0
