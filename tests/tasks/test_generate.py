"""ROUGE and exact match of written answers, by values worked out by hand."""

from __future__ import annotations

from difflib import SequenceMatcher

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beside.core.registry import load
from beside.tasks._rouge import longest_common, rouge_l, rouge_n, words

FOX, DOG = "The quick brown fox jumps over the lazy dog", "The quick brown dog jumps on the log."


def test_the_published_example_of_rouge_score() -> None:
    # 9 and 8 words. Common: the, quick, brown, jumps, the, dog = 6. Common pairs: the-quick, quick-brown = 2 of 8 and 7.
    # Longest in order: the quick brown jumps the = 5.
    said, wanted = words(DOG), words(FOX)
    assert (len(wanted), len(said)) == (9, 8)
    assert rouge_n(said, wanted, 1) == pytest.approx(2 * 6 / 17)
    assert rouge_n(said, wanted, 2) == pytest.approx(2 * 2 / 15)
    assert rouge_l(said, wanted) == pytest.approx(2 * 5 / 17)


def test_the_example_of_the_paper() -> None:
    # Lin 2004, section 3: "police killed the gunman" against "police kill the gunman" shares police the gunman, in order;
    # "the gunman kill police" shares as many words, and only two in order
    wanted = words("police killed the gunman")
    assert rouge_l(words("police kill the gunman"), wanted) == pytest.approx(3 / 4)
    assert rouge_l(words("the gunman kill police"), wanted) == pytest.approx(2 / 4)


def test_chinese_counts_by_character_and_widths_and_marks_do_not_matter() -> None:
    assert words("银行卡丢了，怎么办？ＡＢＣ 12") == [*"银行卡丢了怎么办", "abc", "12"]
    # 6 and 5 characters; common 4, in order 4; pairs: 我的, 的卡 = 2 of 5 and 4
    said, wanted = words("我的卡没丢"), words("我的卡丢了吗")
    assert rouge_n(said, wanted, 1) == pytest.approx(2 * 4 / 11)
    assert rouge_n(said, wanted, 2) == pytest.approx(2 * 2 / 9)
    assert rouge_l(said, wanted) == pytest.approx(2 * 4 / 11)


def test_nothing_said_scores_nothing_and_exact_folds_spaces_only() -> None:
    scored = load("tasks", "generate").score(["", "a  b", "A b"], ["a b", "a b", "a b"], ())
    assert scored["exact_match"] == pytest.approx(1 / 3)
    assert scored["rouge_l"] == scored["rouge_1"] == pytest.approx(2 / 3)


@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=12))
def test_the_longest_common_subsequence_is_that_of_the_table(one: list[str], other: list[str]) -> None:
    table = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            table[i + 1][j + 1] = table[i][j] + 1 if a == b else max(table[i][j + 1], table[i + 1][j])
    assert longest_common(one, other) == longest_common(other, one) == table[-1][-1]
    assert longest_common(one, other) >= max((m.size for m in SequenceMatcher(None, one, other).get_matching_blocks()), default=0)
