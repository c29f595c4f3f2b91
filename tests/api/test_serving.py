"""Nothing is served over HTTP that is unapproved, expired or altered; and the line of those who wait has an end."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from beside.api.app import create_app
from beside.api.metrics import Metrics
from beside.api.serving import Serving, predict_with
from beside.api.visits import Visit, visiting
from beside.core.errors import BadInput
from beside.engine.batching import Pass
from beside.loop import Loop
from beside.store.settings import Serving as Table

TEXTS = {
    "cancel": ["please cancel my order", "i want to cancel it", "cancel the subscription now", "stop and cancel everything"],
    "refund": ["i want my money back", "give me a refund of the money", "refund the money please", "money back for this"],
}
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


def test_requests_that_come_together_are_read_together_and_answered_as_if_alone(approved: Any) -> None:
    app = create_app(approved.workspace)
    texts = [text for some in TEXTS.values() for text in some] + ["cancel " * 30, "退款", "a"]
    loop = Loop(approved.workspace, approved.owner)
    alone = [loop.serve().predict([text], loop.clock())[0] for text in texts]
    passes: list[Pass] = []
    app.state.serving.batcher.told = passes.append

    async def crowd() -> list[Any]:
        return await asyncio.gather(*(predict_with(app, loop, None, [text]) for text in texts))

    together = [answer for (answer,) in asyncio.run(crowd())]
    assert max(one.jobs for one in passes) > 1
    assert sum(one.texts for one in passes) == len(texts)
    for one, other in zip(alone, together, strict=True):
        assert (one.text, one.label, one.truncated) == (other.text, other.label, other.truncated)
        assert one.probabilities == pytest.approx(other.probabilities, abs=2e-6)
        assert approved.workspace.records.prediction(approved.owner, other.id).text == one.text


def test_a_text_that_cannot_be_read_fails_alone(approved: Any) -> None:
    app, loop = create_app(approved.workspace), Loop(approved.workspace, approved.owner)

    async def crowd() -> list[Any]:
        asked = (predict_with(app, loop, None, texts) for texts in (["cancel"], ["cancel", " "], ["money back"]))
        return await asyncio.gather(*asked, return_exceptions=True)

    good, bad, fine = asyncio.run(crowd())
    assert (good[0].label, fine[0].label) == ("cancel", "refund")
    assert isinstance(bad, BadInput) and "Text 2 of 2" in bad.message


def seats(workspace: Any, **settings: Any) -> Any:
    """The same workspace with other settings of the table [serving]."""
    return replace(workspace, settings=workspace.settings.model_copy(update={"serving": Table(**settings)}))


def crowded(workspace: Any, count: int, callers: int = 1, **settings: Any) -> tuple[list[Any], int]:
    """What becomes of so many requests that come at once, when none is answered before all have come; and how many were done."""
    serving, free, done = Serving(seats(workspace, **settings), Metrics()), threading.Event(), list[int]()

    async def one(number: int) -> None:
        visiting.set(Visit(caller=f"caller {number % callers}"))

        def work() -> None:
            free.wait(20)
            done.append(number)
            if number == 0:
                raise ValueError("no")

        await serving.turn(work)

    async def crowd() -> list[Any]:
        asked = [asyncio.create_task(one(number)) for number in range(count)]
        await asyncio.sleep(0.05)
        free.set()
        return await asyncio.gather(*asked, return_exceptions=True)

    found = asyncio.run(crowd())
    assert serving.admission.total == 0  # also after errors
    return [error for error in found if error and not isinstance(error, ValueError)], len(done)


def test_who_comes_when_the_line_is_full_is_told_to_come_again(approved: Any) -> None:
    refused, done = crowded(approved.workspace, 11, callers=11, queue=8)
    assert done == 8 and len(refused) == 3
    assert {(error.code, error.status) for error in refused} == {("queue_full", 503)}


def test_one_caller_cannot_fill_the_line(approved: Any) -> None:
    refused, done = crowded(approved.workspace, 11, callers=1, queue=8, share=0.5)
    assert done == 4 and len(refused) == 7
    assert {(error.code, error.status) for error in refused} == {("overloaded", 429)}


def test_refusals_say_when_to_come_again_by_what_was_measured(approved: Any, ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(seats(approved.workspace, queue=1))
    client = ask(app)
    with app.state.serving.admission.place():
        monkeypatch.setattr(app.state.serving.admission, "delay", lambda: 6.2)
        full = client.post("/v1/predict", json=ASK)
        assert (full.status_code, full.headers["retry-after"]) == (503, "7")
        assert full.json()["error"]["code"] == "queue_full"
        assert client.get("/healthz").status_code == 200
    late = client.post("/v1/predict", json=ASK, headers={"Beside-Deadline": "2"})
    assert (late.status_code, late.headers["retry-after"]) == (503, "7")
    assert 'beside_refused_total{code="queue_full"} 2.0' in client.get("/metrics").text


def test_a_key_has_limits_of_its_own(make_approved: Callable[..., Any], ask: Any, tmp_path: Path) -> None:
    given = make_approved(tmp_path)
    key = given.workspace.people.add(given.owner, "ben", ["user"])
    more = {"ben": {"texts_per_minute": 5}}
    app = create_app(seats(given.workspace, requests_per_minute=2, texts_per_call=4, characters_per_call=40, keys=more))
    mine, yours = ask(app), ask(app, key=key)
    assert [mine.post("/v1/predict", json=ASK).status_code for _ in range(3)] == [200, 200, 429]
    assert yours.post("/v1/predict", json={"texts": ["cancel"] * 4}).status_code == 200
    slow = yours.post("/v1/predict", json={"texts": ["cancel"] * 3})
    assert slow.status_code == 429 and 15 <= int(slow.headers["retry-after"]) <= 25  # two more texts at five a minute
    assert yours.post("/v1/predict", json=ASK).status_code == 200  # what was refused cost nothing
    for body in ({"texts": ["a"] * 5}, {"text": "a" * 41}):
        assert yours.post("/v1/predict", json=body).status_code == 422


@pytest.mark.parametrize("wait", ["soon", "0", "-1", "nan", "inf", ""])
def test_a_deadline_that_cannot_be_read_is_refused(local: Any, wait: str) -> None:
    assert local.post("/v1/predict", json=ASK, headers={"Beside-Deadline": wait}).status_code == 422


def test_who_waits_longer_than_they_want_is_told_so(approved: Any, ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    app, free = create_app(approved.workspace), threading.Event()
    monkeypatch.setattr(app.state.serving.batcher, "work", lambda served, texts: free.wait(20))
    answer = ask(app).post("/v1/predict", json=ASK, headers={"Beside-Deadline": "0.2"})
    free.set()
    assert answer.status_code == 504
    assert answer.json()["error"]["code"] == "deadline_passed"


def test_nothing_is_read_for_a_caller_who_hung_up(approved: Any, run: Any) -> None:
    app = create_app(approved.workspace)
    serving, free, read = app.state.serving, threading.Event(), list[str]()

    def work(served: Any, texts: list[str]) -> Any:
        read.extend(texts)
        free.wait(20)
        return Serving.read(serving, served, texts)

    serving.batcher.work, serving.batcher.lanes = work, lambda: 1  # else another lane reads what came second
    with run(app) as address:
        post = partial(httpx.post, f"{address}/v1/predict", timeout=30)
        first = threading.Thread(target=post, kwargs={"json": {"text": "first"}})
        first.start()
        while not read:
            time.sleep(0.01)
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{address}/v1/predict", json={"text": "nobody waits for this"}, timeout=0.3)
        while serving.admission.total > 1:
            time.sleep(0.01)
        free.set()
        first.join(20)
        assert post(json={"text": "last"}).status_code == 200
    assert read == ["first", "last"]
