"""Membership inference: was this row in the training data? Scores, the higher the likelier.

Suffixes: N rows, K labels, S shadow models.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

SHADOWS = 16  # linear heads; each row is left out of about half of them
STRENGTH = 10.0  # inverse L2 penalty of a shadow head, scikit-learn's C
LEAST = 1e-6  # probability below which logit-scaled confidence says nothing more


def confidence(logits_NK: np.ndarray, targets_N: np.ndarray) -> np.ndarray:
    """Logit-scaled confidence log(p / (1 - p)) of the true label (Carlini et al. 2022, eq. 5), shape (N,).

    It grows as the loss falls, so by itself it is the loss-threshold attack of Yeom et al. 2018.
    """
    rows = np.arange(len(targets_N))
    others_NK = logits_NK.astype(float)
    own_N = others_NK[rows, targets_N].copy()
    others_NK[rows, targets_N] = -np.inf
    highest_N = others_NK.max(axis=1)
    return np.asarray(own_N - highest_N - np.log(np.exp(others_NK - highest_N[:, None]).sum(axis=1)))


def likelihood_ratio(
    confidence_N: np.ndarray, features_NH: Any, targets_N: np.ndarray, rng: np.random.Generator, shadows: int = SHADOWS
) -> np.ndarray:
    """Offline likelihood-ratio attack (LiRA, Carlini et al. 2022): how much surer the model is of a row than models without it.

    Each shadow model is a linear head on vectors that know nothing of the training, fitted to a random half of all rows. For
    every row those that did not see it give a Gaussian of its confidence, which is what makes a row easy or hard. Heads are less
    sure of themselves than a fine-tuned model, so their scale is first brought to the model's by least squares over all rows.

    Returns:
        Standard deviations above what a model without the row would show, shape (N,).
    """
    seen_SN, shadow_SN = np.zeros((shadows, len(targets_N)), bool), np.zeros((shadows, len(targets_N)))
    for turn in range(shadows):
        half = rng.permutation(len(targets_N))[: max(2, len(targets_N) // 2)]
        if len(np.unique(targets_N[half])) < 2:  # nothing to tell apart: these rows alone say nothing
            seen_SN[turn] = True
            continue
        seen_SN[turn, half] = True
        head = LogisticRegression(C=STRENGTH, max_iter=200, tol=1e-2).fit(features_NH[half], targets_N[half])
        own_N = np.zeros(len(targets_N))
        found_NK, place = head.predict_proba(features_NH), {label: at for at, label in enumerate(head.classes_)}
        for row, target in enumerate(targets_N):
            own_N[row] = found_NK[row, place[target]] if target in place else 0.0
        own_N = own_N.clip(LEAST, 1 - LEAST)
        shadow_SN[turn] = np.log(own_N / (1 - own_N))
    outside_SN = np.where(seen_SN, np.nan, shadow_SN)
    known_N = (~seen_SN).any(axis=0)
    mean_N, spread_N = np.zeros(len(targets_N)), np.zeros(len(targets_N))
    mean_N[known_N], spread_N[known_N] = np.nanmean(outside_SN[:, known_N], axis=0), np.nanvar(outside_SN[:, known_N], axis=0)
    mean_N[~known_N] = mean_N[known_N].mean() if known_N.any() else 0.0
    slope, start = np.polyfit(mean_N, confidence_N, 1) if np.ptp(mean_N) > 0 else (0.0, float(confidence_N.mean()))
    left_N = confidence_N - (start + slope * mean_N)
    return np.asarray(left_N / np.sqrt(slope**2 * spread_N + left_N.var() + LEAST))


def area(inside: np.ndarray, outside: np.ndarray) -> float:
    """Area under the ROC curve: the share of pairs in which the member scores higher, a tie counting half."""
    ranked = np.sort(outside)
    below, upto = np.searchsorted(ranked, inside, "left"), np.searchsorted(ranked, inside, "right")
    return float((below + upto).sum() / 2 / (len(inside) * len(outside)))


def roc(inside: np.ndarray, outside: np.ndarray, points: int = 60) -> list[list[float]]:
    """Points [false positive rate, true positive rate] from (0, 0) to (1, 1)."""
    lines = np.unique(np.quantile(np.concatenate([inside, outside]), np.linspace(0, 1, points)))[::-1]
    curve = [[float((outside >= line).mean()), float((inside >= line).mean())] for line in lines]
    return [[0.0, 0.0], *curve]
