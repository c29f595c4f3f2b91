"""A model that ranks is measured query by query over every candidate of the corpus, beside BM25 and one order for all queries."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from beside.checks.utility.report import check
from beside.core import registry
from beside.core.applies import for_task, metrics_of, why_not
from beside.core.errors import NotEnoughData
from beside.core.pairs import apart, joined
from beside.core.policies import read_policy
from beside.core.recipe import Recipe
from beside.core.types import Splits

rank = registry.load("tasks", "rank")
cross = rank.configured(Recipe(ranker="cross-encoder"))
TOPICS = ["card", "parcel", "refund", "loan", "branch", "password", "fee", "cheque", "address", "limit"]


def rows(offset: int, count: int) -> list[tuple[str, str]]:
    asked = [(place, TOPICS[place % len(TOPICS)]) for place in range(offset, offset + count)]
    return [(joined(f"question {place} about it", f"All about the {topic}."), "1") for place, topic in asked]


class Knowing:
    """A subject that finds the right candidate of two queries in three; of the others it takes the wrong one."""

    labels, max_length, temperature = ("relevant",), 64, 1.0

    def __init__(self, task: Any, splits: Splits) -> None:
        self.task = task
        self.answer = dict(apart(row.text) for row in splits.test)
        self.asked = 0

    def right(self, query: str) -> str:
        number = int(query.split()[1])
        return str(self.answer[query]) if number % 3 else f"All about the {TOPICS[(number + 1) % len(TOPICS)]}."

    def embed(self, texts: list[str]) -> np.ndarray:
        there = [f"All about the {topic}." for topic in TOPICS]
        return np.array([np.eye(len(there))[there.index(text if text in there else self.right(text))] for text in texts])

    def logits(self, texts: list[str]) -> np.ndarray:
        self.asked += 1
        return np.array([[float(apart(text)[1] == self.right(apart(text)[0]))] for text in texts])


@pytest.fixture
def splits(make_splits: Any) -> Splits:
    return make_splits(rows(0, 60), train=rows(60, 90))


@pytest.mark.parametrize("task", [rank, cross], ids=["bi-encoder", "cross-encoder"])
def test_every_score_has_an_interval_over_queries(task: Any, splits: Splits) -> None:
    found = {one.metric: one for one in check.measure(Knowing(task, splits), splits, np.random.default_rng(0))}
    assert list(found) == list(metrics_of(check, task))
    assert found["recall_1"].value == pytest.approx(40 / 60) and found["recall_10"].value == 1
    assert found["mrr"].value > found["recall_1"].value
    for one in found.values():
        assert one.low <= one.value <= one.high and one.low < one.high and one.n == 60
    assert found["gain_over_bm25"].value == pytest.approx(found["mrr"].value - found["bm25_score"].value)
    assert found["gain_over_floor"].low > 0, "one order for every query is far worse"
    assert found["bm25_reach"].value == 1, "of ten candidates BM25's first fifty are all"
    assert [bar["name"] for bar in found["floor"].evidence["rows"]] == ["this model", "BM25", "one order for every query"]


def test_candidates_of_the_other_splits_stand_among_those_that_are_ordered(splits: Splits, make_splits: Any) -> None:
    alone = make_splits(rows(0, 1), train=[(joined("question 99 about it", "A page of its own."), "1"), *rows(60, 90)])
    [floor] = [one for one in check.measure(Knowing(cross, alone), alone, np.random.default_rng(0)) if one.metric == "floor"]
    assert floor.evidence["candidates"] == len(TOPICS) + 1


def test_a_model_that_reads_pairs_is_asked_about_so_many_queries_only(splits: Splits) -> None:
    subject = Knowing(cross, splits)
    found = list(replace(check, queries=12).measure(subject, splits, np.random.default_rng(0)))
    assert {one.n for one in found} == {12} and subject.asked == 12


def test_without_a_relevant_test_row_there_is_nothing_to_find(make_splits: Any) -> None:
    none = make_splits([(joined("question 1 about it", "All about the card."), "0")], train=rows(60, 90))
    with pytest.raises(NotEnoughData, match="relevant"):
        list(check.measure(Knowing(rank, none), none, np.random.default_rng(0)))


def test_other_checks_say_why_they_do_not_apply_and_the_policy_asks_for_a_gain(splits: Splits) -> None:
    subject = Knowing(rank, splits)
    reasons = {name: why_not(registry.load("checks", name), subject, splits) for name in registry.names("checks")}
    assert [name for name, why in reasons.items() if why is None] == ["utility/report"]
    rules = for_task(read_policy("default"), rank, True)
    assert ("utility/report", "gain_over_floor") in {(one.check, one.metric) for one in rules.limits}
