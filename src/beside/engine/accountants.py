"""What noisy steps on random batches cost in privacy: epsilon at a delta, and the noise that a wanted epsilon takes.

One step of DP-SGD is a Gaussian mechanism on a Poisson sample: each unit joins with probability q, and the sum of clipped gradients
gets noise of sigma times the clip. Two data sets are neighbours when one has a unit that the other has not. Whatever that unit can
show is told apart no better than P = (1-q) N(0, s²) + q N(1, s²) is from Q = N(0, s²), or Q from P (Zhu et al. 2022).

`pld` composes the distribution of the privacy loss itself and is tight. Its grid errs to the safe side alone: the mass between two
grid points goes to both of them so that what P and Q give stays the same, which is a pair at least as easy to tell apart ("connect
the dots", Doroshenko et al. 2022). `rdp` bounds the Rényi divergence (Mironov et al. 2019) and turns it into epsilon as Balle et
al. 2020 do (theorem 21); it is looser and needs no grid.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial

import numpy as np
from scipy import fft
from scipy.optimize import brentq
from scipy.special import logsumexp, ndtr

from beside.core.errors import BadOption

STEP = 1e-4  # of the grid of losses, in epsilons; what comes of it errs by less than a thousandth
LEAST = 1e-2  # the grid gets no finer for an epsilon below
MOST_POINTS = 1 << 19  # of one step's losses; where they spread wider, as with hardly any noise, the grid gets coarser
REACH = 12.0  # standard deviations of noise looked at; what lies beyond, 1e-33, is counted as certain harm
SPILL = 1e-6  # share of delta that composed losses may have outside of the grid; it is counted as certain harm, too
ORDERS = np.concatenate([np.arange(1.05, 3, 0.05), np.arange(3, 12, 0.25), np.arange(12, 64), 2.0 ** np.arange(6, 11, 0.25)])
NOISES = (0.15, 1e4)  # noise multipliers that are tried
BEYOND = 1e6  # an epsilon that promises nothing at all
CLOSE = 1e-4  # the solved noise spends at most the wanted epsilon, and at least this share less


def epsilon_of(accountant: str, *, rate: float, noise: float, steps: int, delta: float) -> float:
    """Epsilon that so many steps spend at this delta; 0 for no step.

    Args:
        accountant: `pld` or `rdp`.
        rate: probability with which a unit joins a step, 0 < rate <= 1.
        noise: standard deviation of the noise, in clips.
        steps: how many there are.
        delta: probability with which the promise may fail.
    """
    if steps == 0:
        return 0.0
    return {"pld": by_loss, "rdp": by_renyi}[accountant](rate, noise, steps, delta)


def noise_for(accountant: str, *, epsilon: float, rate: float, steps: int, delta: float) -> float:
    """The least noise multiplier with which so many steps spend no more than epsilon. Other arguments as for `epsilon_of`.

    Raises:
        BadOption: no noise that makes sense is enough.
    """
    spends = partial(epsilon_of, accountant, rate=rate, steps=steps, delta=delta)
    least, most = NOISES
    low = high = 1.0
    while spends(noise=high) > epsilon:
        low, high = high, high * 2
        if high > most:
            raise BadOption(
                f"No noise up to {most:g} keeps {steps} steps within epsilon {epsilon:g} at delta {delta:g}.",
                "Set a larger epsilon, fewer epochs, or a larger delta.",
            )
    while low == high or spends(noise=low) <= epsilon:  # downwards by halves: far below, epsilon is beyond all bounds
        if high <= least:
            return least
        low, high = low / 2, low
    found = float(brentq(lambda noise: min(spends(noise=noise), BEYOND) - epsilon, low, high, xtol=1e-9, rtol=CLOSE / 2))
    while spends(noise=found) > epsilon:  # the root may lie a rounding above
        found *= 1 + CLOSE / 4
    return found


# ---- Rényi divergence


def by_renyi(rate: float, noise: float, steps: int, delta: float) -> float:
    """Epsilon from the Rényi divergence of each order, the least over all orders."""
    orders = ORDERS
    renyi = steps * divergences(rate, noise)
    bounds = renyi + np.log1p(-1 / orders) - (np.log(delta) + np.log(orders)) / (orders - 1)
    return float(max(0.0, bounds.min()))


@lru_cache(maxsize=64)
def divergences(rate: float, noise: float) -> np.ndarray:
    """Rényi divergence of one step for each of `ORDERS`, of whole and of broken order alike, shape (orders,).

    log E_Q[(P/Q)^a] / (a - 1), summed over a fine grid: for such smooth functions the trapezoid rule converges exponentially.
    """
    if rate == 1:
        return np.asarray(ORDERS / (2 * noise**2))
    found = []
    for order in ORDERS:
        places = np.arange(-REACH * noise, order + REACH * noise, noise / 20)
        ratio = np.logaddexp(np.log1p(-rate), np.log(rate) + (2 * places - 1) / (2 * noise**2))
        logs = order * ratio - places**2 / (2 * noise**2) - np.log(noise * np.sqrt(2 * np.pi))
        found.append((logsumexp(logs) + np.log(noise / 20)) / (order - 1))
    return np.maximum(np.array(found), 0)


# ---- distribution of the privacy loss


def by_loss(rate: float, noise: float, steps: int, delta: float) -> float:
    """Epsilon from the composed distribution of the privacy loss, the larger of one unit more and one unit less."""
    step = STEP * max(LEAST, by_renyi(rate, noise, steps, delta))
    return max(least_epsilon(*composed(*one, steps, SPILL * delta), delta) for one in both_ways(rate, noise, step))


def both_ways(rate: float, noise: float, step: float) -> Iterator[tuple[int, float, np.ndarray, float]]:
    """The losses of one step for one unit more and for one less: first place, step of the grid, masses, mass beyond it.

    Args:
        step: of the grid, unless losses spread too wide for it.
    """
    first, last = (loss_at(place, rate, noise) for place in (-REACH * noise, 1 + REACH * noise))
    step = max(step, (last - first) / MOST_POINTS)
    low, high = int(np.floor(first / step)), int(np.ceil(last / step))
    edges = np.arange(low, high + 1)
    places = place_of(edges * step, rate, noise)
    without, with_ = between(places / noise), between((places - 1) / noise)
    own, other = (1 - rate) * without + rate * with_, without  # mass of P, of Q between two edges
    yield low, step, *dots(edges * step, own, other)
    # one unit less: the loss is the negative of the other, so edges run backwards and P and Q change places
    yield -high, step, *dots(-edges[::-1] * step, other[::-1], own[::-1])


def loss_at(place: float, rate: float, noise: float) -> float:
    """log P(x) / Q(x); grows with x."""
    return float(np.logaddexp(np.log1p(-rate) if rate < 1 else -np.inf, np.log(rate) + (2 * place - 1) / (2 * noise**2)))


def place_of(losses: np.ndarray, rate: float, noise: float) -> np.ndarray:
    """Where the loss is so large; minus infinity below the least loss there is."""
    with np.errstate(invalid="ignore", divide="ignore"):
        excess = np.expm1(losses) + rate  # e^loss - (1 - q), without cancellation where both are near 1
        return np.where(excess > 0, noise**2 * (np.log(excess) - np.log(rate)) + 0.5, -np.inf)


def between(places: np.ndarray) -> np.ndarray:
    """Mass of the standard normal between neighbouring places; exact in both tails."""
    lower, upper = places[:-1], places[1:]
    return np.where(lower > 0, ndtr(-lower) - ndtr(-upper), ndtr(upper) - ndtr(lower))


def dots(edges: np.ndarray, own: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, float]:
    """Mass of P at each edge, given the masses of P and Q between edges; and P's mass that is nowhere, taken as certain harm.

    Each bin is split over its two edges l < u so that P gives a + b and Q gives a e^-l + b e^-u, as before.
    """
    width = edges[1] - edges[0]
    # a = (Q - P e^-u) / (e^-l - e^-u), with e^-l taken out so that large losses do not overflow
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = np.where(other > 0, np.exp(np.log(np.maximum(other, 1e-300)) + edges[:-1]), 0.0)
    below = np.clip((scaled - own * np.exp(-width)) / -np.expm1(-width), 0, own)
    masses = np.zeros(len(edges))
    masses[:-1] += below
    masses[1:] += own - below
    return masses, max(0.0, 1 - float(masses.sum()))


def composed(
    first: int, step: float, masses: np.ndarray, beyond: float, steps: int, spill: float
) -> tuple[np.ndarray, np.ndarray, float]:
    """The sum of so many independent losses: losses, their masses, and the mass that is counted as certain harm.

    Args:
        first: place of the first mass on the grid.
        beyond: mass of one step that is counted as certain harm.
        spill: mass that may lie on either side of the window; that of the lower side is moved up, that of the upper one is harm.
    """
    places = np.arange(first, first + len(masses))
    low, high = (window(places * step, masses, steps, spill, side) / step for side in (-1, 1))
    low, high = max(int(np.floor(low)), steps * first), min(int(np.ceil(high)), steps * int(places[-1]))
    size = fft.next_fast_len(max(high - low + 1, len(masses)), real=True)
    wrapped = np.zeros(size)
    np.add.at(wrapped, places % size, masses)
    whole = fft.irfft(fft.rfft(wrapped) ** steps, size).clip(min=0)
    order = (low + np.arange(size)) % size
    harm = min(1.0, beyond * steps + 2 * spill)
    return (low + np.arange(size)) * step, whole[order], harm


def window(losses: np.ndarray, masses: np.ndarray, steps: int, spill: float, side: int) -> float:
    """A bound that the sum of losses passes with probability `spill` at most, above (1) or below (-1): Chernoff's."""
    there = masses > 0
    logs, signed = np.log(masses[there]), side * losses[there]
    bounds = []
    for slope in np.geomspace(1e-2, 1e3, 24):
        bounds.append((steps * logsumexp(logs + slope * signed) - np.log(spill)) / slope)
    return side * min(bounds)


