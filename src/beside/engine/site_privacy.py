"""What noisy rounds cost a site in privacy: epsilon at a delta, for one site more or less in the federation.

Without a draw all rounds of a site together are one Gaussian mechanism, whose epsilon is known exactly (Balle & Wang 2018). With a
draw each round is a Gaussian mechanism on a Poisson sample, bounded by its Rényi divergence (Mironov et al. 2019) and turned into
epsilon as Balle et al. 2020 do (theorem 21).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from scipy.optimize import brentq
from scipy.special import gammaln, log_ndtr, logsumexp

from beside.core.recipe import Recipe

DELTA = 1e-5  # probability with which the promise may fail
ORDERS = (*range(2, 64), 80, 96, 128, 192, 256, 512)
MOST = 1e6  # epsilon that is looked for


def epsilon_of(rate: float, noise: float, rounds: int, delta: float) -> float:
    """Epsilon that so many rounds spend at this delta; 0 for none.

    Args:
        rate: probability with which a site is drawn, 0 < rate <= 1.
        noise: standard deviation of the noise, in clips.
    """
    if rounds == 0:
        return 0.0
    return together(math.sqrt(rounds) / noise, delta) if rate == 1 else by_renyi(rate, noise, rounds, delta)


def together(apart: float, delta: float) -> float:
    """Epsilon of one Gaussian mechanism whose two outcomes lie `apart` standard deviations from each other."""

    def excess(epsilon: float) -> float:
        first = math.exp(log_ndtr(apart / 2 - epsilon / apart))
        return first - math.exp(epsilon + log_ndtr(-apart / 2 - epsilon / apart)) - delta

    if excess(0.0) <= 0:
        return 0.0
    high = 1.0
    while excess(high) > 0:
        high *= 2
        if high > MOST:
            return math.inf
    return float(brentq(excess, 0.0, high, xtol=1e-9))


def by_renyi(rate: float, noise: float, rounds: int, delta: float) -> float:
    """Epsilon from the Rényi divergence of whole orders, the least over all."""
    return max(
        0.0,
        min(
            rounds * divergence(order, rate, noise) + math.log1p(-1 / order) - (math.log(delta) + math.log(order)) / (order - 1)
            for order in ORDERS
        ),
    )


def divergence(order: int, rate: float, noise: float) -> float:
    """Rényi divergence of one round, nats."""
    terms = [
        gammaln(order + 1) - gammaln(k + 1) - gammaln(order - k + 1)
        + k * math.log(rate) + (order - k) * math.log1p(-rate) + (k * k - k) / (2 * noise**2)
        for k in range(order + 1)
    ]  # fmt: skip
    return float(logsumexp(terms)) / (order - 1)


def spent_by(recipe: Recipe, joined: Mapping[str, int], rounds: int) -> dict[str, Any] | None:
    """What is promised to each site after so many rounds, the costliest first; None where nothing is.

    Args:
        joined: rounds that each site's update is in. Where sites are drawn by chance, every round counts for every site.
    """
    if not recipe.site_noise:
        return None
    by_chance = recipe.site_share < 1
    counted = {site: rounds if by_chance else count for site, count in joined.items()}
    each = {site: epsilon_of(recipe.site_share, recipe.site_noise, count, DELTA) for site, count in sorted(counted.items())}
    return {
        "epsilon": max(each.values(), default=0.0),
        "delta": DELTA,
        "unit": "site",
        "accountant": "rdp" if by_chance else "gaussian",
        "noise": recipe.site_noise,
        "rounds": rounds,
        "each": each,
    }
