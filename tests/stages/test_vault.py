"""Pseudonyms: tokens in the texts, sealed values in the vault, and who opened them in the ledger."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from beside.core.errors import Altered, BadInput, KeyUnusable, NotPermitted, UnknownName
from beside.core.protecting import read_plan
from beside.core.types import Actor, Corpus, Example
from beside.loop import Loop
from beside.store.rows import read_rows, write_rows
from beside.store.sealing import Keys
from beside.store.workspace import Workspace

NOW = datetime(2026, 1, 2, tzinfo=UTC)
PLAN = read_plan(["phone=pseudonym", "email=pseudonym", "replace"])
ROWS = [
    Example(id="1", text="call 13800138000", target="a", person="person-anna"),
    Example(id="2", text="or 138-0013-8000, anna@example.com", target="b", person="person-anna"),
    Example(id="3", text="bert has 13900139000, and 13800138000 as well", target="a", person="person-bert"),
]


@pytest.fixture
def loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    home = tmp_path / "home"
    workspace = Workspace.open(home)
    with workspace.artifacts.new_file() as file:
        write_rows(file.path, [("train", row) for row in ROWS])
    corpus = Corpus(
        id="corpus-inbox", name="inbox", task="classify", labels=("a", "b"), splits={"train": 3, "tune": 0, "test": 0},
        examples=file.id, made_at=NOW,
    )  # fmt: skip
    owner = Actor(name="olga", roles=("admin",))
    workspace.records.add_corpus(owner, corpus)
    yield Loop(workspace, owner, clock=lambda: NOW)
    workspace.close()


@pytest.fixture
def sealed(loop: Loop, tmp_path: Path) -> Loop:
    """The same loop over a workspace that has keys."""
    Keys.make(loop.workspace.folder, f"file:{tmp_path / 'master.key'}")
    return loop


def texts(loop: Loop, corpus: Corpus) -> list[str]:
    return [row.text for row in read_rows(loop.artifacts.path(corpus.examples))]


def everything_below(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file() and not file.name.startswith("master"))


def test_without_keys_there_is_no_vault(loop):
    with pytest.raises(KeyUnusable, match="no encryption key"):
        loop.protect("inbox", "safe", PLAN)
    assert [corpus.name for corpus in loop.records.corpora(loop.actor)] == ["inbox"]


def test_all_ways_of_writing_a_value_have_one_token_and_only_the_vault_knows_it(sealed):
    child, report = sealed.protect("inbox", "safe", PLAN)
    first, second, third = texts(sealed, child)
    token = first.removeprefix("call ")
    assert token.startswith("<PHONE:") and token in second and token in third and "138" not in first + second + third
    assert {entry.kind for entry in sealed.records.vault(sealed.actor)} == {"phone", "email"} and report.touched == 3
    rows = sealed.artifacts.path(sealed.records.corpus(sealed.actor, "inbox").examples)
    rows.chmod(0o600)
    rows.unlink()  # the parent holds the values; nothing else in the workspace may
    found = everything_below(sealed.workspace.folder)
    assert b"13900139000" not in found and b"anna@example.com" not in found


def test_the_same_protection_again_adds_nothing(sealed):
    first, again = sealed.protect("inbox", "safe", PLAN)[0], sealed.protect("inbox", "safe", PLAN)[0]
    assert first == again and len(sealed.records.vault(sealed.actor)) == 3
    assert texts(sealed, sealed.protect("inbox", "other", PLAN)[0]) == texts(sealed, first)


def test_a_value_is_seen_once_the_ledger_knows_who_opened_it_and_why(sealed):
    child, _ = sealed.protect("inbox", "safe", PLAN)
    token = texts(sealed, child)[0].removeprefix("call ")
    opened = sealed.open_vault(token.strip("<>").lower(), "The caller asked to be called back.")
    entry = sealed.records.ledger(sealed.actor)[0]
    assert opened.value == "13800138000"
    assert (entry.verb, entry.subject, entry.who) == ("open vault", token, "olga") and entry.detail["why"].startswith("The caller")


def test_nobody_opens_without_a_reason_a_role_or_a_token(sealed):
    child, _ = sealed.protect("inbox", "safe", PLAN)
    token = texts(sealed, child)[0].removeprefix("call ")
    for why in ("", "  ", "x" * 2_001):
        with pytest.raises(BadInput, match="reason"):
            sealed.open_vault(token, why)
    with pytest.raises(UnknownName, match="nothing"):
        sealed.open_vault("nothing", "Just so.")
    for role in ("builder", "reviewer", "user", "annotator"):
        sealed.actor = Actor(name="ugo", roles=(role,))
        with pytest.raises(NotPermitted):
            sealed.open_vault(token, "Just so.")
        assert role not in ("builder", "reviewer") or sealed.protect("inbox", "safe", PLAN)
        assert sealed.records.vault(sealed.actor) == []
    sealed.actor = Actor(name="petra", roles=("privacy_officer",))
    assert sealed.open_vault(token, "An access request.").value == "13800138000"
    assert [entry.verb for entry in sealed.records.ledger(sealed.actor)].count("open vault") == 1


def test_a_sealed_value_that_was_put_under_another_token_does_not_open(sealed):
    from sqlalchemy import text

    sealed.protect("inbox", "safe", PLAN)
    phones = [entry.token for entry in sealed.records.vault(sealed.actor) if entry.kind == "phone"]
    with sealed.records.database.write() as session:
        other = session.execute(text("SELECT sealed FROM vault WHERE token = :token"), {"token": phones[1]}).scalar()
        session.execute(text("UPDATE vault SET sealed = :sealed WHERE token = :token"), {"sealed": other, "token": phones[0]})
    with pytest.raises(Altered):
        sealed.open_vault(phones[0], "Just so.")
    assert "open vault" not in [entry.verb for entry in sealed.records.ledger(sealed.actor)]


def test_values_go_by_person_or_by_value_and_what_others_have_stays_for_them(sealed):
    child, _ = sealed.protect("inbox", "safe", PLAN)
    shared = texts(sealed, child)[0].removeprefix("call ")
    assert sealed.forget_vault(persons=["person-anna"]) == 1  # the address; the number is bert's as well
    assert sealed.open_vault(shared, "Whose is it?").value == "13800138000"
    assert [entry.persons for entry in sealed.records.vault(sealed.actor) if entry.token == shared] == [("person-bert",)]
    assert sealed.forget_vault(values=["+86 139 0013 9000", "13900139000"]) == 1
    assert sealed.forget_vault(persons=["person-bert"]) == 1 and sealed.records.vault(sealed.actor) == []
    with pytest.raises(UnknownName):
        sealed.open_vault(shared, "Whose was it?")


def test_a_text_alone_has_no_vault(sealed):
    with pytest.raises(BadInput, match="vault"):
        sealed.protect_texts(["call 13800138000"], PLAN)
    assert sealed.protector(None).text("x").text == "x"


def test_the_commands_list_open_and_forget(sealed, beside):
    home = sealed.workspace.folder
    assert beside("protect", "inbox", "--name", "safe", "--action", "phone=pseudonym", cwd=home).code == 0
    [token, _] = [one["token"] for one in beside("vault", "list", "--json", cwd=home).json]
    assert beside("vault", "open", token, cwd=home).code == 2
    opened = beside("vault", "open", token, "--why", "To call back.", "--json", cwd=home)
    assert opened.json["kind"] == "phone" and opened.json["value"].startswith("1")
    assert beside("vault", "forget", "--value", opened.json["value"], cwd=home).out == "1 values deleted from the vault\n"
    assert beside("vault", "forget", cwd=home).code == 2