def least_epsilon(losses: np.ndarray, masses: np.ndarray, harm: float, delta: float) -> float:
    """The least epsilon >= 0 at which delta is enough: harm + sum of (1 - e^(epsilon - loss)) over larger losses <= delta."""
    if harm >= delta:
        return float("inf")
    wanted = delta - harm
    tail = np.cumsum(masses[::-1])[::-1]
    with np.errstate(over="ignore"):
        weighed = np.cumsum((masses * np.exp(-np.maximum(losses, -700)))[::-1])[::-1]
    at = tail - np.exp(np.minimum(losses, 700)) * weighed  # delta at each grid point; falls with the loss
    start = int(np.searchsorted(losses, 0.0))
    if delta_at(0.0, losses, tail, weighed) <= wanted:
        return 0.0
    place = start + int(np.argmax(at[start:] <= wanted))
    if weighed[place] <= 0 or tail[place] <= wanted:  # so far out that numbers end
        return float(losses[place])
    # between two grid points delta is linear in e^epsilon
    return float(min(losses[place], np.log((tail[place] - wanted) / weighed[place])))


def delta_at(epsilon: float, losses: np.ndarray, tail: np.ndarray, weighed: np.ndarray) -> float:
    """Delta of an epsilon, without the harm that is certain."""
    place = int(np.searchsorted(losses, epsilon, side="right"))
    return float(tail[place] - np.exp(epsilon) * weighed[place]) if place < len(losses) else 0.0
