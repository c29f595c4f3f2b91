"""Nothing is served over HTTP that is unapproved, expired or altered; and the line of those who wait has an end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from beside.api.app import create_app
from beside.api.metrics import Metrics
from beside.api.serving import WAITING, Serving
from beside.core.errors import Overloaded
from beside.loop import Loop

ASK = {"text": "where is my parcel"}


def test_a_byte_altered_while_serving_stops_answers_and_a_restart_does_not_help(
    make_approved: Callable[..., Any], ask: Any, tmp_path: Path
) -> None:
    given = make_approved(tmp_path)
    client = ask(create_app(given.workspace))
    assert client.post("/v1/predict", json=ASK).status_code == 200
    good = given.weights.read_bytes()
    given.weights.chmod(0o644)
    given.weights.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    for asked in (client, ask(create_app(given.workspace))):
        for path, body in (("/v1/predict", ASK), ("/v1/explain", ASK), ("/", {"inputs": "cancel"})):
            answer = asked.post(path, json=body)
            assert answer.status_code == 409, path
            assert answer.json()["error"]["code"] == "altered"
            assert "model/model.safetensors" in answer.json()["error"]["message"]
    given.weights.write_bytes(good)  # restored from a backup
    assert client.post("/v1/predict", json=ASK).status_code == 200


def test_a_draft_does_not_answer(make_approved: Callable[..., Any], ask: Any, tmp_path: Path) -> None:
    given = make_approved(tmp_path, approve=False)
    client = ask(create_app(given.workspace))
    for body in (ASK, {**ASK, "release": given.release.id}):
        answer = client.post("/v1/predict", json=body)
        assert answer.status_code == 409
        assert answer.json()["error"]["code"] == "gate_closed"


def test_an_expired_approval_does_not_answer(make_approved: Callable[..., Any], ask: Any, tmp_path: Path) -> None:
    given = make_approved(tmp_path, at=datetime.now(UTC) - timedelta(days=400))
    answer = ask(create_app(given.workspace)).post("/v1/predict", json=ASK)
    assert answer.status_code == 409
    assert "expired" in answer.json()["error"]["message"]


def test_a_model_is_opened_once_and_asked_often(approved: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    serving, loop = Serving(approved.workspace, Metrics()), Loop(approved.workspace, approved.owner)
    opened: list[str] = []
    real = Loop.serve

    def slowly(self: Loop, release_id: str | None = None) -> Any:
        opened.append(str(release_id))
        time.sleep(0.05)
        return real(self, release_id)

    monkeypatch.setattr(Loop, "serve", slowly)
    threads = [threading.Thread(target=serving.served, args=(loop, None)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    serving.served(loop, approved.release.id)
    assert opened == [approved.release.id]


def test_who_comes_when_64_wait_is_told_to_come_again(app: Any, local: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.state.serving, "waiting", WAITING)
    answer = local.post("/v1/predict", json=ASK)
    assert answer.status_code == 429
    assert answer.json()["error"]["code"] == "overloaded"
    assert answer.headers["retry-after"] == "1"
    assert local.get("/healthz").status_code == 200


def test_the_line_empties_again_also_after_errors(approved: Any) -> None:
    serving = Serving(approved.workspace, Metrics())
    free = threading.Event()
    done: list[int] = []

    async def one(number: int) -> None:
        def work() -> None:
            free.wait(20)
            if number % 2:
                raise ValueError("no")
            done.append(number)

        with suppress(ValueError):
            await serving.turn(work)

    async def crowd() -> None:
        async with anyio.create_task_group() as group:
            for number in range(WAITING):
                group.start_soon(one, number)
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(Overloaded, match="64 requests"):
                await serving.turn(lambda: None)
            free.set()

    anyio.run(crowd)
    assert len(done) == WAITING // 2
    assert serving.waiting == 0


def test_the_model_that_will_be_asked_is_loaded_when_the_server_starts(approved: Any, ask: Any) -> None:
    app = create_app(approved.workspace)
    with ask(app):
        deadline = time.monotonic() + 20
        while not app.state.serving.opened and time.monotonic() < deadline:
            time.sleep(0.01)
        assert list(app.state.serving.opened) == [approved.release.id]


def test_a_server_starts_though_nothing_may_be_served(make_approved: Callable[..., Any], ask: Any, tmp_path: Path) -> None:
    given = make_approved(tmp_path)
    given.weights.unlink()
    with ask(create_app(given.workspace)) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        assert client.get("/readyz").json() == {"status": "ready"}
