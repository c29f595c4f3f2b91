import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beside.core.fingerprints import estimate, fingerprint, pack, shingles, similarity

KEYS = st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=8)


@given(KEYS)
@settings(max_examples=50)
def test_a_fingerprint_depends_on_its_own_text_alone(keys: list[str]) -> None:
    together = fingerprint(pack(keys))
    for place, key in enumerate(keys):
        alone = fingerprint(pack([key]))
        assert (together.low[place] == alone.low[0]).all() and (together.bands[place] == alone.bands[0]).all()


def test_estimates_are_near_the_true_similarity() -> None:
    rng = np.random.default_rng(0)
    words = ["".join(chr(letter) for letter in rng.integers(97, 123, 5)) for _ in range(400)]
    base = [rng.choice(words, 30) for _ in range(60)]
    keys = ["".join(row) for row in base] + [
        "".join(np.concatenate([row[: 29 - place % 25], [words[0]]])) for place, row in enumerate(base)
    ]
    low = fingerprint(pack(keys)).low
    first, second = np.arange(60), np.arange(60, 120)
    true = np.array([similarity(keys[one], keys[other]) for one, other in zip(first, second, strict=True)])
    error = estimate(low, first, second) - true
    assert abs(error.mean()) < 0.02
    assert error.std() < 0.08
    assert true.min() < 0.3 < 0.9 < true.max()


def test_similarity_is_the_jaccard_index_of_shingles() -> None:
    assert similarity("abc", "abc") == 1
    assert similarity("abc", "xyz") == 0
    assert shingles("abcd") == {"abc", "bcd", "cd\0", "d\0\0"}
    assert similarity("abcd", "abce") == pytest.approx(1 / 7)
