"""Intervals against published values and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from beside.core.statistics import bootstrap, mcnemar, mean, paired_gap, rate


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
