"""Epsilon as two public accountants count it, and the bounds that must hold whatever the numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from beside.core.errors import BadOption
from beside.engine.accountants import epsilon_of, noise_for

# rate, noise, steps, delta; then epsilon as dp-accounting 0.6.0 (PLD) and Opacus 1.6.0 (RDP, and PRV with eps_error=0.001) give it;
# benchmarks/accountants.py prints them
PUBLISHED = [
    (0.01, 1.0, 1000, 1e-5, 1.8282436, 2.1013653, 1.8293687),
    (0.04, 1.5, 1500, 1e-5, 5.3714645, 5.8342809, 5.3727514),
    (256 / 60000, 1.1, 14040, 1e-5, 2.3796435, 2.5943634, 2.3806987),
    (0.05, 2.0, 400, 1e-5, 2.2464469, 2.4609965, 2.2475855),
    (0.1, 0.8, 20, 1e-5, 5.6789185, 6.6726202, 5.6803865),
    (0.2, 5.0, 200, 1e-6, 2.6714766, 2.8740248, 2.6726036),
    (1.0, 10.0, 50, 1e-5, 2.9432255, 3.1889916, 2.9443925),
    (0.02, 0.6, 300, 1e-5, 8.3931304, 9.8045772, 8.3947751),
    (0.001, 0.7, 10000, 1e-6, 1.6369724, 2.4730395, 1.6381068),
]


def gaussian(noise: float, delta: float) -> float:
    """Epsilon of one Gaussian mechanism, exactly (Balle & Wang 2018, theorem 8)."""
    low, high = 0.0, 1000.0
    for _ in range(200):
        middle = (low + high) / 2
        spare = ndtr(0.5 / noise - middle * noise) - math.exp(middle) * ndtr(-0.5 / noise - middle * noise)
        low, high = (middle, high) if spare > delta else (low, middle)
    return high


@pytest.mark.parametrize("rate, noise, steps, delta, google, opacus_rdp, opacus_prv", PUBLISHED)
def test_epsilon_is_that_of_public_accountants(
    rate: float, noise: float, steps: int, delta: float, google: float, opacus_rdp: float, opacus_prv: float
) -> None:
    tight = epsilon_of("pld", rate=rate, noise=noise, steps=steps, delta=delta)
    assert google * (1 - 1e-6) <= tight <= google * (1 + 1e-3)  # the grid errs to the safe side alone
    assert tight == pytest.approx(opacus_prv, rel=1e-2)
    assert epsilon_of("rdp", rate=rate, noise=noise, steps=steps, delta=delta) == pytest.approx(opacus_rdp, rel=1e-2)


@pytest.mark.parametrize("noise, steps, delta", [(1.0, 1, 1e-5), (5.0, 1, 1e-6), (4.0, 16, 1e-5), (30.0, 100, 1e-7)])
def test_without_sampling_it_is_the_gaussian_mechanism_exactly(noise: float, steps: int, delta: float) -> None:
    # so many steps with this noise are one with noise / sqrt(steps)
    found = epsilon_of("pld", rate=1.0, noise=noise, steps=steps, delta=delta)
    assert found == pytest.approx(gaussian(noise / math.sqrt(steps), delta), rel=1e-4)


@settings(max_examples=12, deadline=None)
@given(
    rate=st.floats(1e-3, 1.0),
    noise=st.floats(0.6, 20.0),
    steps=st.integers(1, 3000),
    power=st.integers(4, 8),
    more=st.integers(1, 500),
)
def test_more_steps_and_less_noise_spend_more_and_the_tight_bound_is_the_lower(
    rate: float, noise: float, steps: int, power: int, more: int
) -> None:
    given = {"rate": rate, "noise": noise, "steps": steps, "delta": 10.0**-power}
    spent = epsilon_of("pld", **given)  # type: ignore[arg-type]
    assert 0 <= spent <= epsilon_of("rdp", **given) * (1 + 1e-3) + 1e-6  # type: ignore[arg-type]
    assert epsilon_of("pld", **{**given, "steps": steps + more}) >= spent * (1 - 1e-3)  # type: ignore[arg-type]
    assert epsilon_of("pld", **{**given, "noise": noise * 1.5}) <= spent * (1 + 1e-3)  # type: ignore[arg-type]
    assert epsilon_of("pld", **{**given, "rate": rate / 2}) <= spent * (1 + 1e-3)  # type: ignore[arg-type]


def test_no_step_spends_nothing() -> None:
    assert epsilon_of("pld", rate=0.1, noise=1.0, steps=0, delta=1e-5) == 0.0


@pytest.mark.parametrize("accountant", ["pld", "rdp"])
@pytest.mark.parametrize("epsilon", [0.3, 1.0, 3.0, 8.0, 50.0])
def test_the_noise_spends_what_was_asked_and_hardly_less(accountant: str, epsilon: float) -> None:
    asked = {"rate": 0.05, "steps": 120, "delta": 1e-5}
    noise = noise_for(accountant, epsilon=epsilon, **asked)  # type: ignore[arg-type]
    assert 0.995 * epsilon < epsilon_of(accountant, noise=noise, **asked) <= epsilon  # type: ignore[arg-type]


@pytest.mark.parametrize("rate, steps, epsilon", [(0.0625, 160, 8.0), (0.0625, 160, 1.0), (1.0, 1, 100.0), (1e-4, 1, 100.0)])
def test_the_noise_is_found_also_where_little_noise_promises_nothing(rate: float, steps: int, epsilon: float) -> None:
    noise = noise_for("pld", epsilon=epsilon, rate=rate, steps=steps, delta=1e-5)
    assert 0.05 < noise < 10 and epsilon_of("pld", rate=rate, noise=noise, steps=steps, delta=1e-5) <= epsilon


def test_what_no_noise_can_promise_is_refused() -> None:
    with pytest.raises(BadOption, match="within epsilon 1e-05"):
        noise_for("rdp", epsilon=1e-5, rate=1.0, steps=10_000, delta=1e-9)


def test_the_composed_loss_is_what_chance_gives() -> None:
    # the loss of one unit more, drawn instead of computed: delta of an epsilon as a mean over draws
    rate, noise, steps, delta = 0.2, 1.5, 30, 1e-2
    rng, n = np.random.default_rng(0), 200_000
    spread = rng.normal(size=(n, steps)) * noise + (rng.random((n, steps)) < rate)
    losses = np.log1p(rate * np.expm1((2 * spread - 1) / (2 * noise**2))).sum(axis=1)
    epsilon = epsilon_of("pld", rate=rate, noise=noise, steps=steps, delta=delta)
    measured = np.maximum(0, 1 - np.exp(epsilon - losses))
    assert measured.mean() == pytest.approx(delta, abs=5 * measured.std() / math.sqrt(n))
