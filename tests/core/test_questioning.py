"""Many texts are asked at little cost, and what comes of it is what the model itself says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from beside.core.questioning import Asked, asked_once


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


def test_a_twin_is_asked_where_there_is_one_and_it_may_be_off() -> None:
    model = Model(twin=Model(off=0.01))
    asked = Asked(model.probabilities)
    assert asked.roughly(["0.9", "0.5"])[:, 0].tolist() == [0.91, 0.51]
    assert (asked.hurries, model.seen) == (True, [])


def test_without_a_twin_all_is_asked_of_the_model_itself() -> None:
    model = Model()
    asked = Asked(model.probabilities)
    assert asked.roughly(["0.9", "0.4"])[:, 0].tolist() == [0.9, 0.4]
    assert (asked.hurries, len(model.seen)) == (False, 2)
