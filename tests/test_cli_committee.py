"""A committee at the command line: every verb of it as a person types it, with --json."""

from __future__ import annotations

from typing import Any

import pytest

from beside.core.recipe import Policy

RULES = Policy(name="asked", signers={"reviewer": 1, "privacy_officer": 1}, separation=True, checklist={"data": "Is it alike?"})


@pytest.fixture
def typed(make_approved: Any, beside: Any, tmp_path: Any) -> Any:
    """`typed("stop", "--reason", ..., by="rita")`: the command on the release, and how it ended."""
    made = make_approved(tmp_path, approve=False, policy=RULES)
    for name, role in (("rita", "reviewer"), ("pia", "privacy_officer"), ("uma", "user")):
        made.workspace.people.add(made.owner, name, [role])

    def run(verb: str, *args: str, by: str, json: bool = True) -> Any:
        return beside(verb, made.release.id, *args, "--as", by, *(["--json"] if json else []), cwd=tmp_path)

    return run


def test_a_committee_works_at_the_command_line_from_the_first_word_to_the_stop(typed: Any) -> None:
    said = typed("comment", "Few rows.", "--finding", "finding-toy", by="uma")
    assert (said.code, said.json["who"], said.json["finding_id"]) == (0, "uma", "finding-toy")
    open_ = typed("review", "approve", "--reason", "Read it.", by="rita")
    assert (open_.code, open_.json["error"]["code"]) == (2, "bad_input")
    assert typed("review", "approve", "--reason", "Read it.", "--answer", "data=maybe", by="rita").code == 2
    first = typed(
        "review", "approve", "--reason", "Read it.", "--answer", "data=na: One source.", "--condition", "only drafts", by="rita"
    )
    assert (first.code, first.json["state"]) == (1, "draft")
    assert first.json["signatures"][0]["answers"] == {"data": {"answer": "not applicable", "note": "One source."}}
    second = typed("review", "approve", "--reason", "No personal data.", "--answer", "data=yes", by="pia")
    assert (second.code, second.json["state"]) == (0, "approved")
    told = typed("standing", by="uma", json=False)
    assert told.code == 0
    assert "reviewer: rita" in told.out and "only drafts" in told.out

    incident = typed("incident", "It named a patient.", "--severity", "high", by="uma")
    assert (incident.code, incident.json["severity"]) == (0, "high")
    assert typed("standing", by="uma").json["state"] == "suspended"
    assert typed("resume", "--reason", "It was a test.", by="rita").code == 1
    assert typed("resume", "--reason", "Agreed.", by="pia").code == 0
    assert typed("stop", "--reason", "Mine to press?", by="uma").code == 1
    assert typed("stop", "--reason", "Wrong refunds.", by="pia").json["what"] == "stop"
    after = typed("standing", by="uma")
    assert (after.code, after.json["state"]) == (1, "stopped")
    assert any("pia stopped it on" in one for one in after.json["objections"])


POLICY = """
separation = true
[signers]
reviewer = 1
"""


@pytest.mark.slow
def test_who_trained_and_who_released_it_may_not_sign_it(make_approved: Any, beside: Any, tmp_path: Any) -> None:
    made = make_approved(tmp_path, approve=False)  # olga trained it
    for name in ("rhea", "rita"):
        made.workspace.people.add(made.owner, name, ["builder", "reviewer"])
    (tmp_path / "apart.toml").write_text(POLICY)
    released = beside("release", "run-toy", "--policy", "apart.toml", "--as", "rhea", "--json", cwd=tmp_path)
    assert released.json["makers"] == ["olga", "rhea"]

    def sign(who: str) -> Any:
        return beside("review", released.json["id"], "approve", "--reason", "I read it.", "--as", who, "--json", cwd=tmp_path)

    for who in ("olga", "rhea"):
        ended = sign(who)
        assert (ended.code, ended.json["error"]["code"]) == (1, "not_permitted")
    assert sign("rita").json["state"] == "approved"
