"""Several releases at a time: a newly approved one takes over without a pause, and a server is ready when its model is warm."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beside.api.app import create_app
from beside.loop import Loop

ASK = {"text": "where is my parcel"}


def test_several_releases_answer_at_once(make_approved: Callable[..., Any], approve_another: Any, ask: Any, tmp_path: Path) -> None:
    given = make_approved(tmp_path)
    second = approve_another(given)
    client = ask(create_app(given.workspace))
    for id in (given.release.id, second.id, given.release.id):
        assert client.post("/v1/predict", json={**ASK, "release": id}).json()["release"] == id
    assert list(client.app.state.serving.releases.opened) == [second.id, given.release.id]


def test_a_newly_approved_release_takes_over_and_nobody_waits_for_it(
    make_approved: Callable[..., Any], approve_another: Any, ask: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = make_approved(tmp_path)
    app = create_app(given.workspace)
    client, real, free = ask(app), Loop.serve, threading.Event()

    def slowly(self: Loop, release_id: str | None = None) -> Any:
        free.wait(20)
        return real(self, release_id)

    assert client.post("/v1/predict", json=ASK).json()["release"] == given.release.id
    monkeypatch.setattr(Loop, "serve", slowly)
    second = approve_another(given)
    assert client.post("/v1/predict", json=ASK).json()["release"] == given.release.id
    free.set()
    while app.state.serving.releases.swaps == 0:
        time.sleep(0.01)
    assert client.post("/v1/predict", json=ASK).json()["release"] == second.id


def test_a_stopped_release_does_not_answer_while_another_one_loads(
    make_approved: Callable[..., Any], approve_another: Any, ask: Any, tmp_path: Path
) -> None:
    given = make_approved(tmp_path)
    client = ask(create_app(given.workspace))
    assert client.post("/v1/predict", json=ASK).status_code == 200
    second = approve_another(given)
    Loop(given.workspace, given.owner).stop(given.release.id, "It was wrong.")
    assert client.post("/v1/predict", json=ASK).json()["release"] == second.id


def test_the_model_that_will_be_asked_is_loaded_and_warm_before_the_server_is_ready(
    approved: Any, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, real, free = create_app(approved.workspace), Loop.serve, threading.Event()

    def slowly(self: Loop, release_id: str | None = None) -> Any:
        free.wait(20)
        return real(self, release_id)

    monkeypatch.setattr(Loop, "serve", slowly)
    with ask(app) as client:
        early = client.get("/readyz")
        assert (early.status_code, early.json()["error"]["code"]) == (503, "not_ready")
        assert "loading" in early.json()["error"]["message"]
        assert client.get("/healthz").status_code == 200
        free.set()
        wait_until_ready(client)
        assert list(app.state.serving.releases.opened) == [approved.release.id]


def wait_until_ready(client: Any) -> None:
    until = time.monotonic() + 20
    while client.get("/readyz").status_code != 200:
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_server_starts_though_nothing_may_be_served(make_approved: Callable[..., Any], ask: Any, tmp_path: Path) -> None:
    given = make_approved(tmp_path)
    given.weights.unlink()
    with ask(create_app(given.workspace)) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        wait_until_ready(client)
        assert client.get("/readyz").json() == {"status": "ready"}
