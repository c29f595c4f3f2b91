"""The level below which a text is out of scope comes from tune rows, and keeps its promise on others like them."""

from __future__ import annotations

import numpy as np
import pytest

from beside.core.scope import SCORES, fitted
from beside.core.types import Example


class Cloud:
    """A model whose vectors are normal around one of two centres; a text is a number that seeds its place, `far` lies elsewhere."""

    labels = ("left", "right")

    def embed(self, texts):
        return np.array([self.place(text) for text in texts])

    def place(self, text):
        if text.startswith("far"):
            return np.full(8, 30.0) * (-1.0) ** np.arange(8)
        rng = np.random.default_rng(int(text))
        return rng.normal(size=8) + 6.0 * (1 if int(text) % 2 else -1)

    def logits(self, texts):
        side = 0.1 * self.embed(texts)[:, :4].sum(axis=1) * np.array([0.0 if text.startswith("far") else 1.0 for text in texts])
        return np.stack([-side, side], axis=1)


def rows(first, count, split):
    return [Example(id=f"{split}-{at}", text=str(at), target=Cloud.labels[at % 2]) for at in range(first, first + count)]


@pytest.mark.parametrize("name", SCORES)
def test_about_one_new_text_in_twenty_lies_below_and_far_ones_do(name):
    model = Cloud()
    scope = fitted(name, model, rows(0, 200, "train"), rows(1000, 400, "tune"))
    below = np.mean(scope.scores(model, [str(at) for at in range(5000, 7000)]) < scope.threshold)
    assert 0.02 <= below <= 0.09  # 5 %: three standard errors of the level from 400 rows and of the share of 2,000
    assert (scope.scores(model, ["far"]) < scope.threshold).all()
    assert (scope.name, scope.n) == (name, 400)


def test_too_few_tune_rows_fit_nothing():
    assert fitted(SCORES[2], Cloud(), rows(0, 50, "train"), rows(100, 29, "tune")) is None


def test_of_many_rows_every_so_manieth_is_asked():
    scope = fitted("maximum softmax", Cloud(), rows(0, 5, "train"), rows(0, 4001, "tune"))
    assert scope.n == 2000
