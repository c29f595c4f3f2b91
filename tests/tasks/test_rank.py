"""Ranking: scores against scikit-learn's, grades as people write them, negatives, and the loss of a bi-encoder."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from beside.core.pairs import apart, joined
from beside.core.recipe import Recipe
from beside.core.registry import load
from beside.core.types import Example
from beside.tasks._negatives import sampled
from beside.tasks.rank import of_query

rank = load("tasks", "rank")


@given(st.lists(st.integers(0, 3), min_size=2, max_size=40).filter(any), st.integers(0, 99))
def test_ndcg_is_scikit_learns_and_the_rest_is_counted_plainly(grades: list[int], seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(grades)) + 1  # place of each candidate
    relevant = [at for at, grade in enumerate(grades) if grade]
    said, wanted = " ".join(str(order[at]) for at in relevant), " ".join(str(grades[at]) for at in relevant)
    mrr, ndcg, first, fifth, tenth = of_query(said, wanted)
    assert ndcg == pytest.approx(ndcg_score([2.0 ** np.array(grades) - 1], [-order.astype(float)], k=10))
    assert mrr == 1 / min(order[at] for at in relevant)
    assert [first, fifth, tenth] == [np.mean([order[at] <= depth for at in relevant]) for depth in (1, 5, 10)]


@pytest.mark.parametrize(("cell", "target"), [("1", "1"), ("yes", "1"), ("相关", "1"), ("False", "0"), ("2.0", "2"), (" 3 ", "3")])
def test_relevance_is_read_as_people_write_it(cell: str, target: str) -> None:
    book = rank.book()
    number = book.read(cell, "", "")
    assert book.names()[number] == target


@pytest.mark.parametrize("cell", ["4", "-1", "maybe", "0.5"])
def test_what_is_no_grade_is_refused_with_what_is(cell: str) -> None:
    with pytest.raises(ValueError, match="0 to 3"):
        rank.book().read(cell, "", "")


def rows() -> list[Example]:
    found = [(f"about number {place}", f"page of number {place}", "1") for place in range(30)]
    found += [("about number 0", "page of number 1", "0"), ("about number 0", "page of number 2", "2")]
    return [Example(id=str(at), text=joined(query, page), target=grade) for at, (query, page, grade) in enumerate(found)]


@pytest.mark.parametrize("hard", [True, False])
def test_negatives_are_candidates_that_no_row_judges(hard: bool) -> None:
    made = sampled(rows(), 4, hard, seed=0)
    assert made[:32] == rows() and len(made) == 32 + 4 * 31
    judged = {row.text for row in rows()}
    assert all(row.target == "0" and row.text not in judged for row in made[32:])
    assert made == sampled(rows(), 4, hard, seed=0) != sampled(rows(), 4, hard, seed=1)


def test_hard_negatives_share_words_with_the_query() -> None:
    texts = [f"{topic} page {place}" for place in range(40) for topic in ("card", "loan")]
    found = [Example(id=str(at), text=joined(text.split()[0], text), target="1") for at, text in enumerate(texts[:2])]
    others = [Example(id=f"o{at}", text=joined(f"q{at}", text), target="1") for at, text in enumerate(texts[2:])]
    made = [row for row in sampled([*found, *others], 4, True, seed=0) if row.target == "0" and row.id.startswith("0-")]
    assert sum(str(apart(row.text)[1]).startswith("card") for row in made) >= 2


def test_there_are_only_so_many_negatives_as_there_are_candidates() -> None:
    two = [Example(id=str(at), text=joined(f"q{at}", f"c{at}"), target="1") for at in range(2)]
    assert len(sampled(two, 50, True, seed=0)) == 4


def test_the_knob_chooses_how_both_are_read() -> None:
    cross = rank.configured(Recipe(ranker="cross-encoder"))
    assert rank.apart and not cross.apart and (rank.outputs(()), cross.outputs(())) == (0, 1)
    assert len(cross.learned(rows(), Recipe(ranker="cross-encoder", negatives=2))) == 32 + 2 * 31
    assert rank.learned(rows(), Recipe()) == rows()


def test_a_single_pair_is_relevant_from_the_score_that_nine_in_ten_reach() -> None:
    cosines = np.array([[0.1 * place] for place in range(11)], dtype=np.float32)
    tuned = rank.tuned(cosines, ["0"] + ["1"] * 10, ("relevant",))
    assert tuned.threshold == pytest.approx(0.19, abs=1e-6) and tuned.decode(cosines, ()) == ["0", "0", *["1"] * 9]
    [said] = tuned.answers(cosines[:1], 1.0, ())
    assert said.probability == 0 and said.answer == {"relevant": False, "score": 0.0}, "a cosine is no probability"
