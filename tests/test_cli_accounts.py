"""Accounts on the command line: secrets are printed once, passwords come from a pipe, every answer is JSON when asked."""

from __future__ import annotations

import io

import pytest
from typer.testing import CliRunner

from beside.cli.commands import app
from beside.store.workspace import Workspace

WORDS = "correct horse battery"


@pytest.fixture
def run(tmp_path):
    Workspace.open(tmp_path).close()

    def ran(*words, given=None):
        return CliRunner().invoke(app, [*words, "--workspace", str(tmp_path)], input=given)

    return ran


@pytest.fixture
def opened(tmp_path):
    workspace = Workspace.open(tmp_path)
    yield workspace
    workspace.close()


def json_of(done):
    import json

    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def test_a_person_is_added_listed_changed_disabled_and_removed(run, opened):
    made = json_of(run("user", "maria", "--role", "reviewer", "--json"))
    assert made["roles"] == ["reviewer"] and opened.people.by_key(made["key"]).name == "maria"
    assert json_of(run("people", "roles", "maria", "--role", "builder", "--role", "user", "--json"))["roles"] == ["builder", "user"]
    run("people", "disable", "maria")
    [listed] = json_of(run("people", "list", "--json"))
    assert listed["disabled_at"] and listed["roles"] == ["builder", "user"]
    assert not any("hash" in key or key == "password" for key in listed)
    assert "disabled" in run("people", "list").stdout
    refused = run("list", "runs", "--as", "maria", "--json")
    assert refused.exit_code == 1 and "is disabled" in refused.stderr
    run("people", "enable", "maria")
    assert run("list", "runs", "--as", "maria").exit_code == 0
    run("people", "remove", "maria")
    assert json_of(run("people", "list", "--json")) == []


def test_without_a_key_a_person_gets_a_code(run, opened):
    code = json_of(run("user", "maria", "--role", "user", "--no-key", "--json"))["code"]
    assert opened.people.signing_in.invited(code) == "maria"
    newer = json_of(run("people", "code", "maria", "--json"))["code"]
    assert opened.people.signing_in.invited(code) is None and opened.people.signing_in.invited(newer) == "maria"


def test_a_password_comes_from_a_pipe_and_is_said_nowhere(run, opened):
    run("user", "maria", "--role", "user")
    done = run("people", "password", "maria", "--password-stdin", "--json", given=WORDS + "\n")
    assert done.exit_code == 0 and WORDS not in done.stdout + done.stderr
    session = opened.people.signing_in.with_password("maria", WORDS)
    assert run("people", "sign-out", "maria").exit_code == 0
    assert opened.people.session(session) is None
    short = run("people", "password", "maria", "--password-stdin", given="short\n")
    assert short.exit_code == 2 and "12 to 1000 characters" in short.stderr
    nowhere = run("people", "password", "maria", given="")
    assert nowhere.exit_code == 2 and "--password-stdin" in nowhere.stderr


def test_a_password_that_is_typed_must_be_typed_twice_alike(monkeypatch):
    from beside.cli import accounts

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    typed = iter([WORDS, WORDS, WORDS, "something else"])
    monkeypatch.setattr(accounts.sys, "stdin", Terminal())
    monkeypatch.setattr(accounts.getpass, "getpass", lambda *asked: next(typed))
    assert accounts.typed_twice("maria") == WORDS
    with pytest.raises(accounts.BadInput, match="not the same"):
        accounts.typed_twice("maria")


def test_tokens_are_made_listed_and_revoked(run, opened):
    run("user", "maria", "--role", "reviewer", "--no-key")
    made = json_of(run("tokens", "create", "maria", "--label", "nightly", "--role", "reviewer", "--days", "3", "--json"))
    assert opened.people.by_key(made["token"]).roles == ("reviewer",)
    assert made["token"] not in run("tokens", "list").stdout
    [listed] = json_of(run("tokens", "list", "maria", "--json"))
    assert (listed["id"], listed["label"], "token_hash" in listed) == (made["id"], "nightly", False)
    assert run("tokens", "create", "maria", "--label", "more", "--role", "admin").exit_code == 1
    run("tokens", "revoke", made["id"])
    assert opened.people.by_key(made["token"]) is None


def test_only_an_admin_may(run):
    run("user", "maria", "--role", "reviewer")
    for words in (["user", "eve", "--role", "admin"], ["people", "disable", "maria"], ["people", "code", "maria"]):
        assert run(*words, "--as", "maria").exit_code == 1
