"""What guards notice and hand over, in every shape that an answer may take, and the list of what waits for a person."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from beside.api.app import create_app
from beside.store.workspace import Workspace

LONG = "cancel " * 40


@pytest.fixture
def client(make_approved: Callable[..., Any], ask: Any, tmp_path: Path) -> TestClient:
    """Over a workspace where long texts are handed over and homoglyphs refused."""
    given = make_approved(tmp_path)
    settings = '[serving.guards]\nover_long = "hand over"\nmixed_scripts = "refuse"\n'
    (tmp_path / "beside.toml").write_text(settings, encoding="utf-8")
    made: TestClient = ask(create_app(Workspace.open(tmp_path)))
    made.release = given.release.id  # type: ignore[attr-defined]
    return made


def test_an_answer_that_is_handed_over_says_so_and_why_in_both_languages(client: TestClient) -> None:
    plain, long = client.post("/v1/predict", json={"texts": ["cancel", LONG]}).json()["predictions"]
    assert (plain["abstained"], plain["flags"]) == (False, [])
    assert long["abstained"] is True and long["label"] == "cancel"
    [flag] = long["flags"]
    assert (flag["guard"], flag["action"]) == ("over_long", "hand over")
    assert flag["reason"].startswith("It has") and flag["reason_zh"].startswith("它有")


def test_hugging_faces_shape_tells_it_in_a_header(client: TestClient) -> None:
    answer = client.post("/", json={"inputs": ["cancel", LONG, LONG]})
    assert answer.headers["X-Beside-Abstained"] == "2"


def test_a_refused_text_is_an_error_of_its_own_and_counted(client: TestClient) -> None:
    refused = client.post("/v1/predict", json={"texts": ["cancel", "cancel my pаypal"]})
    assert refused.status_code == 422
    error = refused.json()["error"]
    assert error["code"] == "text_refused" and "Text 2 of 2" in error["message"] and "其他文字" in error["message"]
    client.post("/v1/predict", json={"text": LONG})
    page = client.get("/metrics").text
    assert 'beside_flagged_total{action="refuse",guard="mixed_scripts"} 1.0' in page
    assert 'beside_flagged_total{action="hand over",guard="over_long"} 1.0' in page
    assert f'beside_handed_over_total{{release="{client.release}"}} 1.0' in page  # type: ignore[attr-defined]


def test_what_was_handed_over_waits_until_a_person_says_something_and_then_teaches_the_next_model(client: TestClient) -> None:
    asked = [f"{number} {LONG}" for number in range(3)]
    made = client.post("/v1/predict", json={"texts": ["cancel", *asked]}).json()["predictions"]
    assert [one["text"] for one in client.get("/v1/waiting").json()] == asked
    assert len(client.get("/v1/waiting?limit=2").json()) == 2
    body = {"prediction_id": made[1]["id"], "correct": False, "label": "refund"}
    assert client.post("/v1/feedback", json=body).status_code == 201
    assert [one["text"] for one in client.get("/v1/waiting").json()] == asked[1:]
    assert client.get("/v1/waiting?release=release-none").status_code == 404


def test_people_see_the_questions_that_they_may_read(client: TestClient, ask: Any) -> None:
    people = client.app.state.workspace.people  # type: ignore[attr-defined]
    from beside.core.types import Actor

    owner = Actor(name="olga", roles=("admin",))
    anna, bert, reviewer = (
        ask(client.app, key=people.add(owner, name, [role]))
        for name, role in (("anna", "user"), ("bert", "user"), ("rita", "reviewer"))
    )
    anna.post("/v1/predict", json={"text": LONG})
    assert [len(one.get("/v1/waiting").json()) for one in (anna, bert, reviewer)] == [1, 0, 1]
