"""Where words begin: what stands in the same texts begins alike."""

from __future__ import annotations

import numpy as np
import pytest

from beside.engine.counting import count_vectors


def texts(count: int = 60) -> list[np.ndarray]:
    """Texts of two subjects: tokens 0 to 4 stand in one kind of text, 5 to 9 in the other, 10 in both, 11 in none."""
    rng = np.random.default_rng(0)
    return [np.append(rng.choice(5, 4, replace=False) + 5 * (place % 2), 10).astype(np.int32) for place in range(count)]


def test_words_of_the_same_texts_begin_alike_and_those_of_other_texts_apart() -> None:
    vectors = count_vectors(texts(), 12, 4, seed=0)
    near = vectors @ vectors.T
    assert near[:5, :5].min() > 0.8 and near[5:10, 5:10].min() > 0.8
    assert near[:5, 5:10].max() < near[:5, :5].min() - 0.5


def test_every_word_that_was_seen_has_length_one_and_the_others_none() -> None:
    vectors = count_vectors(texts(), 12, 4, seed=0)
    assert vectors.shape == (12, 4) and vectors.dtype == np.float32
    assert np.linalg.norm(vectors[:11], axis=1) == pytest.approx(1, abs=1e-5)
    assert not vectors[11].any()


def test_few_texts_leave_the_rest_of_the_width_empty() -> None:
    vectors = count_vectors(texts(6), 12, 64, seed=0)
    assert vectors.shape == (12, 64) and not vectors[:, 5:].any() and vectors[:, 0].any()


def test_the_same_texts_and_seed_give_the_same_numbers() -> None:
    assert np.array_equal(count_vectors(texts(), 12, 4, seed=3), count_vectors(texts(), 12, 4, seed=3))


def test_texts_without_any_token_are_no_obstacle() -> None:
    vectors = count_vectors([*texts(), np.zeros(0, dtype=np.int32)], 12, 4, seed=0)
    assert np.isfinite(vectors).all()
