"""Personal data over HTTP: texts protected on demand, and kept out of what releases read, answer and leave behind."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from beside.api.app import create_app
from beside.store.settings import Serving
from beside.store.workspace import Workspace

SECRET = "13800138000"
TEXT = f"where is my parcel, call {SECRET}"


@pytest.fixture(scope="module")
def made(make_approved: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    return make_approved(tmp_path_factory.mktemp("protect"))


@pytest.fixture
def client_for(made: Any) -> Iterator[Callable[..., TestClient]]:
    """`client_for("protect")`: a client of a server whose workspace treats personal data so."""
    workspace: Workspace = made.workspace
    before = workspace.settings

    def client(how: str, role: str | None = None) -> TestClient:
        workspace.settings = before.model_copy(update={"serving": Serving(personal_data=how)})  # type: ignore[arg-type]
        headers = {"Authorization": f"Bearer {workspace.people.add(made.owner, f'a-{role}', [role])}"} if role else {}
        return TestClient(
            create_app(workspace),
            base_url="http://127.0.0.1:8321",
            client=("127.0.0.1", 50_000),
            headers=headers,
            raise_server_exceptions=False,
        )

    yield client
    workspace.settings = before


def test_texts_come_back_protected_with_the_places_of_what_was_found(client_for):
    answer = (
        client_for("off").post("/v1/protect", json={"texts": ["打13800138000", "nothing"], "actions": {"phone": "mask"}}).json()
    )
    assert answer["protected"][1] == {"text": "nothing", "spans": []}
    [span], text = answer["protected"][0]["spans"], answer["protected"][0]["text"]
    assert text == "打****" and (span["start"], span["end"], span["kind"]) == (1, 12, "phone")
    assert text[span["new_start"] : span["new_end"]] == "****"


@pytest.mark.parametrize(
    "body,status",
    [
        ({}, 422),
        ({"text": "a", "texts": ["a"]}, 422),
        ({"texts": []}, 422),
        ({"texts": ["a"] * 129}, 422),
        ({"text": "a" * 20_001}, 422),
        ({"text": "a", "kinds": ["fone"]}, 404),
        ({"text": "a", "action": "burn"}, 422),
        ({"text": "a", "kinds": []}, 422),
    ],
)
def test_what_cannot_be_done_is_refused(client_for, body, status):
    assert client_for("off").post("/v1/protect", json=body).status_code == status


def test_only_those_who_may_protect_corpora_may_use_the_secret_of_the_workspace(client_for):
    body = {"text": TEXT, "action": "surrogate"}
    assert client_for("off").post("/v1/protect", json=body).status_code == 403
    answers = [client_for("off", role).post("/v1/protect", json=body) for role in ("privacy_officer", "builder")]
    assert [answer.status_code for answer in answers] == [200, 200] and answers[0].json() == answers[1].json()
    assert SECRET not in answers[0].text and "154" in answers[0].json()["protected"][0]["text"]


def test_by_default_texts_are_taken_and_kept_as_they_are(client_for):
    answer = client_for("off").post("/v1/predict", json={"text": TEXT}).json()
    assert answer["personal_data"] is None and answer["predictions"][0]["text"] == TEXT


def test_where_it_is_told_the_answer_says_what_a_text_holds(client_for):
    answer = client_for("tell").post("/v1/predict", json={"texts": [TEXT, "where is my parcel"]}).json()
    assert answer["personal_data"] == [{"phone": 1}, {}] and answer["predictions"][0]["text"] == TEXT


@pytest.mark.parametrize(
    "path,body",
    [("/v1/predict", {"text": TEXT}), ("/v1/what_if", {"text": TEXT, "edited": f"my money, {SECRET}"}), ("/", {"inputs": TEXT}),
     ("/v1/chat/completions", {"model": "x", "messages": [{"role": "user", "content": TEXT}]})],
)  # fmt: skip
def test_where_it_is_protected_nothing_that_is_stored_or_answered_holds_a_value(client_for, made, path, body):
    answer = client_for("protect").post(path, json=body)
    assert SECRET not in answer.text
    kept = [one for one in made.workspace.records.predictions(made.owner, made.release.id) if "PHONE" in one.text]
    if path.startswith("/v1/predict"):
        assert answer.json()["predictions"][0]["text"] == "where is my parcel, call <PHONE>" and answer.json()["personal_data"] == [
            {"phone": 1}
        ]
    assert path.endswith("completions") or kept


def test_notes_of_people_are_protected_as_well(client_for, made):
    client = client_for("protect")
    id = client.post("/v1/predict", json={"text": TEXT}).json()["predictions"][0]["id"]
    client.post("/v1/feedback", json={"prediction_id": id, "correct": False, "note": f"she said {SECRET}"})
    said = [answer for prediction, answer in made.workspace.records.answers(made.owner) if prediction.id == id]
    assert [one.note for one in said] == ["she said <PHONE>"]


@pytest.mark.parametrize("how", ["off", "tell", "protect"])
def test_no_log_ever_holds_a_text(client_for, caplog, capfd, how):
    caplog.set_level(logging.DEBUG)
    client = client_for(how)
    bodies = [
        {"text": TEXT, "edited": TEXT},
        {"text": [TEXT]},
        {"inputs": TEXT},
        {"prediction_id": TEXT, "correct": True, "note": TEXT},
        {TEXT: TEXT},
        {"text": TEXT, "release": TEXT},
        {"model": TEXT, "messages": [{"role": "user", "content": TEXT}]},
    ]
    paths = ("predict", "explain", "what_if", "neighbours", "feedback", "protect", "chat/completions")
    for path in ("/", *(f"/v1/{path}" for path in paths)):
        for body in bodies:
            client.post(path, json=body)
        client.get(path, params={"text": TEXT})
    told = caplog.text + "".join(capfd.readouterr())
    assert "beside" in caplog.text and SECRET not in "".join(line for line in told.splitlines() if "httpx" not in line)
