"""Attacks against subjects whose weak word is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beside.core.attacking import SEARCHES, Limits, attack
from beside.core.edits import apart, filled, without
from beside.core.errors import BadOption
from beside.core.wording import words

TEXTS = [f"the plot of film {n} is truly grand and the cast is fine" for n in range(20)]
TARGETS = ["good"] * 20
SAME = {"grand": ["great", "big"], "fine": ["nice"], "truly": ["really"], "plot": ["story"]}


def spots_of(text: str) -> list[Any]:
    return [(word.start, word.end, SAME[word.text]) for word in words(text) if word.text in SAME]


SPOTS = [spots_of(text) for text in TEXTS]


@pytest.fixture
def hinged(toy_subject: Any) -> Any:
    """Says `good` while `grand` is there; other words shift the scores a little."""
    return toy_subject(lambda text: [1.0 + 0.1 * ("fine" in text), 2.0 * ("grand" not in text)], labels=("good", "bad"))


@pytest.mark.parametrize("search", SEARCHES)
def test_a_subject_that_hinges_on_one_word_is_fooled_on_every_row(search: str, hinged: Any) -> None:
    found = attack(hinged, TEXTS, TARGETS, SPOTS, search=search, rng=np.random.default_rng(0))
    assert {one.ended for one in found} == {"fooled"}
    assert all(one.after == "bad" and "grand" not in one.edited for one in found)
    if search != "population":
        assert {one.edits for one in found} == {1}, "one edit is enough, and the most important word is tried first"


@pytest.mark.parametrize("search", SEARCHES)
def test_a_subject_that_ignores_words_is_never_fooled(search: str, toy_subject: Any) -> None:
    found = attack(toy_subject(lambda text: [1.0, 0.0], labels=("good", "bad")), TEXTS, TARGETS, SPOTS, search=search)
    assert {(one.ended, one.edited == one.text) for one in found} == {("held", True)}


def test_an_attack_that_needs_two_edits_finds_them_and_one_edit_is_not_enough(toy_subject: Any) -> None:
    subject = toy_subject(lambda text: [1.0, 0.7 * ("grand" not in text) + 0.7 * ("fine" not in text)], labels=("good", "bad"))
    for search in SEARCHES:
        found = attack(subject, TEXTS, TARGETS, SPOTS, search=search)
        assert {one.ended for one in found} == {"fooled"}
        strict = attack(subject, TEXTS, TARGETS, SPOTS, search=search, limits=Limits(share=0.1))
        assert {(one.ended, one.edits) for one in strict} == {("held", 1)}
        assert all(one.edited != one.text for one in strict), "the hardest copy is given back for training"


def test_rows_answered_wrongly_and_rows_without_a_spot_are_left_alone(hinged: Any) -> None:
    found = attack(hinged, [*TEXTS[:2], "grand"], ["bad", "unheard", "good"], [*SPOTS[:2], []])
    assert [one.ended for one in found] == ["wrong", "wrong", "nothing to edit"]
    assert [one.queries for one in found] == [1, 1, 1]
    assert attack(hinged, [], [], []) == []


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("queries", [1, 3, 7])
def test_no_row_asks_more_than_its_queries(search: str, queries: int, hinged: Any) -> None:
    found = attack(hinged, TEXTS, TARGETS, SPOTS, search=search, limits=Limits(queries=queries))
    assert max(one.queries for one in found) <= queries


def test_an_edit_that_moves_the_sentence_too_far_is_refused(hinged: Any) -> None:
    def embed(texts: Any) -> np.ndarray:
        return np.array([[1.0, 0.0] if "grand" in text or "great" in text else [0.0, 1.0] for text in texts])

    found = attack(hinged, TEXTS, TARGETS, SPOTS, embed=embed, limits=Limits(sentence=0.9))
    assert all("great" in one.edited for one in found)
    far = [[(start, end, [other for other in others if other != "great"]) for start, end, others in some] for some in SPOTS]
    held = attack(hinged, TEXTS, TARGETS, far, embed=embed, limits=Limits(sentence=0.9))
    assert {one.ended for one in held} == {"held"}


def test_rows_attacked_together_end_as_each_does_alone(hinged: Any) -> None:
    together = attack(hinged, TEXTS, TARGETS, SPOTS)
    alone = [attack(hinged, [text], ["good"], [some])[0] for text, some in zip(TEXTS, SPOTS, strict=True)]
    assert together == alone


def test_candidates_of_all_rows_share_their_passes(hinged: Any) -> None:
    calls: list[int] = []
    ask = hinged.probabilities

    class Counting:
        labels = hinged.labels

        def probabilities(self, texts: Any) -> Any:
            calls.append(len(texts))
            assert list(map(len, texts)) == sorted(map(len, texts))
            return ask(texts)

    attack(Counting(), TEXTS, TARGETS, SPOTS)  # type: ignore[arg-type]
    assert len(calls) == 3, "the rows, their words left out, the others of the first word"
    assert calls[0] == 20


def test_an_unknown_search_is_refused(hinged: Any) -> None:
    with pytest.raises(BadOption, match="no search 'annealing'"):
        attack(hinged, TEXTS, TARGETS, SPOTS, search="annealing")


def test_a_filled_text_keeps_everything_else_and_mends_the_article() -> None:
    text = "It was a fine day, an hour long"
    spots = apart([(9, 13, ["awful", "fine"]), (22, 26, ["week", ""]), (10, 12, ["overlaps"])], text)
    assert spots == [(9, 13, ["awful"]), (22, 26, ["week", ""])]
    assert filled(text, spots, ((0, 0), (1, 0))) == "It was an awful day, a week long"
    assert filled(text, spots, ((1, 1),)) == "It was a fine day, an long"
    assert without("a b", 0, 1) == "b"


@settings(deadline=None)  # the first Chinese text reads a dictionary
@given(text=st.text(alphabet="ab 我的。an", max_size=30), picks=st.lists(st.integers(0, 2), max_size=10))
def test_whatever_is_filled_the_text_outside_the_spots_stays(text: str, picks: list[int]) -> None:
    spots = apart([(word.start, word.end, ["x", "", "yy"]) for word in words(text)], text)
    chosen = tuple((place, pick % len(spots[place][2])) for place, pick in enumerate(picks[: len(spots)]))
    made = filled(text, spots, chosen)
    assert filled(text, spots, ()) == text
    outside = set(text) - {char for word in words(text) for char in word.text}
    for char in outside - {" "}:
        assert made.count(char) == text.count(char)
