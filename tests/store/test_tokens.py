"""API tokens: some of a person's roles, an end, shown once; over when they are revoked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from beside.core.errors import BadInput, BadOption, NotPermitted, NotSignedIn, UnknownName
from beside.core.types import Actor
from beside.store.people import People

RITA = Actor(name="rita", roles=("reviewer", "builder"))


@pytest.fixture
def people(records, owner):
    made = People(records.database)
    made.add(owner, "rita", ["reviewer", "builder"], token=False)
    return made


def test_a_token_has_its_own_roles_and_notes_the_day_it_was_used(people, records):
    token, secret = people.tokens.make(RITA, "rita", "nightly build", ["builder"], days=30)
    assert (token.label, token.roles, token.last_day) == ("nightly build", ("builder",), None)
    assert people.by_key(secret) == Actor(name="rita", roles=("builder",))
    [kept] = people.tokens.of(RITA)
    assert kept.last_day == records.database.clock().date().isoformat()


def test_a_token_ends_on_its_day_and_so_does_a_session_opened_with_it(people, records):
    _, secret = people.tokens.make(RITA, "rita", "short", ["user"], days=1)
    start = records.database.clock()
    records.database.clock = lambda: start + timedelta(hours=23)
    session = people.signing_in.with_token(secret)
    assert people.session(session) == Actor(name="rita", roles=("user",))
    records.database.clock = lambda: start + timedelta(hours=24)
    assert people.by_key(secret) is people.session(session) is None


def test_a_revoked_token_takes_its_sessions_along(people, owner):
    token, secret = people.tokens.make(RITA, "rita", "laptop", ["builder"])
    _, other = people.tokens.make(RITA, "rita", "desktop", ["builder"])
    sessions = people.signing_in.with_token(secret), people.signing_in.with_token(other)
    people.tokens.revoke(RITA, token.id)
    assert people.by_key(secret) is people.session(sessions[0]) is None
    assert people.session(sessions[1]) is not None
    with pytest.raises(NotSignedIn):
        people.signing_in.with_token(secret)
    with pytest.raises(UnknownName):
        people.tokens.revoke(RITA, token.id)


def test_nobody_gives_a_token_what_they_do_not_hold(people, owner):
    limited = Actor(name="rita", roles=("builder",))  # signed in with a token of fewer roles
    for actor, roles in [(RITA, ["admin"]), (RITA, ["reviewer", "privacy_officer"]), (limited, ["reviewer"])]:
        with pytest.raises(NotPermitted, match="is not held"):
            people.tokens.make(actor, "rita", "more", roles)
    with pytest.raises(NotPermitted):
        people.tokens.make(Actor(name="ben", roles=("reviewer",)), "rita", "hers", ["user"])
    with pytest.raises(NotPermitted, match="is not held"):
        people.tokens.make(owner, "rita", "by an admin", ["privacy_officer"])
    assert people.tokens.make(RITA, "rita", "least", ["user"])[0].roles == ("user",)


def test_a_token_of_fewer_roles_cannot_set_a_first_password_and_so_become_the_whole_person(people):
    _, secret = people.tokens.make(RITA, "rita", "ci", ["builder"])
    limited = people.by_key(secret)
    with pytest.raises(NotPermitted, match="fewer roles"):
        people.signing_in.set_password(limited, "rita", "correct horse battery")


def test_only_the_person_and_an_admin_end_a_token_and_a_privacy_officer_sees_it(people, owner):
    token, _ = people.tokens.make(RITA, "rita", "ci", ["builder"])
    officer, ben = Actor(name="pia", roles=("privacy_officer",)), Actor(name="ben", roles=("reviewer",))
    assert people.tokens.of(ben) == [] and people.tokens.of(officer) == [token]
    with pytest.raises(UnknownName):
        people.tokens.revoke(ben, token.id)
    with pytest.raises(NotPermitted):
        people.tokens.revoke(officer, token.id)
    people.tokens.revoke(owner, token.id)
    assert people.tokens.of(owner) == []


@pytest.mark.parametrize(
    "label, roles, days, refusal",
    [
        ("", ["user"], None, BadInput),
        ("a\nb", ["user"], None, BadInput),
        ("x" * 81, ["user"], None, BadInput),
        ("ok", [], None, BadInput),
        ("ok", ["usr"], None, UnknownName),
        ("ok", ["user"], 0, BadOption),
        ("ok", ["user"], 4000, BadOption),
    ],
)
def test_a_token_that_cannot_be_is_refused(people, label, roles, days, refusal):
    with pytest.raises(refusal):
        people.tokens.make(RITA, "rita", label, roles, days)
    assert people.tokens.of(RITA) == []
