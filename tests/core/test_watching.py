"""Models under audit: asked once, asked alike whoever asks, and within bounded memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from beside.core import watching
from beside.core.interfaces import Silent
from beside.core.types import Example, Splits
from beside.core.watching import Cancelled, Desk, Shared, Watched


class Batchy:
    """A model whose numbers depend on the batch a text is asked in, as those of a real one do in their last bits."""

    labels, max_length, temperature, secret = ("a", "b"), 8, 2.0, "passed through"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def logits(self, texts: Sequence[str]) -> np.ndarray:
        self.asked += texts
        return np.array([[len(text), len(texts)] for text in texts], dtype=np.float32).reshape(-1, 2)

    embed = logits

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        return [len(text) for text in texts]


def rows(kind: str, n: int) -> list[Example]:
    return [Example(id=f"{kind}{place}", text=f"{kind} row {place}", target="a") for place in range(n)]


@pytest.fixture
def shared() -> Shared:
    return Shared(Batchy(), Splits(rows("train", 40), [], rows("test", 10)), Desk(Silent(), lambda: 0.0))  # type: ignore[arg-type]


def test_a_row_of_the_test_split_has_the_same_score_whoever_asks_first(shared: Shared) -> None:
    first, second = Watched(shared, "one"), Watched(shared, "two")
    alone = first.logits(["test row 3"])
    together = second.logits([f"test row {place}" for place in range(10)])
    assert (alone[0] == together[3]).all()
    assert len(shared.subject.asked) == 10  # type: ignore[attr-defined]


def test_a_check_asks_no_text_twice_and_answers_come_in_order(shared: Shared) -> None:
    watched = Watched(shared, "one")
    found = watched.logits(["new", "test row 1", "longer", "new"])
    assert found[:, 0].tolist() == [3, 10, 6, 3]
    watched.predict(["longer", "new"])
    assert [text for text in shared.subject.asked if not text.startswith("test")] == ["new", "longer"]  # type: ignore[attr-defined]


def test_what_one_check_edited_does_not_change_what_another_finds(shared: Shared) -> None:
    Watched(shared, "one").logits(["edited", "other"])
    assert Watched(shared, "two").logits(["edited"]).tolist() == [[6, 1]]


def test_all_training_rows_are_shared_and_a_few_are_not(shared: Shared) -> None:
    train = [f"train row {place}" for place in range(40)]
    assert Watched(shared, "one").embed(train[:5])[0, 1] == 5
    assert Watched(shared, "two").embed(train)[0, 1] == 40
    asked = len(shared.subject.asked)  # type: ignore[attr-defined]
    Watched(shared, "three").embed(train[:30])
    assert len(shared.subject.asked) == asked  # type: ignore[attr-defined]


def test_anything_else_comes_from_the_model_itself(shared: Shared) -> None:
    watched: Any = Watched(shared, "one")
    assert watched.secret == "passed through"
    assert watched.token_counts(["abc"]) == [3]
    assert watched.logits([]).shape == (0, 2)
    assert watched.probabilities(["new"]).sum() == pytest.approx(1)


def test_memory_is_bounded_and_answers_stay_the_same(shared: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    roomy = Watched(shared, "one").logits(["test row 1", "new"])
    tight = Shared(Batchy(), Splits([], [], rows("test", 10)), Desk(Silent(), lambda: 0.0))  # type: ignore[arg-type]
    tight.desk.free = 10
    for _ in range(2):
        assert (Watched(tight, "one").logits(["test row 1", "new"]) == roomy).all()
    assert not tight.known
    assert watching.REMEMBERED == 256 * 2**20


def test_a_stopped_audit_asks_nothing_more(shared: Shared) -> None:
    shared.desk.stopped.set()
    with pytest.raises(Cancelled):
        Watched(shared, "one").logits(["new"])
