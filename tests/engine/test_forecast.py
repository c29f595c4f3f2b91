"""The forecast falls with epsilon, never looks at a training row, and says when it cannot tell."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beside.core.interfaces import Silent
from beside.core.recipe import Recipe
from beside.core.types import Example
from beside.engine.forecast import forecast, noisy_head, tell_forecast

RECIPE = Recipe(epsilon=2.0, epochs=10, batch_size=50, head_learning_rate=0.05, delta=1e-5)


def blobs(rows: int, labels: int = 4, width: int = 16) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of unit length around one direction per label, and the labels."""
    rng = np.random.default_rng(0)
    targets = rng.integers(labels, size=rows)
    vectors = np.eye(labels, width)[targets] + rng.normal(size=(rows, width)) * 0.35
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), targets


def test_accuracy_falls_with_epsilon_and_less_where_units_are_many() -> None:
    vectors, targets = blobs(600)
    start = np.zeros((4, 16), np.float32)
    few, many = (forecast(vectors, targets, start, units, RECIPE.model_copy(update={"epochs": 6})) for units in (200, 20_000))
    assert list(few) == [None, 8.0, 3.0, 2.0, 1.0] and all(score.n == 600 for score in few.values())
    assert few[None].value > few[8.0].value > few[1.0].value
    assert many[1.0].value > few[1.0].value + 0.1 and many[1.0].value > many[None].value - 0.05


@settings(max_examples=10, deadline=None)
@given(clip=st.sampled_from([1e-3, 0.1, 10.0]), noise=st.sampled_from([0.0, 0.5, 50.0]))
def test_the_head_is_always_a_number(clip: float, noise: float) -> None:
    vectors, targets = blobs(40)
    recipe = RECIPE.model_copy(update={"clip": clip})
    head = noisy_head(vectors, targets, np.zeros((4, 16)), 20, 15, noise, recipe, np.random.default_rng(0))
    assert head.shape == (4, 17) and np.isfinite(head).all()


class Heard(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture
def subject(toy_model: Any) -> Any:
    from beside.engine.runtime import load_subject

    return load_subject(toy_model)


def test_it_is_told_with_intervals(subject: Any, messages: Any) -> None:
    heard, tune = Heard(), [Example(id=str(p), text=text, target=label) for p, (text, label) in enumerate(messages(120))]
    tell_forecast(subject, tune, 400, RECIPE, heard)
    assert "120 tune rows and no training row" in heard.said[0] and "no epsilon" in heard.said[0] and "epsilon 2 " in heard.said[0]


def test_with_few_tune_rows_it_says_that_it_cannot_tell(subject: Any, messages: Any) -> None:
    heard, tune = Heard(), [Example(id=str(p), text=text, target=label) for p, (text, label) in enumerate(messages(30))]
    tell_forecast(subject, tune, 400, RECIPE, heard)
    assert heard.said[0].startswith("No forecast") and "there are 30" in heard.said[0]
