"""A sum of masked vectors is the sum of the vectors, whoever is lost, and nothing else can be learned from what travels."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beside.core.errors import BadInput
from beside.engine.secret_sum import UNIT, Member, fixed, real, secret_of, shares_of, stretched, summed

NUMBERS = st.floats(-1e6, 1e6, width=32)
NAMES = ("ayl", "beth", "cleo", "dan")


def begun(names: tuple[str, ...] = NAMES, threshold: int = 3, gone: tuple[str, ...] = ()) -> dict[str, Member]:
    """Members that have taken each other's shares; those `gone` gave none."""
    members = {name: Member(name, "round 1") for name in names}
    keys = {name: member.public() for name, member in members.items()}
    given = {name: member.give(keys, threshold) for name, member in members.items() if name not in gone}
    for name, member in members.items():
        if name not in gone:
            member.take({by: sealed[name] for by, sealed in given.items()})
    return members


def added(members: dict[str, Member], vectors: dict[str, np.ndarray], lost: tuple[str, ...] = ()) -> np.ndarray:
    """The coordinator's sum of all vectors but those of the lost."""
    hidden = {name: members[name].mask(vectors[name]) for name in members if members[name].held and name not in lost}
    opened = {name: members[name].open(sorted(hidden)) for name in hidden}
    return summed(hidden, opened, {name: member.public() for name, member in members.items()}, "round 1")


@pytest.mark.parametrize("lost, gone", [((), ()), (("dan",), ()), ((), ("ayl",)), (("beth",), ())])
def test_the_sum_is_that_of_the_vectors_that_came(lost: tuple[str, ...], gone: tuple[str, ...]) -> None:
    rng = np.random.default_rng(0)
    vectors = {name: rng.normal(size=50) for name in NAMES}
    found = added(begun(gone=gone), vectors, lost)
    expected = sum(vector for name, vector in vectors.items() if name not in (*lost, *gone))
    assert np.allclose(found, expected, atol=4 * UNIT)


def test_what_a_site_sends_says_nothing_of_its_vector() -> None:
    zeros, ones = (begun()["ayl"].mask(np.full(20_000, value)) for value in (0.0, 1.0))
    for sent in (zeros, ones):
        bits = np.unpackbits(sent.view(np.uint8)).mean()
        assert abs(bits - 0.5) < 0.002, "as many ones as zeros, as in chance"
    assert not np.array_equal(zeros + fixed(np.ones(1))[0], ones), "keys are made anew for each sum"


def test_a_vector_that_comes_too_late_stays_hidden() -> None:
    """The coordinator held a site for lost, so it knows the site's pair masks; the site's own mask still hides its vector."""
    members = begun()
    vectors = {name: np.full(8, 3.0) for name in NAMES}
    hidden = {name: members[name].mask(vectors[name]) for name in NAMES}
    late = hidden.pop("dan")
    opened = {name: members[name].open(sorted(hidden)) for name in hidden}
    keys = {name: member.public() for name, member in members.items()}
    assert np.allclose(summed(hidden, opened, keys, "round 1"), 9.0)
    bare = real(late - stretched(members["dan"].seed, 8))
    assert not np.allclose(bare, 3.0), "and without its pair masks neither"
    with pytest.raises(BadInput, match="must stay shut"):
        members["ayl"].open(NAMES)


def test_a_site_gives_no_second_vector_and_opens_nothing_for_too_few() -> None:
    members = begun()
    members["ayl"].mask(np.ones(3))
    with pytest.raises(BadInput, match="asked for twice"):
        members["ayl"].mask(np.ones(3))
    with pytest.raises(BadInput, match="must stay shut"):
        members["ayl"].open(["ayl", "beth"])
    with pytest.raises(BadInput, match="must stay shut"):
        members["ayl"].open(["beth", "cleo", "dan"])


def test_a_coordinator_that_puts_in_keys_of_its_own_is_found_out() -> None:
    member, other = Member("ayl", "round 1"), Member("beth", "round 1")
    keys = {"ayl": member.public(), "beth": other.public(), "cleo": other.public()}
    with pytest.raises(BadInput, match="not those of the sites"):
        member.give(keys, 2)
    with pytest.raises(BadInput, match="hide no update"):
        member.give({"ayl": member.public(), "beth": other.public()}, 2)


def test_shares_altered_on_the_way_are_refused() -> None:
    members = {name: Member(name, "round 1") for name in NAMES}
    keys = {name: member.public() for name, member in members.items()}
    given = {name: member.give(keys, 3) for name, member in members.items()}
    sealed = {by: shares["ayl"] for by, shares in given.items()}
    sealed["beth"] = sealed["beth"][:-1] + bytes([sealed["beth"][-1] ^ 1])
    with pytest.raises(BadInput, match="shares that beth sent were altered"):
        members["ayl"].take(sealed)


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.integers(2, 7), st.data())
def test_any_shares_up_to_the_threshold_give_the_secret_back(secret: bytes, threshold: int, data: st.DataObject) -> None:
    shares = shares_of(secret, range(1, 8), threshold)
    chosen = data.draw(st.permutations(list(shares)))
    assert secret_of({place: shares[place] for place in chosen[:threshold]}) == secret
    few = {place: shares[place] for place in chosen[: threshold - 1]}
    with suppress(BadInput):
        assert secret_of(few) != secret


@settings(max_examples=60, deadline=None)
@given(
    st.lists(NUMBERS, min_size=1, max_size=20),
    st.lists(NUMBERS, min_size=20, max_size=20),
)
def test_fixed_point_sums_are_those_of_the_numbers(first: list[float], second: list[float]) -> None:
    one, two = np.array(first), np.array(second[: len(first)])
    assert np.allclose(real(fixed(one) + fixed(two)), one + two, atol=2 * UNIT)


@pytest.mark.parametrize("odd", [np.nan, np.inf, 1e12])
def test_what_cannot_be_added_up_is_refused(odd: float) -> None:
    with pytest.raises(BadInput, match="too large"):
        fixed(np.array([1.0, odd]))
