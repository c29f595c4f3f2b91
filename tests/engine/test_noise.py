"""Noise of the right size, coins of the right rate, and neither drawn twice."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest, kstest

from beside.engine.noise import COINS, NOISE, PIECE, ROWS, Secret

KEY = bytes(range(32))


def test_noise_is_standard_normal() -> None:
    drawn = np.concatenate([Secret().normal(step, place, (500, 100)).numpy().ravel() for step in range(2) for place in range(2)])
    assert kstest(drawn, "norm").pvalue > 1e-4
    assert abs(drawn.mean()) < 5 / np.sqrt(len(drawn)) and abs(drawn.std() - 1) < 5 / np.sqrt(2 * len(drawn))
    assert np.abs(np.corrcoef(drawn[:-1], drawn[1:])[0, 1]) < 5 / np.sqrt(len(drawn))


def test_units_join_with_their_rate_each_by_itself() -> None:
    secret = Secret()
    joined = [secret.joins(step, 400, 0.05) for step in range(300)]
    assert binomtest(sum(map(len, joined)), 300 * 400, 0.05).pvalue > 1e-4
    sizes = np.array(list(map(len, joined)))
    assert 0.7 < sizes.var() / (400 * 0.05 * 0.95) < 1.4  # a fixed batch size would have none
    assert any(len(secret.joins(step, 10, 0.01)) == 0 for step in range(50))
    assert len(secret.joins(0, 10, 1.0)) == 10


def test_nothing_is_drawn_twice_and_a_key_draws_the_same_again() -> None:
    streams = {
        (purpose, step, place): Secret(KEY).stream(purpose, step, place, 64).tobytes()
        for purpose in (COINS, NOISE, ROWS)
        for step in (0, 1, 2**40)
        for place in (0, 1, 70_000)
    }
    assert len(set(streams.values())) == len(streams)
    blocks = [stream[at : at + 16] for stream in streams.values() for at in range(0, len(stream), 16)]
    assert len(set(blocks)) == len(blocks)
    assert Secret(KEY).normal(3, 4, (5, 7)).equal(Secret(KEY).normal(3, 4, (5, 7)))
    assert not Secret().normal(3, 4, (5, 7)).equal(Secret().normal(3, 4, (5, 7)))


@pytest.mark.parametrize("shape", [(0,), (1,), (3, 5), (1 << 20, 3)])
def test_noise_has_the_shape_asked_for(shape: tuple[int, ...]) -> None:
    assert Secret(KEY).normal(0, 0, shape).shape == shape


def test_of_many_rows_some_are_drawn_without_return() -> None:
    rows = np.arange(50)
    some = Secret(KEY).some(1, 2, rows, 16)
    assert len(set(some.tolist())) == 16
    assert Secret(KEY).some(1, 2, rows[:16], 16).tolist() == rows[:16].tolist()
    assert not np.array_equal(some, Secret(KEY).some(2, 2, rows, 16))


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="not 32"):
        Secret(b"short")


def test_noise_made_in_pieces_is_that_of_one_keystream() -> None:
    """More numbers than one piece holds, by Box and Muller from the stream itself."""
    count = 2 * PIECE + 7
    uniform = (Secret(KEY).stream(NOISE, 5, 1, 2 * (PIECE + 4)) >> np.uint64(11)) * 2.0**-53
    radius, angle = np.sqrt(-2 * np.log1p(-uniform[0::2])), 2 * np.pi * uniform[1::2]
    wanted = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).ravel()[:count]
    assert np.allclose(Secret(KEY).normal(5, 1, (count,)).numpy(), wanted, atol=1e-6)
