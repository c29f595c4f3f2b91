"""What epsilon will cost, before it is spent: the same noise on a head that learns from tune rows, which are not under the promise.

Training rows are counted and not looked at, so the forecast spends nothing of theirs. One half of the tune rows stands for them: a
step draws as many of it as the training will draw, and gets the noise of the training. The other half is scored, and the halves
change places. Fewer different rows make the head worse than that of the training; what counts is how far it falls from the one
without noise.

Tensor suffixes: N rows, K labels, H hidden size, B rows of a step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import softmax

from beside.core.interfaces import Progress
from beside.core.recipe import Recipe
from beside.core.statistics import Estimate, rate
from beside.core.types import Example
from beside.engine.accountants import noise_for
from beside.engine.optimizer import schedule
from beside.engine.private_rules import delta_of
from beside.engine.runtime import TorchSubject

SWEPT = (1.0, 3.0, 8.0)  # beside the epsilon that was asked for, and none
FEWEST = 100  # tune rows: with fewer the intervals hide what epsilon costs
MOST = 2000  # tune rows that are looked at
MOST_STEPS = 1000
BETAS, TINY = (0.9, 0.999), 1e-8  # of Adam


def tell_forecast(subject: TorchSubject, tune: Sequence[Example], units: int, recipe: Recipe, progress: Progress) -> None:
    """Says how well a head on frozen features would answer at several epsilons.

    Args:
        subject: untrained; its head is where the training starts.
        tune: rows of the tune split.
        units: that the training will draw from.
        recipe: with every automatic knob filled in.
    """
    if not subject.task.single or len(tune) < FEWEST:
        progress.say(
            f"No forecast of what epsilon costs: it takes one label per text and {FEWEST} tune rows (there are {len(tune)})."
        )
        return
    some = list(tune)[:: max(1, len(tune) // MOST)][:MOST]
    vectors_NH = subject.embed([example.text for example in some])
    targets_N = np.array([subject.labels.index(str(example.target)) for example in some])
    head = subject.model.head
    found = forecast(vectors_NH, targets_N, head.weight.detach().cpu().numpy(), units, recipe)
    told = [f"{'no epsilon' if epsilon is None else f'epsilon {epsilon:g}'} {of(score)}" for epsilon, score in found.items()]
    progress.say(
        f"Forecast of accuracy, a head on frozen features, from {len(some)} tune rows and no training row (95 % intervals): "
        + "; ".join(told)
        + "."
    )


def of(score: Estimate) -> str:
    """A score with its interval."""
    return f"{score.value:.3f} ({score.low:.3f} to {score.high:.3f})"


def forecast(
    vectors_NH: np.ndarray, targets_N: np.ndarray, start_KH: np.ndarray, units: int, recipe: Recipe
) -> dict[float | None, Estimate]:
    """Accuracy at each epsilon, none first.

    Args:
        vectors_NH: tune rows as the frozen encoder sees them; targets_N their label positions.
        start_KH: the head's weights before the first step.
        units: that the training will draw from.
        recipe: with batch size, epochs and rates filled in.
    """
    expected = min(int(recipe.batch_size or 1), units)
    steps = min(MOST_STEPS, int(recipe.epochs or 1) * -(-units // expected))
    asked = sorted({*SWEPT, float(recipe.epsilon or SWEPT[0])}, reverse=True)
    spend: dict[str, Any] = {"rate": expected / units, "steps": steps, "delta": delta_of(recipe, units)}
    noises: dict[float | None, float] = {None: 0.0, **{one: noise_for(recipe.accountant, epsilon=one, **spend) for one in asked}}
    order = np.random.default_rng(recipe.seed).permutation(len(targets_N))
    halves = order[: len(order) // 2], order[len(order) // 2 :]
    found = {}
    for epsilon, noise in noises.items():
        hits = 0
        for learned, scored in (halves, halves[::-1]):
            rng = np.random.default_rng((recipe.seed, len(scored)))
            head = noisy_head(vectors_NH[learned], targets_N[learned], start_KH, expected, steps, noise, recipe, rng)
            hits += int(((vectors_NH[scored] @ head[:, :-1].T + head[:, -1]).argmax(axis=1) == targets_N[scored]).sum())
        found[epsilon] = rate(hits, len(order))
    return found


def noisy_head(
    vectors_NH: np.ndarray,
    targets_N: np.ndarray,
    start_KH: np.ndarray,
    batch: int,
    steps: int,
    noise: float,
    recipe: Recipe,
    rng: np.random.Generator,
) -> np.ndarray:
    """A softmax head after so many noisy steps of Adam, as private.py takes them; the bias is the last column, (K, H + 1)."""
    inputs_NH = np.concatenate([vectors_NH, np.ones((len(vectors_NH), 1), vectors_NH.dtype)], axis=1)
    head = np.concatenate([start_KH, np.zeros((len(start_KH), 1), start_KH.dtype)], axis=1).astype(float)
    first, second = np.zeros_like(head), np.zeros_like(head)
    factor, speed = schedule(recipe, steps), float(recipe.head_learning_rate or 0)
    for step in range(steps):
        drawn = rng.integers(len(inputs_NH), size=batch)
        wrong_BK = softmax(inputs_NH[drawn] @ head.T, axis=1)
        wrong_BK[np.arange(batch), targets_N[drawn]] -= 1
        lengths_B = np.linalg.norm(wrong_BK, axis=1) * np.linalg.norm(inputs_NH[drawn], axis=1)
        wrong_BK *= (recipe.clip / np.maximum(lengths_B, recipe.clip))[:, None]
        gradient = (wrong_BK.T @ inputs_NH[drawn] + noise * recipe.clip * rng.normal(size=head.shape)) / batch
        first, second = BETAS[0] * first + (1 - BETAS[0]) * gradient, BETAS[1] * second + (1 - BETAS[1]) * gradient**2
        size = np.sqrt(second / (1 - BETAS[1] ** (step + 1))) + TINY
        head -= speed * factor(step) * first / (1 - BETAS[0] ** (step + 1)) / size
    return head
