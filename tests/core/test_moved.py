"""What moved is told in figures that people can picture, of those that moved most, without a word of a text."""

from __future__ import annotations

import numpy as np
import pytest

from beside.core.moved import MOST_NAMES, Moved, middles, shares, unlike, unseen


def new_of(old, new):
    return np.array([False] * old + [True] * new)


def test_the_labels_that_moved_most_come_first_and_one_that_stayed_is_left_out():
    rows = [("a",), ("b",), ("c",), ("c",), ("a",), ("a",), ("a",), ("c",)]
    found = shares("label", rows, new_of(4, 4))
    assert found == (
        Moved(what="label", name="a", before=0.25, now=0.75),
        Moved(what="label", name="b", before=0.25, now=0.0),
        Moved(what="label", name="c", before=0.5, now=0.25),
    )
    assert [one.name for one in shares("label", [("a",), ("b",), ("a",), ("a",)], new_of(2, 2))] == ["a", "b"]
    assert len(shares("label", [(str(at),) for at in range(20)], new_of(10, 10))) == MOST_NAMES
    assert shares("language", [("en",), ("en",)], new_of(1, 1)) == ()


def test_rows_may_hold_several_labels_or_none():
    assert shares("label", [(), ("a", "b"), ("a",), ("a",)], new_of(2, 2))[0] == Moved(what="label", name="a", before=0.5, now=1.0)
    assert shares("label", [(), ()], new_of(1, 1)) == ()


def test_a_length_is_told_as_a_median_and_a_probability_as_a_mean():
    values = np.array([1.0, 2, 9, 1, 1, 4])
    assert middles("length", values, new_of(3, 3)) == (Moved(what="length", before=2, now=1),)
    assert middles("sure", values, new_of(3, 3)) == (Moved(what="sure", before=4, now=2),)


def test_texts_of_the_same_kind_are_about_as_often_far_as_those_compared_with():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(400, 8))
    [same] = unlike(vectors, new_of(200, 200))
    assert same.before == pytest.approx(0.05) and same.now < 0.15
    vectors[300:] += 20
    [other] = unlike(vectors, new_of(200, 200))
    assert other.before == pytest.approx(0.05) and 0.5 <= other.now < 0.6


def test_a_word_is_new_where_no_other_row_compared_with_has_it_and_a_text_without_words_does_not_count():
    words = [{"late", "parcel"}, {"late", "refund"}, {"late", "fox"}, {"fox"}, set()]
    assert unseen(words, new_of(2, 3)) == (Moved(what="unseen", before=0.5, now=0.75),)
    assert unseen([set(), set()], new_of(1, 1)) == (Moved(what="unseen", before=0.0, now=0.0),)
