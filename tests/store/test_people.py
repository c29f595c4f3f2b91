"""Keys and console sessions: shown once, kept as hashes, ended when they should."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from beside.core.errors import BadInput, NotPermitted, UnknownName
from beside.core.types import Actor
from beside.store import ledger
from beside.store.people import People
from beside.store.records import Records


@pytest.fixture
def people(records):
    return People(records.database)


def everything(records: Records) -> str:
    with records.database.engine.connect() as connection:
        rows = [connection.execute(text(f"SELECT * FROM {table}")).all() for table in ("people", "web_sessions", "ledger")]
    return str(rows)


def test_a_key_opens_for_its_person_only(people, owner):
    keys = {name: people.add(owner, name, ["reviewer"]) for name in ("rita", "王伟")}
    assert people.by_key(keys["rita"]) == Actor(name="rita", roles=("reviewer",))
    assert people.by_key(keys["王伟"]) == Actor(name="王伟", roles=("reviewer",))
    assert people.by_key("") is people.by_key("x" * 43) is people.by_key("密钥") is people.by_key("\udcff") is None
    assert [actor.name for actor in people.people(owner)] == ["rita", "王伟"]


def test_neither_key_nor_token_is_kept(people, records, owner):
    key = people.add(owner, "rita", ["reviewer"])
    token = people.open_session(Actor(name="rita", roles=("reviewer",)))
    assert len(key) >= 43 and len(token) >= 43
    assert key not in everything(records) and token not in everything(records)


def test_adding_a_person_again_ends_the_old_key_and_sessions(people, owner):
    old = people.add(owner, "rita", ["reviewer"])
    token = people.open_session(people.by_key(old))
    new = people.add(owner, "rita", ["user"])
    assert people.by_key(old) is None and people.session(token) is None
    assert people.by_key(new) == Actor(name="rita", roles=("user",))


def test_a_removed_person_is_out(people, owner):
    key = people.add(owner, "rita", ["reviewer"])
    token = people.open_session(people.by_key(key))
    people.remove(owner, "rita")
    assert people.by_key(key) is None and people.session(token) is None
    with pytest.raises(UnknownName):
        people.remove(owner, "rita")


def test_only_an_owner_adds_people(people, stranger, owner):
    for actor in (stranger, Actor(name="rita", roles=("builder", "reviewer", "user"))):
        with pytest.raises(NotPermitted, match="may not add a person"):
            people.add(actor, "eve", ["admin"])
        with pytest.raises(NotPermitted):
            people.remove(actor, "eve")
    assert people.people(owner) == [] == people.people(stranger)


def test_an_unknown_role_or_odd_name_is_refused(people, owner):
    with pytest.raises(UnknownName) as refusal:
        people.add(owner, "rita", ["reviever"])
    assert "Did you mean 'reviewer'?" in refusal.value.hint
    for name, roles in [("", ["user"]), (" rita", ["user"]), ("a\nb", ["user"]), ("r" * 81, ["user"]), ("rita", [])]:
        with pytest.raises(BadInput):
            people.add(owner, name, roles)
    assert people.people(owner) == []


def test_a_session_lasts_twelve_hours_or_until_it_is_closed(people, records, owner):
    start = records.database.clock()
    token, other = people.open_session(owner), people.open_session(owner)
    assert people.session(token) == owner == people.session(other)
    people.close_session(other)
    people.close_session("unknown")
    assert people.session(other) is None
    records.database.clock = lambda: start + timedelta(hours=11, minutes=59)
    assert people.session(token) == owner
    records.database.clock = lambda: start + timedelta(hours=12)
    assert people.session(token) is None
    people.open_session(owner)
    assert everything(records).count("olga', '[") == 1  # expired ones are cleared away


def test_who_came_and_went_is_in_the_ledger(people, records, owner):
    people.add(owner, "rita", ["reviewer"])
    people.close_session(people.open_session(owner))
    people.remove(owner, "rita")
    verbs = [entry.verb for entry in records.ledger(owner)]
    assert verbs == ["remove person", "sign out", "sign in", "add person"]
    assert ledger.check(records.database.engine) == 4
