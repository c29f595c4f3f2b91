"""Epsilon per site: known values, and what must make it larger or smaller."""

from __future__ import annotations

import numpy as np
import pytest

from beside.core.recipe import Recipe
from beside.engine.site_privacy import DELTA, epsilon_of, spent_by


@pytest.mark.parametrize(
    "noise, rounds, expected",
    [(1.0, 1, 4.3769), (2.0, 4, 4.3769), (5.0, 1, 0.7255)],  # at delta 1e-5: Balle & Wang's curve of the Gaussian mechanism
)
def test_one_gaussian_mechanism_costs_what_is_known(noise: float, rounds: int, expected: float) -> None:
    assert epsilon_of(1.0, noise, rounds, 1e-5) == pytest.approx(expected, rel=0.01)


def exact(rate: float, noise: float, delta: float) -> float:
    """Epsilon of one round by integrating over what the coordinator may see: the larger of one site more and one less."""
    places = np.linspace(-12 * noise, 1 + 12 * noise, 400_001)
    without = np.exp(-(places**2) / (2 * noise**2)) / (noise * np.sqrt(2 * np.pi))
    with_ = rate * np.exp(-((places - 1) ** 2) / (2 * noise**2)) / (noise * np.sqrt(2 * np.pi)) + (1 - rate) * without

    def fails(epsilon: float) -> float:
        return max(
            float(np.trapezoid(np.maximum(p - np.exp(epsilon) * q, 0), places)) for p, q in ((with_, without), (without, with_))
        )

    low, high = 0.0, 50.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if fails(middle) > delta else (low, middle)
    return high


@pytest.mark.parametrize("rate, noise", [(0.1, 1.0), (0.5, 2.0), (0.9, 1.0)])
def test_a_round_on_a_sample_costs_a_little_more_than_exactly_computed(rate: float, noise: float) -> None:
    assert exact(rate, noise, 1e-5) <= epsilon_of(rate, noise, 1, 1e-5) <= 1.5 * exact(rate, noise, 1e-5)


@pytest.mark.parametrize("noise", [1.0, 5.0])
def test_a_round_of_all_sites_costs_what_is_exactly_computed(noise: float) -> None:
    assert epsilon_of(1.0, noise, 1, 1e-5) == pytest.approx(exact(1.0, noise, 1e-5), rel=1e-3)


def test_drawing_sites_by_chance_costs_less_and_more_rounds_cost_more() -> None:
    assert epsilon_of(0.1, 2.0, 10, DELTA) < epsilon_of(0.5, 2.0, 10, DELTA) < epsilon_of(0.99, 2.0, 10, DELTA)
    assert epsilon_of(1.0, 2.0, 5, DELTA) < epsilon_of(1.0, 2.0, 10, DELTA)
    assert epsilon_of(0.999999, 2.0, 10, DELTA) >= epsilon_of(1.0, 2.0, 10, DELTA), "the bound lies above the exact value"
    assert epsilon_of(1.0, 2.0, 0, DELTA) == 0


def test_each_site_pays_for_the_rounds_it_took_part_in() -> None:
    recipe = Recipe(site_noise=4.0, site_clip=1.0)
    spent = spent_by(recipe, {"ayl": 8, "beth": 2}, 8)
    assert spent is not None
    assert spent["epsilon"] == spent["each"]["ayl"] > spent["each"]["beth"] > 0
    assert spent["unit"] == "site"
    assert spent_by(Recipe(), {"ayl": 8}, 8) is None
    drawn = spent_by(recipe.model_copy(update={"site_share": 0.5}), {"ayl": 4, "beth": 1}, 8)
    assert drawn is not None and drawn["each"]["ayl"] == drawn["each"]["beth"], "not to be drawn is a secret, too"
