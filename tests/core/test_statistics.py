"""Intervals against published values and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import binomtest

from beside.core.statistics import auc, bootstrap, holm, mcnemar, mean, paired_gap, rate, rate_gap


@given(n=st.integers(1, 5000), share=st.floats(0, 1))
def test_a_rate_is_the_wilson_interval_of_scipy_and_never_of_width_0(n: int, share: float) -> None:
    hits = round(share * n)
    found = rate(hits, n)
    theirs = binomtest(hits, n).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low < found.high


@pytest.mark.parametrize(("hits", "n"), [(0, 0), (-1, 4), (5, 4)])
def test_an_impossible_rate_is_refused(hits: int, n: int) -> None:
    with pytest.raises(ValueError, match=f"hits={hits}, n={n}"):
        rate(hits, n)


def test_the_bootstrap_of_a_mean_is_close_to_the_normal_interval() -> None:
    values = np.random.default_rng(0).normal(5, 2, 400)
    found = mean(values, np.random.default_rng(1))
    half = 1.96 * values.std() / 20
    assert (found.value, found.n) == (pytest.approx(values.mean()), 400)
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.05)


def test_the_same_seed_draws_the_same_interval() -> None:
    first, second = (mean([1, 2, 5, 9], np.random.default_rng(3)) for _ in range(2))
    assert first == second


def test_resamples_that_cannot_be_computed_are_left_out() -> None:
    found = bootstrap(lambda rows: float("nan") if 0 in rows else 1.0, 3, np.random.default_rng(0))
    assert (found.low, found.high) != (found.low, float("nan"))
    nothing = bootstrap(lambda rows: float("nan"), 3, np.random.default_rng(0))
    assert (nothing.low, nothing.high) == (float("-inf"), float("inf"))


def test_a_bootstrap_needs_a_row() -> None:
    with pytest.raises(ValueError, match="at least one row"):
        bootstrap(lambda rows: 0.0, 0, np.random.default_rng(0))


@given(first=st.integers(0, 60), second=st.integers(0, 60))
def test_mcnemar_is_the_exact_binomial_test(first: int, second: int) -> None:
    expected = binomtest(first, first + second).pvalue if first + second else 1.0
    assert mcnemar(first, second) == pytest.approx(expected)


def test_a_gap_on_the_same_rows_is_second_minus_first() -> None:
    worse, better = [True] * 50 + [False] * 50, [True] * 70 + [False] * 30
    found = paired_gap(worse, better, np.random.default_rng(0))
    assert found.value == pytest.approx(0.2)
    assert 0.1 < found.low < 0.2 < found.high < 0.3


def test_auc_is_the_chance_that_a_positive_row_scores_higher() -> None:
    luck = np.random.default_rng(0)
    up, down = luck.normal(1, 1, 60).round(1), luck.normal(0, 1, 80).round(1)
    wins = (up[:, None] > down).mean() + 0.5 * (up[:, None] == down).mean()
    found = auc(up, down)
    assert found.value == pytest.approx(float(wins))
    assert found.n == 60


@pytest.mark.parametrize("apart, truth", [(0.0, 0.5), (1.0, 0.76025), (3.0, 0.98305)])
def test_auc_intervals_hold_the_truth_about_as_often_as_they_say(apart: float, truth: float) -> None:
    luck = np.random.default_rng(1)  # two normals of unit variance
    held = [(found := auc(luck.normal(apart, 1, 200), luck.normal(0, 1, 30))).low <= truth <= found.high for _ in range(300)]
    assert 0.92 < np.mean(held) <= 0.995


@given(
    hnp.arrays(float, st.integers(1, 30), elements=st.floats(-5, 5)),
    hnp.arrays(float, st.integers(1, 30), elements=st.floats(-5, 5)),
)
def test_an_auc_is_never_certain(up: np.ndarray, down: np.ndarray) -> None:
    found = auc(up, down)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.high > found.low


def test_an_auc_needs_rows_of_both_kinds() -> None:
    with pytest.raises(ValueError, match="both kinds"):
        auc([1.0], [])


def test_holm_agrees_with_the_example_of_the_paper() -> None:
    # three hypotheses at 0.05: 0.01 against 0.05/3, 0.02 against 0.05/2, 0.5 against 0.05
    assert holm([0.5, 0.01, 0.02]) == pytest.approx([0.5, 0.03, 0.04])
    assert holm([]) == []
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([0.03, 0.02]) == pytest.approx([0.04, 0.04]), "never in another order than the p-values"


def test_the_gap_of_two_rates_is_that_of_newcombe_1998() -> None:
    assert rate_gap(56, 70, 48, 80) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)  # his table II, method 10, row a
    assert rate_gap(0, 10, 0, 20)[1:] == pytest.approx((-0.1611, 0.2775), abs=1e-4)  # row g
