import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beside.core.splitting import TEST, TRAIN, TUNE, shares, split_rows


@st.composite
def pure_rows(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Labels and groups where each group has one label."""
    sizes = draw(st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=9), min_size=1, max_size=6))
    labels = [label for label, groups in enumerate(sizes) for size in groups for _ in range(size)]
    groups = [(label, place) for label, sizes_ in enumerate(sizes) for place, size in enumerate(sizes_) for _ in range(size)]
    order = draw(st.permutations(range(len(labels))))
    numbers = {group: place for place, group in enumerate(dict.fromkeys(groups[place] for place in order))}
    return np.array([labels[place] for place in order]), np.array([numbers[groups[place]] for place in order])


def keys_of(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 2**63, count, dtype=np.uint64)


@given(pure_rows(), st.integers(0, 2**32 - 1))
def test_groups_stay_whole_and_every_label_with_three_groups_is_everywhere(rows: tuple[np.ndarray, np.ndarray], seed: int) -> None:
    labels, groups = rows
    splits = split_rows(labels, groups, keys_of(len(labels)), seed)
    assert len(splits) == len(labels) and set(splits) <= {TRAIN, TUNE, TEST}
    for group in set(groups):
        assert len(set(splits[groups == group])) == 1
    for label in set(labels):
        ours = labels == label
        expected = {TRAIN, TUNE, TEST} if len(set(groups[ours])) >= 3 else {TRAIN}
        assert set(splits[ours]) == expected


@given(pure_rows(), st.integers(0, 9))
def test_the_same_seed_gives_the_same_split_whatever_the_order_of_the_rows(rows: tuple[np.ndarray, np.ndarray], seed: int) -> None:
    labels, groups = rows
    keys = keys_of(len(labels))
    first = split_rows(labels, groups, keys, seed)
    order = np.random.default_rng(seed).permutation(len(labels))
    shuffled = split_rows(labels[order], np.unique(groups[order], return_inverse=True)[1], keys[order], seed)
    assert (split_rows(labels, groups, keys, seed) == first).all()
    assert (shuffled == first[order]).all()


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 7)), min_size=1, max_size=60), st.integers(0, 9))
def test_groups_of_several_labels_stay_whole_too(rows: list[tuple[int, int]], seed: int) -> None:
    labels, persons = (np.unique(column, return_inverse=True)[1] for column in zip(*rows, strict=True))
    splits = split_rows(labels, persons, keys_of(len(rows)), seed)
    for person in set(persons):
        assert len(set(splits[persons == person])) == 1


def test_large_data_is_split_80_10_10_within_every_label() -> None:
    rng = np.random.default_rng(0)
    labels = rng.choice(4, 20_000, p=[0.7, 0.2, 0.09, 0.01])
    splits = split_rows(labels, np.arange(20_000), keys_of(20_000), 0)
    for label in range(4):
        shares = np.bincount(splits[labels == label], minlength=3) / (labels == label).sum()
        assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.005)


def test_persons_with_rows_of_all_labels_are_split_near_80_10_10() -> None:
    rng = np.random.default_rng(0)
    persons = rng.integers(0, 500, 10_000)
    splits = split_rows(rng.integers(0, 5, 10_000), persons, keys_of(10_000), 0)
    assert np.bincount(splits) / 10_000 == pytest.approx([0.8, 0.1, 0.1], abs=0.02)


def test_a_group_that_is_half_of_a_label_is_trained_on() -> None:
    groups = np.array([0] * 50 + list(range(1, 51)))
    splits = split_rows(np.zeros(100, dtype=int), groups, keys_of(100), 3)
    assert set(splits[:50]) == {TRAIN}
    assert np.bincount(splits).tolist() == [70, 10, 20]


def test_one_split_can_be_cut_alone() -> None:
    labels = np.arange(200) % 2
    splits = split_rows(labels, np.arange(200), keys_of(200), 0, (TUNE,))
    assert np.bincount(splits).tolist() == [180, 20]


def test_another_seed_gives_another_split() -> None:
    rows = np.zeros(100, dtype=int), np.arange(100), keys_of(100)
    assert (split_rows(*rows, 0) != split_rows(*rows, 1)).any()


def test_a_rare_label_that_only_shares_groups_still_gets_everywhere() -> None:
    # label 1 occurs in three groups whose other rows are of label 0; label 2 claims one of them first
    labels = np.array([0, 1, 0, 1, 0, 1, 2, 0, 0, 0])
    groups = np.array([0, 0, 1, 1, 2, 2, 2, 3, 4, 5])
    splits = split_rows(labels, groups, keys_of(10), 0)
    assert set(splits[labels == 1]) == {TRAIN, TUNE, TEST}


def test_thousands_of_labels_are_split_in_a_second() -> None:
    labels = np.arange(75_000) % 5_000
    splits = split_rows(labels, np.arange(75_000), keys_of(75_000), 0)
    assert np.bincount(splits).tolist() == [5_000 * 11, 5_000 * 2, 5_000 * 2]


def test_a_large_corpus_tests_on_a_tenth_and_a_small_one_on_a_fifth() -> None:
    assert shares(1_999)[TEST] == 0.2
    assert shares(2_000)[TEST] == 0.1
    assert shares(10)[TUNE] == shares(2_000_000)[TUNE] == 0.1
