"""Convex problems, solved: the head on frozen embeddings, and the temperature."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from beside.engine.probe import FEWEST_FOR_TEMPERATURE, fit_head, fit_temperature, prototypes


def clusters(outputs: int, rows: int = 90, spread: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    targets = np.arange(rows) % outputs
    return (np.eye(outputs, 8)[targets] + rng.normal(0, spread, (rows, 8))).astype(np.float32), targets


@pytest.mark.parametrize("outputs", [2, 3])
@pytest.mark.parametrize("balanced", [False, True])
def test_the_fitted_head_answers_like_scikit_learn(outputs: int, balanced: bool) -> None:
    from sklearn.linear_model import LogisticRegression

    vectors, targets = clusters(outputs)
    weights, biases = fit_head(vectors, targets, outputs, strength=10.0, balanced=balanced)
    assert weights.shape == (outputs, 8) and biases.shape == (outputs,) and weights.dtype == biases.dtype == np.float32
    theirs = LogisticRegression(C=10.0, max_iter=300, class_weight="balanced" if balanced else None).fit(vectors, targets)
    np.testing.assert_allclose(softmax(vectors @ weights.T + biases, axis=1), theirs.predict_proba(vectors), atol=1e-4)


def test_prototypes_are_class_means_of_one_length() -> None:
    vectors, targets = clusters(3)
    weights, biases = prototypes(vectors, targets, 3, scale=20.0)
    np.testing.assert_allclose(np.linalg.norm(weights, axis=1), 20.0, rtol=1e-5)
    assert not biases.any()
    assert ((vectors @ weights.T).argmax(axis=1) == targets).mean() > 0.9


def true_logits(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose softmax is the truth: targets are drawn from it."""
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 1.5, (rows, 4))
    return logits, np.array([rng.choice(4, p=row) for row in softmax(logits, axis=1)])


@pytest.mark.parametrize("factor", [0.3, 1.0, 3.0, 8.0])
def test_the_temperature_undoes_what_made_a_model_too_sure_or_not_sure_enough(factor: float) -> None:
    logits, targets = true_logits(3000)
    assert fit_temperature(logits * factor, targets) == pytest.approx(factor, rel=0.12)


def test_overconfident_logits_get_a_temperature_above_one_and_a_lower_loss() -> None:
    logits, targets = true_logits(200)
    temperature = fit_temperature(logits * 5, targets)
    assert temperature > 2
    loss = {t: -log_softmax(logits * 5 / t, axis=1)[np.arange(200), targets].mean() for t in (1.0, temperature)}
    assert loss[temperature] < loss[1.0]


def test_few_rows_never_change_the_temperature() -> None:
    logits, targets = true_logits(FEWEST_FOR_TEMPERATURE)
    assert fit_temperature(logits[:-1] * 9, targets[:-1]) == 1.0
    assert fit_temperature(logits * 9, targets) != 1.0


def test_a_model_that_is_always_right_does_not_become_boundlessly_sure() -> None:
    logits = np.eye(3)[np.arange(60) % 3] * 4.0
    temperature = fit_temperature(logits, np.arange(60) % 3)
    assert 0.4 < temperature < 1.0
    assert softmax(logits / temperature, axis=1).max() < 0.9999


def test_answers_stay_what_they_were() -> None:
    logits, targets = true_logits(100)
    assert ((logits / fit_temperature(logits, targets)).argmax(axis=1) == logits.argmax(axis=1)).all()
