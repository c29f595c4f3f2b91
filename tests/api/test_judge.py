"""Attacked rows over HTTP: read blind, judged by those who may, and counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from beside.api import routes_judge
from beside.api.app import create_app
from beside.core.judging import AttackedRow
from beside.core.types import Actor


@dataclass
class Desk:
    """A signed-in person's client, whose addresses begin at the attacked rows of a release."""

    client: Any
    at: str

    def get(self, what: str) -> Any:
        return self.client.get(self.at + what)

    def post(self, what: str, **sent: Any) -> Any:
        return self.client.post(self.at + what, **sent)


@pytest.fixture
def desk(make_approved: Any, ask: Any, tmp_path: Any) -> Any:
    """`desk(name, role)`: a person at a release with two attacked rows."""
    given = make_approved(tmp_path)
    app = create_app(given.workspace)
    rows = [
        AttackedRow(
            id=f"attacked-{place}", release_id=given.release.id, attack="robustness/greedy_words", example_id=f"example-{place}",
            text="my parcel is late", edited="my parcel is slow", label="deliver", before="deliver", after="cancel",
            before_probabilities={"deliver": 0.9}, after_probabilities={"cancel": 0.8}, made_at=given.release.made_at,
        )
        for place in (1, 2)
    ]  # fmt: skip
    given.workspace.records.add_attacked(given.owner, given.release.id, rows)

    def of(name: str, role: str) -> Any:
        client = ask(app)
        given.workspace.people.add(given.owner, name, [role])
        client.cookies.set("beside_session", given.workspace.people.open_session(Actor(name=name, roles=(role,))))
        return Desk(client, f"/v1/releases/{given.release.id}/attacked")

    return of


def test_what_the_model_said_comes_with_the_last_judgement_and_not_before(desk: Any) -> None:
    anna = desk("anna", "annotator")
    rows = anna.get("").json()
    assert [row["edited"] for row in rows] == ["my parcel is slow"] * 2
    assert all(row["model"] is None and row["mine"] is None for row in rows) and "cancel" not in anna.get("").text
    said = anna.post("/attacked-1", json={"meaning": "kept", "label": "deliver", "comment": "odd"})
    assert said.status_code == 201 and said.json()["who"] == "anna"
    assert anna.get("").json()[0]["mine"]["comment"] == "odd" and anna.get("").json()[0]["model"] is None
    anna.post("/attacked-2", json={"meaning": "unsure"})
    assert anna.get("").json()[0]["model"]["after"] == "cancel"
    assert desk("ben", "reviewer").get("").json()[0]["model"] is None


def test_the_rates_count_a_row_once(desk: Any) -> None:
    for name in ("anna", "ben"):
        desk(name, "annotator").post("/attacked-1", json={"meaning": "kept"})
    found = desk("olav", "builder").get("/rates").json()
    assert (found["rows"], found["decided"], found["accepted"], found["kept"]["n"]) == (2, 1, 1, 1)
    assert found["raw"] is None and found["judged"] is None


@pytest.mark.parametrize(
    "row, body, status",
    [
        ("attacked-9", {"meaning": "kept"}, 404),
        ("attacked-1", {"meaning": "perhaps"}, 422),
        ("attacked-1", {"meaning": "kept", "label": "lost"}, 422),
        ("attacked-1", {"meaning": "kept", "comment": "a" * 2001}, 422),
        ("attacked-1", {"meaning": "kept", "who": "ben"}, 422),
    ],
)
def test_what_cannot_be_said_is_refused(desk: Any, row: str, body: dict[str, Any], status: int) -> None:
    assert desk("anna", "annotator").post(f"/{row}", json=body).status_code == status


def test_an_attack_runs_as_a_process_of_its_own(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(routes_judge, "start_attacking", lambda *given: asked.append(given[1:]) or 7)
    answer = desk("anna", "annotator").post("", json={"rows": 30})
    assert answer.status_code == 202 and answer.json()["process"] == 7
    assert asked[0][0].name == "anna" and asked[0][2] == 30
    assert desk("ben", "annotator").post("", json={"rows": 0}).status_code == 422
