"""Many texts are asked at little cost, and what comes of it is what the model itself says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from beside.core.questioning import MARGIN, Asked, asked_once


class Model:
    """Gives each text the probability that it spells; keeps what it was asked."""

    def __init__(self, off: float = 0.0, twin: Model | None = None) -> None:
        self.off, self.twin, self.seen = off, twin, list[str]()

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        self.seen += texts
        right = np.clip([float(text) + self.off for text in texts], 0, 1)
        return np.stack([right, 1 - right], axis=1)

    def quick(self) -> Model | None:
        return self.twin


def test_each_distinct_text_is_asked_once_and_short_ones_first() -> None:
    model = Model()
    assert asked_once(model.probabilities, ["0.25", "0.5", "0.25"])[:, 0].tolist() == [0.25, 0.5, 0.25]
    assert model.seen == ["0.5", "0.25"]


def test_clear_answers_are_believed_of_the_twin_and_close_or_changed_ones_are_asked_again() -> None:
    twin = Model(off=0.01)
    model = Model(twin=twin)
    found = Asked(model.probabilities).decisively(["0.9", "0.55", "0.1"], np.zeros(3, dtype=int))
    assert twin.seen == ["0.9", "0.1", "0.55"]
    assert model.seen == ["0.1", "0.55"]
    assert found[:, 0].tolist() == [0.91, 0.55, 0.1]


@given(st.lists(st.floats(0, 1).map(lambda share: f"{share:.4f}"), min_size=1, max_size=30), st.floats(-MARGIN / 2, MARGIN / 2))
def test_the_answer_is_that_of_the_model_as_long_as_its_twin_is_off_by_less_than_half_the_margin(
    texts: list[str], off: float
) -> None:
    model = Model(twin=Model(off=off * 0.99))
    targets = np.zeros(len(texts), dtype=int)
    found = Asked(model.probabilities).decisively(texts, targets)
    assert (found.argmax(axis=1) == Model().probabilities(texts).argmax(axis=1)).all()


def test_without_a_twin_all_is_asked_of_the_model_itself() -> None:
    model = Model()
    assert Asked(model.probabilities).decisively(["0.9", "0.4"], np.zeros(2, dtype=int))[:, 0].tolist() == [0.9, 0.4]
    assert len(model.seen) == 2
