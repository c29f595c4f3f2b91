"""Epsilon per site: known values, and what must make it larger or smaller."""

from __future__ import annotations

from typing import Any

import pytest

from beside.core.recipe import Recipe
from beside.engine.site_privacy import spent_by


def spent(noise: float, joined: dict[str, int], rounds: int, share: float = 1.0) -> dict[str, Any]:
    found = spent_by(Recipe(site_noise=noise, site_clip=1.0, site_share=share), joined, rounds)
    assert found is not None
    return found


@pytest.mark.parametrize("noise, rounds, epsilon", [(1.0, 1, 4.377), (2.0, 4, 4.377), (5.0, 1, 0.7255)])
def test_rounds_of_all_sites_cost_what_the_gaussian_mechanism_is_known_to(noise: float, rounds: int, epsilon: float) -> None:
    """At delta 1e-5, by Balle & Wang's curve (2018): four rounds with twice the noise are one with once."""
    assert spent(noise, {"ayl": rounds}, rounds)["epsilon"] == pytest.approx(epsilon, rel=1e-3)


def test_each_site_pays_for_the_rounds_it_took_part_in() -> None:
    found = spent(4.0, {"ayl": 8, "beth": 2}, 8)
    assert found["epsilon"] == found["each"]["ayl"] > found["each"]["beth"] > 0
    assert found["unit"] == "site"


def test_sites_drawn_by_chance_pay_less_and_all_alike_since_not_to_be_drawn_is_a_secret() -> None:
    drawn = spent(4.0, {"ayl": 4, "beth": 1}, 8, share=0.5)
    assert drawn["each"]["ayl"] == drawn["each"]["beth"] < spent(4.0, {"ayl": 8}, 8)["epsilon"]


def test_nothing_is_promised_without_noise_or_before_the_first_round() -> None:
    assert spent_by(Recipe(), {"ayl": 8}, 8) is None
    assert spent(1.0, {}, 0)["epsilon"] == 0
