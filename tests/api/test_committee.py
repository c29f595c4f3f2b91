"""A committee over HTTP: checklist, signature with answers and conditions, comments, incidents, resuming."""

from __future__ import annotations

from typing import Any

import pytest

from beside.api.app import create_app
from beside.core.recipe import Policy
from beside.core.types import Actor

RULES = Policy(name="asked", signers={"reviewer": 2}, checklist={"data": "Is the text alike?"})
YES = {"decision": "approve", "reason": "Read it all.", "answers": {"data": {"answer": "yes"}}}


@pytest.fixture
def desk(make_approved: Any, ask: Any, tmp_path: Any) -> Any:
    """`desk(name, role)`: a signed-in person's client, whose addresses begin at the release."""
    given = make_approved(tmp_path, approve=False, policy=RULES)
    app = create_app(given.workspace)

    class Desk:
        def __init__(self, name: str, role: str = "reviewer") -> None:
            self.client = ask(app)
            if name:
                given.workspace.people.add(given.owner, name, [role])
                token = given.workspace.people.open_session(Actor(name=name, roles=(role,)))
                self.client.cookies.set("beside_session", token)

        def get(self, what: str) -> Any:
            return self.client.get(f"/v1/releases/{given.release.id}/{what}").json()

        def post(self, what: str, status: int = 201, **body: Any) -> Any:
            answer = self.client.post(f"/v1/releases/{given.release.id}/{what}", json=body)
            assert answer.status_code == status, answer.text
            return answer.json()

    return Desk


def test_a_release_is_signed_with_answers_and_opens_when_its_condition_is_met(desk: Any) -> None:
    ann, bob = desk("ann"), desk("bob")
    assert ann.get("checklist") == {"questions": {"data": "Is the text alike?"}, "required": True}
    refused = ann.post("reviews", 422, decision="approve", reason="Read it all.")
    assert "not answered: data" in refused["error"]["message"]
    ann.post("reviews", 200, **YES, conditions=[{"text": "only drafts", "blocking": True}])
    assert bob.post("reviews", 200, **YES)["state"] == "draft"
    [term] = bob.get("conditions")
    ann.post(f"conditions/{term['id']}", 403, reason="I say so.")
    bob.post(f"conditions/{term['id']}", reason="The form says so.")
    standing = bob.get("standing")
    assert (standing["state"], standing["objections"], standing["missing"]) == ("approved", [], {})
    assert standing["seats"] == {"reviewer": ["ann", "bob"]}
    assert standing["conditions"][0]["met"][0]["who"] == "bob"


def test_comments_form_a_thread_with_its_history(desk: Any) -> None:
    ann = desk("ann")
    first = ann.post("comments", text="Few rows.", finding="finding-toy")
    ann.post("comments", text="Few rows, but enough.", finding="finding-toy", replaces=first["id"])
    assert [one["text"] for one in ann.get("comments")] == ["Few rows.", "Few rows, but enough."]
    ann.post("comments", 404, text="Where?", finding="finding-9")
    desk("").post("comments", 401, text="Nobody says this.")


def test_an_incident_suspends_and_resuming_takes_as_many_as_signing(desk: Any) -> None:
    ann, bob, uma = desk("ann"), desk("bob"), desk("uma", "user")
    for one in (ann, bob):
        one.post("reviews", 200, **YES)
    made = uma.post("incidents", severity="high", text="It named a patient.")
    assert made["role"] == "user"
    assert uma.client.post("/v1/predict", json={"text": "where is my parcel"}).status_code == 409
    assert ann.get("incidents") == [made]
    uma.post("resume", 403, reason="It is fine.")
    ann.post("resume", reason="It was a test.")
    assert ann.get("standing")["state"] == "suspended"
    ann.post("resume", 422, reason="Again.")
    bob.post("resume", reason="I looked, too.")
    assert ann.get("standing")["state"] == "approved"
    assert uma.client.post("/v1/predict", json={"text": "where is my parcel"}).status_code == 200


@pytest.mark.parametrize(
    "what, body",
    [
        ("incidents", {"severity": "awful", "text": "x y z"}),
        ("stop", {"reason": ""}),
        ("comments", {"text": "\x00\x00\x00"}),
        ("reviews", {**YES, "answers": {"data": {"answer": "maybe"}}}),
        ("reviews", {**YES, "conditions": [{"text": "x" * 10, "blocking": "perhaps"}]}),
        ("stop", {"reason": "x" * 2001}),
    ],
)
def test_what_cannot_be_taken_is_refused(desk: Any, what: str, body: dict[str, Any]) -> None:
    desk("ann").post(what, 422, **body)
