"""Noise and coins that nobody can foretell or draw again: the keystream of AES-256 in counter mode under a key of the system's.

Whoever knew the noise could take it away again, and the recipe's seed is on every card. So a private training draws a key from the
operating system, and all its noise and sampling from that key, step by step. The key lies in the checkpoint, for a training that
goes on after a kill must take the very same steps (other noise on the same gradients would tell twice), and is forgotten with it.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Sequence

import numpy as np
import torch
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR
from torch import Tensor

KEY_BYTES = 32
COINS, NOISE, ROWS = 1, 2, 3  # what is drawn: never the same keystream for two purposes
PIECE = 1 << 15  # pairs made at a time: they stay in the cache, which makes the noise of a large table of words three times as fast


class Secret:
    """All chance of one private training, a pure function of key, purpose, step and place.

    Args:
        key: 32 bytes; None = fresh ones.
    """

    def __init__(self, key: bytes | None = None) -> None:
        self.key = secrets.token_bytes(KEY_BYTES) if key is None else key
        if len(self.key) != KEY_BYTES:
            raise ValueError(f"the key of the noise has {len(self.key)} bytes, not {KEY_BYTES}")

    def cipher(self, purpose: int, step: int, place: int) -> CipherContext:
        """What gives the keystream of one purpose, piece after piece."""
        # 1 + 6 + 3 bytes say what it is for; the other 6 count blocks
        start = bytes([purpose]) + step.to_bytes(6, "big") + place.to_bytes(3, "big") + bytes(6)
        return Cipher(AES256(self.key), CTR(start)).encryptor()

    def stream(self, purpose: int, step: int, place: int, count: int) -> np.ndarray:
        """So many 64-bit numbers of the keystream, uint64."""
        return numbers(self.cipher(purpose, step, place), count)

    def uniform(self, purpose: int, step: int, place: int, count: int) -> np.ndarray:
        """Numbers in [0, 1) with 53 random bits, float64."""
        return uniform(self.cipher(purpose, step, place), count)

    def joins(self, step: int, units: int, rate: float) -> np.ndarray:
        """The units that take part in a step, each by itself with this probability: a Poisson sample, possibly empty."""
        return np.flatnonzero(self.uniform(COINS, step, 0, units) < rate)

    def some(self, step: int, place: int, rows: np.ndarray, most: int) -> np.ndarray:
        """All of these rows, or as many as `most` of them drawn without return."""
        if len(rows) <= most:
            return rows
        return rows[np.sort(np.argsort(self.uniform(ROWS, step, place, len(rows)), kind="stable")[:most])]

    def normal(self, step: int, place: int, shape: Sequence[int]) -> Tensor:
        """Standard normal numbers, fp32, by Box and Muller (1958) in float64; their tails reach 8.6 standard deviations."""
        count = math.prod(shape)
        made = torch.empty(count)
        pairs, keystream = -(-count // 2), self.cipher(NOISE, step, place)
        for first in range(0, pairs, PIECE):
            piece = torch.from_numpy(uniform(keystream, 2 * min(PIECE, pairs - first)))
            radius = piece[0::2].neg().log1p_().mul_(-2).sqrt_()  # of 1 - u, which is never 0
            angle = piece[1::2].mul(2 * math.pi)
            drawn = torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1).view(-1)
            made[2 * first : 2 * first + len(drawn)] = drawn[: count - 2 * first]
        return made.view(*shape)


def uniform(keystream: CipherContext, count: int) -> np.ndarray:
    """The next numbers of a keystream in [0, 1) with 53 random bits, float64."""
    return (numbers(keystream, count) >> np.uint64(11)) * 2.0**-53


def numbers(keystream: CipherContext, count: int) -> np.ndarray:
    """The next 64-bit numbers of a keystream, uint64."""
    return np.frombuffer(keystream.update(bytes(8 * count)), dtype=np.uint64)
