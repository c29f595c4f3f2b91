"""Passwords and one-time codes: nothing tells who exists, guessing gets slower, old hashes are made anew."""

from __future__ import annotations

from datetime import timedelta

import argon2
import pytest

from beside.core.errors import BadInput, NotSignedIn, TooManyAttempts
from beside.core.types import Actor
from beside.store import passwords, throttle
from beside.store.people import People

WORDS = "correct horse battery"
RITA = Actor(name="rita", roles=("reviewer",))


@pytest.fixture
def people(records, owner, monkeypatch):
    quick = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "HASHER", quick)
    passwords.nobodys.cache_clear()
    made = People(records.database)
    made.add(owner, "rita", ["reviewer"], token=False)
    made.signing_in.set_password(owner, "rita", WORDS)
    yield made
    passwords.nobodys.cache_clear()


def refused(people, name, password, address="192.0.2.7"):
    with pytest.raises(NotSignedIn) as refusal:
        people.signing_in.with_password(name, password, address)
    return refusal.value.message, refusal.value.hint


def test_the_defaults_of_argon2_are_used():
    assert argon2.PasswordHasher()._parameters == passwords.HASHER._parameters
    assert passwords.hashed(WORDS).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_a_password_signs_in_and_every_sign_in_has_a_token_of_its_own(people):
    first, second = (people.signing_in.with_password("rita", WORDS, "192.0.2.7") for _ in range(2))
    assert first != second
    assert people.session(first) == RITA == people.session(second)
    assert {one.opened_by for one in people.sessions.of(RITA, "rita")} == {"password"}


def test_an_unknown_name_a_wrong_password_no_password_and_a_disabled_account_look_the_same(people, owner, monkeypatch):
    people.add(owner, "ben", ["user"], token=False)
    people.add(owner, "dan", ["user"], token=False)
    people.signing_in.set_password(owner, "dan", WORDS)
    people.disable(owner, "dan")
    verified = []
    real = passwords.HASHER.verify
    monkeypatch.setattr(passwords.HASHER.__class__, "verify", lambda self, kept, given: verified.append(kept) or real(kept, given))
    told = {refused(people, name, given) for name, given in [("rita", "wrong"), ("nobody", WORDS), ("ben", WORDS), ("dan", WORDS)]}
    assert len(told) == 1
    assert len(verified) == 4  # the same work for each: a clock tells nothing, either
    assert all(argon2.extract_parameters(kept) == argon2.extract_parameters(verified[0]) for kept in verified)


def test_guessing_gets_slower_for_the_account_and_the_person_is_told_how_long(people, records):
    start = records.database.clock()
    for place in range(5):
        refused(people, "rita", "wrong", f"192.0.2.{place}")
    with pytest.raises(TooManyAttempts, match="Try again in 1 seconds") as waits:
        people.signing_in.with_password("RITA ", WORDS, "192.0.2.9")
    assert waits.value.seconds == 1
    for place, seconds in enumerate([1, 2, 4, 8]):
        assert throttle.wait("account", 5 + place) == seconds
        start += timedelta(seconds=seconds)
        records.database.clock = lambda start=start: start
        refused(people, "rita", "wrong", "192.0.2.9")
    assert throttle.wait("account", 10_000) == 15 * 60
    records.database.clock = lambda: start + timedelta(minutes=15)
    people.signing_in.with_password("rita", WORDS, "192.0.2.9")
    refused(people, "rita", "wrong", "192.0.2.10")  # the account starts from nothing again


def test_an_unknown_name_is_slowed_down_just_the_same(people):
    for _ in range(5):
        refused(people, "nobody", "wrong")
    with pytest.raises(TooManyAttempts):
        people.signing_in.with_password("nobody", "wrong", "192.0.2.7")


def test_guessing_one_password_for_many_names_is_slowed_down_by_the_address(people, records):
    for place in range(20):
        refused(people, f"name{place}", "Summer 2026!!")
    with pytest.raises(TooManyAttempts):
        people.signing_in.with_password("rita", WORDS, "192.0.2.7")
    assert people.session(people.signing_in.with_password("rita", WORDS, "192.0.2.8")) == RITA
    assert throttle.wait("address", 10_000) == 60


def test_an_open_session_is_not_touched_by_somebody_who_guesses(people):
    mine = people.signing_in.with_password("rita", WORDS, "192.0.2.1")
    for _ in range(5):
        refused(people, "rita", "wrong")
    assert people.session(mine) == RITA


def test_a_hash_of_other_parameters_is_made_anew_at_the_next_sign_in(people, records, monkeypatch):
    from sqlalchemy import text

    stronger = argon2.PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    monkeypatch.setattr(passwords, "HASHER", stronger)
    people.signing_in.with_password("rita", WORDS)
    with records.database.engine.connect() as connection:
        kept = connection.execute(text("SELECT password_hash FROM people WHERE name = 'rita'")).scalar()
    assert argon2.extract_parameters(kept).time_cost == 2
    assert people.signing_in.with_password("rita", WORDS)


@pytest.mark.parametrize("given", ["short", "eleven chars"[:11], "x" * 1001])
def test_a_password_that_is_too_short_or_too_long_is_refused_without_repeating_it(people, owner, given):
    with pytest.raises(BadInput) as refusal:
        people.signing_in.set_password(owner, "rita", given)
    assert given not in refusal.value.message + refusal.value.hint
    assert people.signing_in.with_password("rita", WORDS)


def test_twelve_plain_characters_are_enough_and_two_keyboards_write_the_same(people, owner):
    people.signing_in.set_password(owner, "rita", "aaaaaaaaaaaa")
    people.signing_in.set_password(owner, "rita", "une cafe\u0301 noire")
    assert people.signing_in.with_password("rita", "une caf\u00e9 noire")


def test_changing_ones_password_needs_the_current_one_and_ends_every_session(people):
    mine = people.signing_in.with_password("rita", WORDS)
    with pytest.raises(NotSignedIn, match="current password"):
        people.signing_in.set_password(RITA, "rita", "another long password", "wrong")
    assert people.session(mine) == RITA
    people.signing_in.set_password(RITA, "rita", "another long password", WORDS)
    assert people.session(mine) is None
    refused(people, "rita", WORDS)


def test_a_code_works_once_within_a_day_and_is_replaced_by_the_next(people, records, owner):
    first, code = people.signing_in.make_code(owner, "rita"), people.signing_in.make_code(owner, "rita")
    assert people.signing_in.invited(first) is None and people.signing_in.invited(code) == "rita"
    old = people.signing_in.with_password("rita", WORDS)
    with pytest.raises(BadInput):
        people.signing_in.with_code(code, "short")
    new = people.signing_in.with_code(code, "another long password", "192.0.2.7")
    assert people.session(new) == RITA and people.session(old) is None
    with pytest.raises(NotSignedIn):
        people.signing_in.with_code(code, "a third long password")
    late, start = people.signing_in.make_code(owner, "rita"), records.database.clock()
    records.database.clock = lambda: start + timedelta(hours=24)
    with pytest.raises(NotSignedIn):
        people.signing_in.with_code(late, "a third long password")
