"""What noisy rounds cost each site in privacy: epsilon at a delta, for one site more or less in the federation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from beside.core.recipe import Recipe
from beside.engine.accountants import epsilon_of

DELTA = 1e-5  # probability with which the promise may fail
LARGE = 100.0  # epsilon that promises nothing any more: above it the bound that is quick to compute will do


def spent_by(recipe: Recipe, joined: Mapping[str, int], rounds: int) -> dict[str, Any] | None:
    """What is promised to each site after so many rounds, and the largest of it; None where nothing is.

    Args:
        joined: rounds that each site's update is in. Where sites are drawn by chance, every round counts for every site.
    """
    if not recipe.site_noise:
        return None
    counted = {site: rounds if recipe.site_share < 1 else count for site, count in sorted(joined.items())}

    def costs(accountant: str) -> dict[str, float]:
        shared = {"rate": recipe.site_share, "noise": recipe.site_noise, "delta": DELTA}
        return {site: epsilon_of(accountant, steps=count, **shared) for site, count in counted.items()}

    each, accountant = costs("rdp"), "rdp"
    if max(each.values(), default=0.0) < LARGE:
        each, accountant = costs("pld"), "pld"
    return {
        "epsilon": max(each.values(), default=0.0),
        "delta": DELTA,
        "unit": "site",
        "accountant": accountant,
        "noise": recipe.site_noise,
        "rounds": rounds,
        "each": each,
    }
