"""How sure is sure enough, measured on what is known."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from beside.core.confidence import FEWEST, WANTED, surest, threshold


def test_the_lowest_threshold_that_keeps_nine_in_ten_right() -> None:
    sure = np.linspace(1.0, 0.0, 101)
    found = threshold(sure, sure >= 0.5)  # 51 right; 9 in 10 are right among the first 56
    assert found is not None and abs(found - 0.45) < 0.011


def test_too_few_right_ones_give_no_threshold() -> None:
    assert threshold(np.linspace(1, 0.5, FEWEST - 1), np.ones(FEWEST - 1, dtype=bool)) is None
    assert threshold(np.linspace(1, 0, 50), np.zeros(50, dtype=bool)) is None
    assert threshold(np.array([]), np.array([], dtype=bool)) is None


@given(st.lists(st.tuples(st.sampled_from([0.3, 0.5, 0.7, 0.9]), st.booleans()), min_size=1, max_size=80))
def test_what_lies_above_the_threshold_is_right_often_enough(pairs: list[tuple[float, bool]]) -> None:
    sure, right = np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])
    found = threshold(sure, right)
    if found is None:
        for value in set(sure):
            above = right[sure >= value]
            assert len(above) < FEWEST or above.mean() < WANTED
    else:
        above = right[sure >= found]
        assert len(above) >= FEWEST and above.mean() >= WANTED


def test_the_surest_of_each_label_are_taken_in_their_own_order() -> None:
    answers, sure = ["a", "a", "b", "a", "b"], np.array([0.7, 0.9, 0.4, 0.8, 0.95])
    assert surest(answers, sure, 0.5, 2) == [1, 3, 4]
    assert surest(answers, sure, 0.5, 9) == [0, 1, 3, 4]
    assert surest(answers, sure, 0.99, 9) == []
