"""A new label's texts join the corpus, some of them for testing; what cannot be added is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from beside.core.errors import BadInput, NotEnoughData
from beside.core.types import Corpus, Example, Splits
from beside.stages.add_label import grown

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CORPUS = Corpus(id="corpus-1", name="inbox", task="classify", labels=("lost", "refund"), splits={}, examples="", made_at=NOW)
SPLITS = Splits(
    train=[Example(id="1", text="my card is lost", target="lost")],
    tune=[Example(id="2", text="pay me back", target="refund")],
    test=[Example(id="3", text="it has gone", target="lost")],
)


def test_every_fifth_text_is_kept_for_testing_and_nothing_else_moves() -> None:
    texts = [f"hello number {place}" for place in range(1, 11)]
    rows = grown(CORPUS, SPLITS, "hello", texts)
    assert rows.train[0] == SPLITS.train[0] and rows.tune == SPLITS.tune and rows.test[0] == SPLITS.test[0]
    assert [row.text for row in rows.test[1:]] == ["hello number 5", "hello number 10"]
    assert [row.text for row in rows.train[1:]] == [text for text in texts if text not in ("hello number 5", "hello number 10")]
    assert {row.target for row in [*rows.train[1:], *rows.test[1:]]} == {"hello"}
    assert len({row.id for part in rows for row in part}) == 13


def test_a_text_given_twice_counts_once() -> None:
    assert len(grown(CORPUS, SPLITS, "hello", ["good day", " good day ", "hello there"]).train) == 3


@pytest.mark.parametrize(
    "label, texts, said",
    [
        ("lost", ["one", "two"], "is there already"),
        (" ", ["one", "two"], "has no name"),
        ("hello", ["IT HAS GONE", "two"], "1 of the texts are rows of the corpus already, the first with the label 'lost'"),
    ],
)
def test_what_is_there_already_is_refused(label: str, texts: list[str], said: str) -> None:
    with pytest.raises(BadInput, match=said) as refused:
        grown(CORPUS, SPLITS, label, texts)
    assert refused.value.hint


def test_one_text_is_too_few() -> None:
    with pytest.raises(NotEnoughData, match="needs 2 different texts, got 1"):
        grown(CORPUS, SPLITS, "hello", ["good day", "good day"])
