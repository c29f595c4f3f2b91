"""Console sessions: ended by time, by idleness, by a person; a sign-in link opens one, once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from beside.core.errors import NotPermitted, UnknownName
from beside.core.types import Actor
from beside.store.people import People

RITA = Actor(name="rita", roles=("reviewer",))


@pytest.fixture
def people(records, owner):
    made = People(records.database)
    made.add(owner, "rita", ["reviewer"])
    return made


def test_a_session_lasts_twelve_hours_of_use_or_until_it_is_closed(people, records, owner):
    start = records.database.clock()
    token, other = people.open_session(owner), people.open_session(owner)
    assert people.session(token) == owner == people.session(other)
    people.close_session(other)
    people.close_session("unknown")
    assert people.session(other) is None
    for minutes in range(0, 12 * 60, 90):
        records.database.clock = lambda minutes=minutes: start + timedelta(minutes=minutes)
        assert people.session(token) == owner
    records.database.clock = lambda: start + timedelta(hours=12)
    assert people.session(token) is None


def test_a_session_that_nobody_uses_ends_after_two_hours(people, records):
    start = records.database.clock()
    token = people.open_session(RITA, "password")
    records.database.clock = lambda: start + timedelta(hours=1, minutes=59)
    assert people.session(token) == RITA
    records.database.clock = lambda: start + timedelta(hours=3, minutes=58)
    assert people.session(token) == RITA
    records.database.clock = lambda: start + timedelta(hours=5, minutes=58)
    assert people.session(token) is None
    assert people.sessions.of(RITA, "rita") == []


def test_a_sign_in_link_works_once_and_is_no_session(people, owner):
    link = people.sessions.link(owner)
    assert people.session(link) is None
    assert people.sessions.of(owner, "olga") == []
    token = people.sessions.use_link(link, "127.0.0.1")
    assert people.session(token) == owner
    assert people.sessions.use_link(link) is people.sessions.use_link(token) is people.sessions.use_link("") is None


def test_a_sign_in_link_waits_twelve_hours_and_no_longer(people, records, owner):
    start, link = records.database.clock(), people.sessions.link(owner)
    records.database.clock = lambda: start + timedelta(hours=11)
    assert people.sessions.use_link(people.sessions.link(owner)) is not None  # clears away what is over, and nothing else
    records.database.clock = lambda: start + timedelta(hours=12)
    assert people.sessions.use_link(link) is None


def test_people_see_and_end_their_own_sessions(people, owner):
    first, second = people.sessions.open(RITA, "password", "192.0.2.7"), people.open_session(RITA, "password")
    listed = people.sessions.of(RITA, "rita")
    assert {(one.opened_by, one.address) for one in listed} == {("password", "192.0.2.7"), ("password", "")}
    assert all(one.handle not in (first, second) for one in listed)
    stranger = Actor(name="ben", roles=("reviewer", "privacy_officer"))
    assert people.sessions.of(stranger, "rita") == []
    with pytest.raises(UnknownName) as refusal:
        people.sessions.end(stranger, listed[0].handle)
    assert listed[1].handle not in refusal.value.hint
    with pytest.raises(NotPermitted):
        people.sessions.end_all(stranger, "rita")
    people.sessions.end(RITA, next(one.handle for one in listed if one.address))
    assert people.session(first) is None and people.session(second) == RITA
    people.sessions.end_all(owner, "rita")
    assert people.session(second) is None


def test_signing_out_everywhere_ends_every_session_of_this_person_only(people, owner):
    mine, others = [people.open_session(RITA, "password") for _ in range(3)], people.open_session(owner)
    people.sessions.end_all(RITA, "rita")
    assert [people.session(token) for token in mine] == [None] * 3
    assert people.session(others) == owner
