"""Two versions of a text, word by word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beside.core.differences import differences


@pytest.mark.parametrize(
    "before, after, gone, come",
    [
        ("a fine film", "a nice film", ["fine"], ["nice"]),
        ("same", "same", [], []),
        ("please cancel my order", "please my order", [" cancel"], []),
        ("这部电影很好看", "这部电影很难看", ["好看"], ["难看"]),
        ("it's <b>good</b>", "it's <b>bad</b>", ["good"], ["bad"]),
    ],
)
def test_words_of_one_version_alone_are_marked(before, after, gone, come):
    left, right = differences(before, after)
    assert [one.text for one in left if one.changed] == gone
    assert [one.text for one in right if one.changed] == come


@given(st.text(alphabet="ab 很好,.'<"), st.text(alphabet="ab 很好,.'<"))
def test_the_stretches_of_a_version_are_that_version(before, after):
    left, right = differences(before, after)
    assert "".join(one.text for one in left) == before and "".join(one.text for one in right) == after
