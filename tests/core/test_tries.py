"""What comes of edited texts: the model itself is asked little, and what comes out is what it says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from beside.core.attacking import Limits, attack
from beside.core.questioning import MARGIN

WORDS = ("p0", "p1", "p2", "p3")


class Model:
    """`good` with the probability that the words of a text multiply to; `off`: by how much it errs, text by text."""

    labels = ("good", "bad")

    def __init__(self, factors: Sequence[float], off: Sequence[float] = (0.0,), twin: Model | None = None) -> None:
        self.factors, self.off, self.twin, self.seen = factors, off, twin, list[str]()

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        self.seen += texts
        right = np.clip([self.right(text) for text in texts], 0, 1)
        return np.stack([right, 1 - right], axis=1)

    def right(self, text: str) -> float:
        worth = [factor for word, factor in zip(WORDS, self.factors, strict=False) if word in text]
        return 0.9 * float(np.prod(worth)) + self.off[sum(map(ord, text)) % len(self.off)]

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        self.seen += [f"vector of {text}" for text in texts]
        return np.array([[1.0, 0.1 * text.count("p")] for text in texts])

    def quick(self) -> Model | None:
        return self.twin


SPOTS = [(0, 1, ["p0", "p1"]), (2, 3, ["p2", "p3"])]


@given(
    st.lists(st.floats(0.3, 1).map(lambda factor: round(factor, 2)), min_size=4, max_size=4),
    st.lists(st.floats(-MARGIN / 2, MARGIN / 2).map(lambda off: 0.9 * off), min_size=1, max_size=7),
)
def test_a_row_is_fooled_only_where_the_model_itself_changes_its_answer(factors: list[float], off: list[float]) -> None:
    model = Model(factors, twin=Model(factors, off))
    [found] = attack(model, ["a b"], ["good"], [SPOTS], limits=Limits(sentence=0.5))  # type: ignore[arg-type]
    assert (found.ended == "fooled") == (model.right(found.edited) < 0.5)
    best = min(factors[0], factors[1])
    if best < 0.5:
        assert found.ended == "fooled", "one edit is enough, and no twin may hide that"


def test_of_many_changed_answers_the_model_itself_is_asked_for_the_nearest_alone() -> None:
    model = Model([0.1, 0.1, 0.1, 0.1], twin=Model([0.1, 0.1, 0.1, 0.1]))
    [found] = attack(model, ["a b"], ["good"], [SPOTS])  # type: ignore[arg-type]
    assert (found.ended, found.edits) == ("fooled", 1)
    assert model.seen == ["a b", found.edited]


def test_a_change_that_the_model_itself_does_not_confirm_gives_way_to_the_next() -> None:
    model = Model([0.9, 0.1, 1, 1], twin=Model([0.1, 0.1, 1, 1]))
    [found] = attack(model, ["a b"], ["good"], [SPOTS[:1]])  # type: ignore[arg-type]
    assert (found.ended, found.edited) == ("fooled", "p1 b")


def test_a_change_that_stands_is_not_lost_while_another_row_is_asked_again() -> None:
    model = Model([0.9, 0.1, 0.1, 1], twin=Model([0.1, 0.1, 0.1, 1]))
    found = attack(model, ["a b", "a c"], ["good"] * 2, [SPOTS[:1], [(2, 3, ["p2"])]])  # type: ignore[arg-type]
    assert [one.edited for one in found] == ["p1 b", "a p2"]


def test_sentences_that_decide_nothing_are_not_compared() -> None:
    others = [f"x{n} p0" for n in range(100)]
    model = Model([0.9, 1, 1, 1])
    attack(model, ["a b"], ["good"], [[(0, 1, others)]], limits=Limits(sentence=0.5))  # type: ignore[arg-type]
    assert sum(text.startswith("vector") for text in model.seen) == 1 + 32, "the row, and one pass of those that hurt most"
