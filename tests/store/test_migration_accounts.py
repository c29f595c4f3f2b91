"""Keys from before accounts had passwords go on working: each becomes its person's first token."""

from __future__ import annotations

import hashlib

import pytest
from alembic import command
from sqlalchemy import create_engine, text

from beside.core.types import Actor
from beside.store import database
from beside.store.database import Database
from beside.store.migrations import config
from beside.store.people import People


@pytest.fixture(params=["sqlite", "postgresql"])
def before(request, tmp_path):
    """A database as it was before, with two people and somebody signed in."""
    url = request.getfixturevalue("empty_postgres") if request.param == "postgresql" else f"sqlite:///{tmp_path}/old.sqlite"
    engine = create_engine(url)
    with engine.begin() as connection:
        settings = config()
        settings.attributes["connection"] = connection
        command.upgrade(settings, "0002")
        put = "insert into people (name, roles, key_hash, added_at) values (:name, :roles, :hash, '2026-03-01 12:00:00+00:00')"
        for name, roles in [("rita", '["reviewer"]'), ("王伟", '["builder", "user"]')]:
            given = {"name": name, "roles": roles, "hash": hashlib.sha256(f"key of {name}".encode()).hexdigest()}
            connection.execute(text(put), given)
        session = "insert into web_sessions values ('x', 'rita', '[\"reviewer\"]', '2030-03-01 12:00:00+00:00')"
        connection.execute(text(session))
    engine.dispose()
    return url


def test_a_key_of_before_is_the_first_token_of_its_person(before):
    opened = Database(before)
    people, owner = People(opened), Actor(name="olga", roles=("admin",))
    assert database.version(opened.engine) == database.HEAD
    assert people.by_key("key of rita") == Actor(name="rita", roles=("reviewer",))
    assert people.by_key("key of 王伟") == Actor(name="王伟", roles=("builder", "user"))
    assert [(one.person, one.label, one.expires_at) for one in people.tokens.of(owner, "rita")] == [("rita", "first key", None)]
    assert [one.has_password for one in people.accounts(owner)] == [False, False]
    people.add(owner, "new", ["user"])
    assert len(people.people(owner)) == 3
    opened.close()
