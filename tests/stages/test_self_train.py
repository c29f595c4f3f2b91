"""Texts that the model is sure of join the training rows; nothing else moves, and a weak model is not believed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from beside.core.errors import NotEnoughData
from beside.core.interfaces import Silent
from beside.core.recipe import Recipe
from beside.core.types import Example, Run, Splits
from beside.stages.self_train import MOST, Known, grown

RUN = Run(
    id="run-1", corpus_id="corpus-1", recipe=Recipe(), model="", scores={}, trainable=1, parameters=1, truncated=0, seed=0,
    seconds=0, versions={}, made_at=datetime(2026, 1, 1, tzinfo=UTC),
)  # fmt: skip
SPLITS = Splits(
    train=[Example(id="1", text="my card is lost", target="lost"), Example(id="2", text="money back", target="refund")],
    tune=[],
    test=[Example(id="3", text="lost lost lost", target="lost")],
)
GOOD = Known(right=np.ones(20, dtype=bool), sure=np.linspace(0.6, 0.99, 20))


def scores(text: str) -> tuple[float, float]:
    """Surer with each `lost`; without one, half and half."""
    return 0.0, 2.0 * text.count("lost")


def test_sure_texts_join_the_training_rows_with_their_origin(toy_subject: Any) -> None:
    rows = grown(RUN, toy_subject(scores), SPLITS, ["it is lost", "good day", "lost and lost", "MY CARD IS LOST"], GOOD, Silent())
    assert rows.train[:2] == SPLITS.train and (rows.tune, rows.test) == (SPLITS.tune, SPLITS.test)
    assert [(row.text, row.target, row.origin) for row in rows.train[2:]] == [
        ("it is lost", "lost", "run:run-1"),
        ("lost and lost", "lost", "run:run-1"),
    ]


def test_a_text_of_the_test_split_is_never_learned(toy_subject: Any) -> None:
    rows = grown(RUN, toy_subject(scores), SPLITS, ["Lost Lost Lost", "lost again"], GOOD, Silent())
    assert [row.text for row in rows.train[2:]] == ["lost again"]


def test_no_label_gets_more_than_ten_for_each_known_row(toy_subject: Any) -> None:
    texts = [f"lost {place}" for place in range(50)]
    assert len(grown(RUN, toy_subject(scores), SPLITS, texts, GOOD, Silent()).train) == 2 + MOST


@pytest.mark.parametrize(
    "known, texts, said",
    [
        (Known(np.arange(40) % 2 == 0, np.linspace(0.5, 0.9, 40)), ["it is lost"], "too few sure answers are right"),
        (GOOD, ["good day"], "None of 1 new texts is sure enough"),
    ],
)
def test_a_model_that_may_not_teach_itself_is_refused(toy_subject: Any, known: Known, texts: list[str], said: str) -> None:
    with pytest.raises(NotEnoughData, match=said) as refused:
        grown(RUN, toy_subject(scores), SPLITS, texts, known, Silent())
    assert "abel" in refused.value.hint
