"""Fits the head on frozen embeddings, and the temperature on the tune split: convex problems, solved rather than trained."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from beside.core.errors import BadOption
from beside.core.interfaces import Progress, Task
from beside.core.recipe import Recipe
from beside.engine.fit import Rows
from beside.engine.model import Model

PROTOTYPE_SCALE = 20.0  # steepness of the cosine head's softmax; chosen on BANKING77's dev split
PROBE_STRENGTH = 10.0  # scikit-learn's C on unit-length embeddings; chosen on BANKING77's dev split
FEWEST_FOR_TEMPERATURE = 50  # rows; with fewer the fitted temperature is noise


def fit_head(
    embeddings_NH: np.ndarray, targets_N: np.ndarray, outputs: int, *, strength: float, balanced: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Multinomial logistic regression by L-BFGS.

    Args:
        embeddings_NH: one row per text.
        targets_N: label positions; every one of 0..outputs-1 must occur.
        outputs: number of labels.
        strength: inverse of the L2 penalty (scikit-learn's C).
        balanced: weigh classes by inverse frequency.

    Returns:
        Weights (outputs, H) and biases (outputs,), float32.
    """
    from sklearn.linear_model import LogisticRegression  # takes longer to load than the rest; processes that share steps need none

    machine = LogisticRegression(C=strength, max_iter=300, class_weight="balanced" if balanced else None)
    machine.fit(embeddings_NH, targets_N)
    weights, biases = machine.coef_, machine.intercept_
    if outputs == 2:  # scikit-learn keeps one score for two classes; half to each side gives the same probabilities
        weights, biases = np.concatenate([-weights, weights]) / 2, np.concatenate([-biases, biases]) / 2
    return weights.astype(np.float32), biases.astype(np.float32)


def prototypes(vectors_NH: np.ndarray, targets_N: np.ndarray, outputs: int, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Class means at unit length times `scale`, biases zero: a cosine head that few rows cannot overfit (Snell et al. 2017).

    Returns:
        Weights (outputs, H) and biases (outputs,), float32.
    """
    means = np.stack([vectors_NH[targets_N == label].mean(axis=0) for label in range(outputs)])
    weights = scale * means / np.linalg.norm(means, axis=1, keepdims=True)
    return weights.astype(np.float32), np.zeros(outputs, dtype=np.float32)


def fit_temperature(logits_NK: np.ndarray, targets_N: Sequence[int] | np.ndarray) -> float:
    """The temperature that minimises the negative log-likelihood (Guo et al. 2017); 1 when there are too few rows to tell.

    A standard normal prior on its logarithm weighs as much as a row or two: when every row is answered right, the likelihood alone
    would make the model boundlessly sure of itself.
    """
    targets = np.asarray(targets_N)
    if len(targets) < FEWEST_FOR_TEMPERATURE:
        return 1.0

    def loss(log_temperature: float) -> float:
        scaled = log_softmax(logits_NK / np.exp(log_temperature), axis=1)
        return float(-scaled[np.arange(len(targets)), targets].sum()) + log_temperature**2 / 2

    found = minimize_scalar(loss, bounds=(np.log(0.05), np.log(20.0)), method="bounded")
    return float(np.exp(found.x))


def probe(model: Model, rows: Rows, labels: Sequence[str], recipe: Recipe, progress: Progress, task: Task | None = None) -> None:
    """Fits the head of a model on what the encoder, as it is now, makes of the rows.

    Raises:
        BadOption: the task's head does not read one vector per text.
    """
    if model.per_token:
        raise BadOption("This task answers for each token, so no head can be fitted on one vector per text.", "Use --method full.")
    progress.say(f"Fitting the head on {len(rows.targets)} embeddings ({recipe.head_start}).")
    vectors, balanced = rows.feed.embeddings(), "balanced" in (recipe.class_weights, recipe.sampling)
    found = task.fit_head(vectors, rows.targets, labels, strength=PROBE_STRENGTH, balanced=balanced) if task else None
    if found is not None:
        weights, biases = found
    else:
        targets = np.array([labels.index(target) for target in rows.targets])
        if recipe.head_start == "prototype":
            weights, biases = prototypes(vectors, targets, len(labels), PROTOTYPE_SCALE)
        else:
            weights, biases = fit_head(vectors, targets, len(labels), strength=PROBE_STRENGTH, balanced=balanced)
    with torch.no_grad():
        model.head.weight.copy_(torch.from_numpy(weights))
        model.head.bias.copy_(torch.from_numpy(biases))
