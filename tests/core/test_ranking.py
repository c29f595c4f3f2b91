"""Queries and candidates, BM25 and the places at which relevant candidates stand: against the same thing written plainly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beside.core.lexical import BM25, K1, B, best, terms
from beside.core.pairs import joined
from beside.core.ranking import by_vectors, by_words, constant, judged, places, reached, reranked, scored, some
from beside.core.registry import load

ROWS = [("q1", "a", "1"), ("q1", "b", "0"), ("q1", "c", "2"), ("q2", "b", "1"), ("q3", "a", "0"), ("b", "c", "1"), ("b", "b", "0")]


def data(rows: Sequence[tuple[str, str, str]] = ROWS, **more: Any) -> Any:
    return judged([joined(query, candidate) for query, candidate, _ in rows], [grade for *_, grade in rows], **more)


def test_queries_keep_their_relevant_candidates_with_grades() -> None:
    found = data()
    assert found.queries == ["q1", "q2", "b"], "q3 has nothing to find"
    assert found.candidates == ["a", "b", "c"]
    assert found.relevant == [{0: 1, 2: 2}, {1: 1}, {2: 1}]
    assert found.grades() == ["1 2", "1", "1"]
    assert data(others=["z", "a"]).candidates == ["a", "b", "c", "z"]
    assert some(found, 2).queries == ["q1", "b"] and some(found, 9).queries == found.queries


@given(st.lists(st.tuples(st.sampled_from("qrst"), st.sampled_from("abcdefg"), st.sampled_from("012")), min_size=1), st.randoms())
def test_places_are_those_of_a_sorted_list(rows: list[tuple[str, str, str]], random: Any) -> None:
    found = data(rows)
    scores = [np.array([random.randint(0, 3) for _ in found.candidates], dtype=float) for _ in found.queries]
    for query, said in enumerate(places(found, enumerate(scores))):
        order = sorted(range(len(found.candidates)), key=lambda at, row=scores[query]: (-row[at], at))
        assert [int(place) for place in said.split()] == [order.index(at) + 1 for at in found.relevant[query]]


def test_a_candidate_that_is_the_query_itself_stands_last() -> None:
    found = data()
    first = np.array([1.0, 9.0, 5.0])
    assert places(found, enumerate([first] * 3))[2] == "1", "b is no answer to b"


def by_hand(texts: list[str], query: str, at: int) -> float:
    cut = [terms(text) for text in texts]
    mean, found = np.mean([len(one) for one in cut]), 0.0
    for word, times in Counter(terms(query)).items():
        held, often = sum(word in one for one in cut), cut[at].count(word)
        idf = np.log(1 + (len(cut) - held + 0.5) / (held + 0.5))
        found += times * idf * often * (K1 + 1) / (often + K1 * (1 - B + B * len(cut[at]) / mean))
    return found


@given(st.lists(st.text("ab c", min_size=1), min_size=1, max_size=8), st.text("abd "))
def test_bm25_is_that_of_the_book(texts: list[str], query: str) -> None:
    if not any(map(terms, texts)):
        return
    assert BM25(texts).scores(query) == pytest.approx([by_hand(texts, query, at) for at in range(len(texts))])


def test_chinese_is_cut_into_characters_and_pairs_of_them() -> None:
    assert terms("查卡ABC") == ["查", "卡", "查卡", "abc"]
    assert BM25(["冻结银行卡", "查询余额"]).top("怎么冻结卡", 1).tolist() == [0]


@given(st.lists(st.integers(0, 4), max_size=30), st.integers(0, 35))
def test_the_best_come_first_and_of_equals_the_earlier(scores: list[int], count: int) -> None:
    expected = sorted(range(len(scores)), key=lambda at: (-scores[at], at))[:count]
    assert best(np.array(scores, dtype=float), count).tolist() == expected


def test_floors_say_where_they_put_what() -> None:
    words = data([("red apple", "an apple, red", "1"), ("blue", "so blue", "1")])
    assert places(words, by_words(words)) == ["1", "1"]
    often = [(joined("x", "so blue"), "1"), (joined("y", "so blue"), "1"), (joined("z", "an apple, red"), "1")]
    assert places(words, constant(words, often)) == ["2", "1"]
    assert reached(words).tolist() == [1.0, 1.0]


def test_what_reads_pairs_reorders_the_first_of_bm25_and_leaves_the_others_behind() -> None:
    rows = [(f"q{place}", f"word page {place}", "1") for place in range(60)]
    found = data([("word", "word page 10", "1"), ("word", "nothing", "1"), *rows])
    asked: list[int] = []

    def score(texts: Sequence[str]) -> np.ndarray:
        asked.append(len(texts))
        return np.array([float(text.endswith(" 10")) for text in texts])

    said = places(some(found, 1), reranked(some(found, 1), score))
    assert asked == [50] and said[0].split() == ["1", "61"], "what shares no word stays where BM25 has it"


def test_vectors_are_compared_in_pieces_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    vectors = {text: rng.normal(size=4) for text in ("q1", "q2", "b", "a", "c")}
    embed = lambda texts: np.array([vectors[text] for text in texts])  # noqa: E731
    whole = places(data(), by_vectors(data(), embed))
    monkeypatch.setattr("beside.core.ranking.CELLS", 1)
    assert places(data(), by_vectors(data(), embed)) == whole


def test_other_tasks_are_scored_row_by_row() -> None:
    class Always:
        def predict(self, texts: Sequence[str]) -> list[str]:
            return ["yes"] * len(texts)

    answered, targets = scored(load("tasks", "classify"), ["a", "b"], ["yes", "no"])
    assert (answered(Always()), targets) == (["yes", "yes"], ["yes", "no"])  # type: ignore[arg-type]
