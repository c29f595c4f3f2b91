"""Who is asking, and what they may do."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from beside.api import starting
from beside.api.app import create_app

ASK = {"text": "where is my parcel"}


def test_somebody_at_this_machine_may_ask_without_a_key(local: TestClient) -> None:
    assert local.post("/v1/predict", json=ASK).status_code == 200
    assert local.get("/v1/releases").status_code == 200


def test_on_an_open_address_everything_but_health_needs_a_key(remote: FastAPI, ask: Any, keys: dict[str, str]) -> None:
    stranger = ask(remote, at="beside.example", client="192.0.2.7")
    at_the_machine = ask(remote)
    for client in (stranger, at_the_machine):
        assert client.post("/v1/predict", json=ASK).status_code == 401
        for path in ("/v1/releases", "/metrics", "/docs", "/openapi.json", "/v1/progress"):
            assert client.get(path).status_code == 401, path
        for path in ("/healthz", "/readyz"):
            assert client.get(path).status_code == 200
    known = ask(remote, at="beside.example", client="192.0.2.7", key=keys["user"])
    assert known.post("/v1/predict", json=ASK).status_code == 200
    assert known.get("/metrics").status_code == 200


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_who_comes_through_a_proxy_is_not_at_this_machine(app: FastAPI, ask: Any, header: str) -> None:
    assert ask(app, **{header: "192.0.2.7"}).post("/v1/predict", json=ASK).status_code == 401


def test_who_is_elsewhere_is_not_at_this_machine(app: FastAPI, ask: Any) -> None:
    assert ask(app, client="192.0.2.7").post("/v1/predict", json=ASK).status_code == 401


@pytest.mark.parametrize("given", ["Bearer wrong", "Bearer", "", "Basic b2xnYTpvbGdh", "Bearer \u00e9\u00e8"])
def test_a_wrong_key_is_refused_even_at_this_machine(app: FastAPI, ask: Any, given: str) -> None:
    answer = ask(app).post("/v1/predict", json=ASK, headers={"Authorization": given.encode("latin-1")})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "not_signed_in"


def test_a_token_of_hugging_face_names_nobody_here_and_does_no_harm(app: FastAPI, remote: FastAPI, ask: Any) -> None:
    assert ask(app, key="hf_abc").post("/", json={"inputs": "cancel"}).status_code == 200
    assert ask(app, key="hf_abc").post("/v1/releases/x/improve").status_code == 403
    assert ask(remote, at="beside.example", key="hf_abc").post("/", json={"inputs": "cancel"}).status_code == 401


def test_a_session_cookie_signs_in_until_it_is_closed(approved: Any, app: FastAPI, ask: Any) -> None:
    people = approved.workspace.people
    token = people.open_session(approved.owner)
    client = ask(app, Cookie=f"beside_session={token}")
    assert client.post("/v1/releases/nothing/improve").status_code == 404  # may, but there is no such release
    people.close_session(token)
    assert client.post("/v1/releases/nothing/improve").status_code == 403
    assert ask(app, client="192.0.2.7", Cookie=f"beside_session={token}").get("/v1/runs").status_code == 401


def test_guests_callers_and_builders_may_not_sign_or_improve(
    approved: Any, local: TestClient, app: FastAPI, ask: Any, keys: dict[str, str]
) -> None:
    body = {"decision": "approve", "reason": "I like it."}
    for client in (local, ask(app, key=keys["user"]), ask(app, key=keys["builder"])):
        for path, sent in (("reviews", body), ("improve", None)):
            answer = client.post(f"/v1/releases/{approved.release.id}/{path}", json=sent)
            assert answer.status_code == 403, answer.text
            assert answer.json()["error"]["code"] == "not_permitted"
            assert "reviewer" in answer.json()["error"]["message"] + answer.json()["error"]["hint"]


def test_a_reviewer_signs_in_their_own_name_and_the_release_answers(
    make_approved: Callable[..., Any], ask: Any, tmp_path: Path
) -> None:
    given = make_approved(tmp_path, approve=False)
    app = create_app(given.workspace)
    rita = ask(app, key=given.workspace.people.add(given.owner, "rita", ["reviewer"]))
    assert rita.post("/v1/predict", json=ASK).status_code == 409
    signed = rita.post(f"/v1/releases/{given.release.id}/reviews", json={"decision": "approve", "reason": "The numbers hold."})
    assert signed.status_code == 200
    assert signed.json()["state"] == "approved"
    assert [(one["who"], one["over"]) for one in signed.json()["signatures"]] == [("rita", given.release.seal)]
    assert rita.post("/v1/predict", json=ASK).status_code == 200
    withdrawn = rita.post(f"/v1/releases/{given.release.id}/reviews", json={"decision": "reject", "reason": "I was too quick."})
    assert withdrawn.json()["state"] == "rejected"
    refused = rita.post("/v1/predict", json={**ASK, "release": given.release.id})
    assert refused.status_code == 409
    assert "rejected" in refused.json()["error"]["message"]


def test_a_reason_has_an_end(approved: Any, app: FastAPI, ask: Any, keys: dict[str, str]) -> None:
    body = {"decision": "approve", "reason": "x" * 2001}
    assert ask(app, key=keys["reviewer"]).post(f"/v1/releases/{approved.release.id}/reviews", json=body).status_code == 422


def test_improving_starts_a_process_in_the_name_of_who_asked(
    approved: Any, app: FastAPI, ask: Any, keys: dict[str, str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    started: list[list[str]] = []
    real = subprocess.Popen

    def popen(command: list[str], **options: Any) -> Any:
        started.append(command)
        assert options["start_new_session"]
        return real([sys.executable, "-c", "raise SystemExit('no corrections')"], **options)

    monkeypatch.setattr(starting.subprocess, "Popen", popen)
    answer = ask(app, key=keys["reviewer"]).post(f"/v1/releases/{approved.release.id}/improve")
    assert answer.status_code == 202
    assert answer.json()["release"] == approved.release.id
    assert answer.json()["process"] > 0
    [command] = started
    assert command[1:6] == ["-P", "-m", "beside", "improve", approved.release.id]
    assert str(approved.workspace.folder) in command
    assert "--as=one-reviewer" in command
    deadline = time.monotonic() + 20
    while "exit code 1" not in caplog.text and time.monotonic() < deadline:
        time.sleep(0.02)
    assert "exit code 1" in caplog.text  # a failure is told, and what was said is kept
    assert (approved.workspace.state / "started.log").read_text() == "no corrections\n"


def test_improving_waits_for_nobody(approved: Any, app: FastAPI, ask: Any, keys: dict[str, str]) -> None:
    held, done = threading.Event(), threading.Event()

    def work() -> None:
        with approved.workspace.lock("train"):
            held.set()
            done.wait(20)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        assert held.wait(10)
        answer = ask(app, key=keys["admin"]).post(f"/v1/releases/{approved.release.id}/improve")
    finally:
        done.set()
        worker.join()
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "busy"
    assert "beside train" in answer.json()["error"]["message"]
