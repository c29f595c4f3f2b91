"""Every row once in every epoch, rows of one batch of like length."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beside.engine.rows import WINDOW, balanced, bucketed, by_length, collate

LENGTHS = st.lists(st.integers(1, 300), min_size=1, max_size=400)


@given(LENGTHS, st.integers(1, 40), st.integers(0, 5))
def test_training_batches_cover_every_row_once(lengths: list[int], size: int, seed: int) -> None:
    batches = bucketed(np.array(lengths), size, np.random.default_rng(seed))
    assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
    assert len(batches) == -(-len(lengths) // size), "the number of steps depends on rows and batch size alone"
    assert all(0 < len(batch) <= size for batch in batches)


@given(LENGTHS, st.integers(1, 5000))
def test_inference_batches_cover_every_row_once_within_their_tokens(lengths: list[int], tokens: int) -> None:
    batches = by_length(lengths, tokens)
    assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
    for batch in batches:
        longest = max(lengths[place] for place in batch)
        assert len(batch) == 1 or len(batch) * longest <= tokens
    firsts = [lengths[batch[0]] for batch in batches]
    assert firsts == sorted(firsts, reverse=True)


def test_a_seed_gives_its_order_and_another_seed_another() -> None:
    lengths = np.arange(1, 200)
    first, again, other = (bucketed(lengths, 8, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))
    assert not all(np.array_equal(one, two) for one, two in zip(first, other, strict=True))


def test_batches_carry_little_padding() -> None:
    lengths = np.random.default_rng(0).integers(5, 100, 16 * WINDOW)
    padded = sum(len(batch) * lengths[batch].max() for batch in bucketed(lengths, 16, np.random.default_rng(0)))
    assert padded < 1.1 * lengths.sum()


def test_nothing_to_read_makes_no_batch() -> None:
    assert by_length([], 100) == []


def test_rows_of_one_length_need_no_mask_and_others_are_filled_up() -> None:
    ids, mask = collate([np.array([5, 6]), np.array([7, 8])], 0)
    assert ids.tolist() == [[5, 6], [7, 8]] and mask is None
    ids, mask = collate([np.array([5, 6, 7]), np.array([8])], 9)
    assert ids.tolist() == [[5, 6, 7], [8, 9, 9]]
    assert mask is not None and mask.tolist() == [[1, 1, 1], [1, 0, 0]]


@pytest.mark.parametrize("size", [1, 7])
def test_one_row_is_a_batch(size: int) -> None:
    assert [batch.tolist() for batch in bucketed(np.array([4]), size, np.random.default_rng(0))] == [[0]]


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=200), st.integers(0, 5))
def test_balanced_rows_show_every_class_equally_often_and_every_row_at_least_once(classes: list[str], seed: int) -> None:
    shown = balanced(classes, np.random.default_rng(seed))
    counts = Counter(classes[row] for row in shown)
    most = max(Counter(classes).values())
    assert set(counts.values()) == {most} and len(shown) == most * len(set(classes))
    times = np.bincount(shown, minlength=len(classes))
    for name in counts:
        of_class = times[[place for place, one in enumerate(classes) if one == name]]
        assert of_class.min() >= 1 and of_class.max() - of_class.min() <= 1
