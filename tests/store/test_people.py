"""Accounts: who may be added, changed, disabled; secrets are shown once and kept as hashes; everything is in the ledger."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from beside.core.errors import BadInput, NotPermitted, UnknownName
from beside.core.types import Actor
from beside.store import ledger
from beside.store.people import People
from beside.store.records import Records

WORDS = "correct horse battery"


@pytest.fixture
def people(records):
    return People(records.database)


def everything(records: Records) -> str:
    tables = ("people", "tokens", "web_sessions", "sign_in_attempts", "ledger")
    with records.database.engine.connect() as connection:
        return str([connection.execute(text(f"SELECT * FROM {table}")).all() for table in tables])


def test_a_key_opens_for_its_person_only(people, owner):
    keys = {name: people.add(owner, name, ["reviewer"]) for name in ("rita", "王伟")}
    assert people.by_key(keys["rita"]) == Actor(name="rita", roles=("reviewer",))
    assert people.by_key(keys["王伟"]) == Actor(name="王伟", roles=("reviewer",))
    assert people.by_key("") is people.by_key("x" * 43) is people.by_key("密钥") is people.by_key("\udcff") is None
    assert [actor.name for actor in people.people(owner)] == ["rita", "王伟"]


def test_no_secret_is_kept_anywhere(people, records, owner):
    rita = Actor(name="rita", roles=("reviewer",))
    secrets = [people.add(owner, "rita", ["reviewer"]), people.tokens.make(rita, "rita", "ci", ["reviewer"])[1]]
    secrets += [people.sessions.link(owner), people.signing_in.make_code(owner, "rita")]
    secrets += [people.signing_in.with_code(secrets[3], WORDS), people.signing_in.with_password("rita", WORDS)]
    assert all(len(secret) >= 32 for secret in secrets)
    assert [secret for secret in [*secrets, WORDS] if secret in everything(records)] == []


def test_adding_a_person_again_starts_them_anew(people, owner):
    old = people.add(owner, "rita", ["reviewer"])
    people.signing_in.set_password(owner, "rita", WORDS)
    session = people.open_session(people.by_key(old), "password")
    new = people.add(owner, "rita", ["user"])
    assert people.by_key(old) is None and people.session(session) is None
    assert people.by_key(new) == Actor(name="rita", roles=("user",))
    assert not people.account(owner, "rita").has_password


def test_a_removed_person_is_out(people, owner):
    key = people.add(owner, "rita", ["reviewer"])
    session = people.open_session(people.by_key(key), "password")
    people.remove(owner, "rita")
    assert people.by_key(key) is None and people.session(session) is None
    with pytest.raises(UnknownName):
        people.remove(owner, "rita")


def test_a_disabled_persons_sessions_tokens_password_and_code_end_at_once_and_come_back(people, owner):
    key = people.add(owner, "rita", ["reviewer"])
    people.signing_in.set_password(owner, "rita", WORDS)
    sessions = [people.signing_in.with_password("rita", WORDS), people.signing_in.with_token(key)]
    code = people.signing_in.make_code(owner, "rita")
    people.disable(owner, "rita")
    assert [people.session(token) for token in sessions] == [None, None]
    assert people.by_key(key) is people.signing_in.invited(code) is None
    for way in (lambda: people.signing_in.with_password("rita", WORDS), lambda: people.signing_in.with_token(key)):
        with pytest.raises(Exception, match=r"wrong|No one has this key"):
            way()
    with pytest.raises(NotPermitted):
        people.signing_in.make_code(owner, "rita")
    people.enable(owner, "rita")
    assert people.by_key(key) == Actor(name="rita", roles=("reviewer",))
    assert people.session(sessions[0]) is None


def test_roles_that_are_taken_away_end_at_once_and_new_ones_need_a_new_sign_in(people, owner):
    key = people.add(owner, "rita", ["reviewer", "builder"])
    session = people.signing_in.with_token(key)
    people.set_roles(owner, "rita", ["builder", "annotator"])
    assert people.session(session).roles == people.by_key(key).roles == ("builder",)


def test_only_an_admin_changes_accounts_and_nobody_locks_themselves_out(people, stranger, owner):
    people.add(owner, "rita", ["admin"])
    everybody_else = Actor(name="eve", roles=("builder", "reviewer", "user", "annotator", "privacy_officer"))
    for actor in (stranger, everybody_else):
        for act in (people.disable, people.enable, people.remove, people.signing_in.make_code):
            with pytest.raises(NotPermitted):
                act(actor, "rita")
        with pytest.raises(NotPermitted, match="may not add a person"):
            people.add(actor, "eve", ["admin"])
        with pytest.raises(NotPermitted):
            people.set_roles(actor, "rita", ["user"])
    rita = Actor(name="rita", roles=("admin",))
    for act in (lambda: people.disable(rita, "rita"), lambda: people.set_roles(rita, "rita", ["user"])):
        with pytest.raises(NotPermitted):
            act()


def test_people_see_themselves_admins_and_privacy_officers_everybody(people, owner, stranger):
    for name in ("rita", "ben"):
        people.add(owner, name, ["reviewer"])
    assert [one.name for one in people.accounts(owner)] == ["ben", "rita"]
    assert [one.name for one in people.accounts(Actor(name="pia", roles=("privacy_officer",)))] == ["ben", "rita"]
    assert [one.name for one in people.accounts(Actor(name="rita", roles=("reviewer",)))] == ["rita"]
    assert people.accounts(stranger) == []
    with pytest.raises(UnknownName) as refusal:
        people.account(Actor(name="rita", roles=("reviewer",)), "ben")
    assert "ben" not in refusal.value.hint


def test_an_unknown_role_or_odd_name_is_refused(people, owner):
    with pytest.raises(UnknownName) as refusal:
        people.add(owner, "rita", ["reviever"])
    assert "Did you mean 'reviewer'?" in refusal.value.hint
    odd = [("", ["user"]), (" rita", ["user"]), ("a\nb", ["user"]), ("r" * 81, ["user"]), ("rita", []), ("Local", ["user"])]
    for name, roles in odd:
        with pytest.raises(BadInput):
            people.add(owner, name, roles)
    assert people.people(owner) == []


def test_an_identity_provider_vouches_by_subject_never_by_name(people, owner):
    people.add(owner, "rita", ["admin"])
    with pytest.raises(NotPermitted, match="belongs to another account"):
        people.from_outside("https://id.example", "42", "Rita", ["reviewer"])
    with pytest.raises(NotPermitted, match="no role"):
        people.from_outside("https://id.example", "42", "mei", [])
    assert people.from_outside("https://id.example", "42", "mei", ["reviewer"]) == Actor(name="mei", roles=("reviewer",))
    assert people.from_outside("https://id.example", "42", "mei2", ["builder"]) == Actor(name="mei", roles=("builder",))
    people.disable(owner, "mei")
    with pytest.raises(NotPermitted, match="disabled"):
        people.from_outside("https://id.example", "42", "mei", ["reviewer"])


def test_who_added_and_changed_whom_is_in_the_ledger(people, records, owner):
    people.add(owner, "rita", ["reviewer"])
    people.close_session(people.open_session(owner))
    people.set_roles(owner, "rita", ["user"])
    people.signing_in.set_password(owner, "rita", WORDS)
    people.disable(owner, "rita")
    people.remove(owner, "rita")
    told = [(entry.who, entry.verb, entry.subject) for entry in reversed(records.ledger(owner))]
    verbs = ["add person", "make token", "sign in", "sign out", "change roles", "set password", "disable person", "remove person"]
    assert told == [("olga", verb, "olga" if verb.startswith("sign ") else "rita") for verb in verbs]
    assert records.ledger(owner)[3].detail == {"roles": ["user"], "before": ["reviewer"]}
    assert ledger.check(records.database.engine) == 8
