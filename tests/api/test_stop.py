"""The stop button: pressed while several clients ask, here and from another process, nothing is answered a second later."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError

from beside.api.app import create_app
from beside.core.errors import Busy
from beside.engine.runtime import TorchSubject
from beside.loop import Loop
from beside.store import database
from beside.store.records import Records

CLIENTS = 6
ASK = {"text": "where is my parcel"}


@dataclass
class Crowd:
    """Clients that ask without a pause; each request: when it was sent, when it was answered, its status, the body."""

    address: str
    seen: list[tuple[float, float, int, Any]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def ask(self) -> None:
        with httpx.Client(base_url=self.address, timeout=20) as client:
            while not self.over.is_set():
                sent = time.time()
                answer = client.post("/v1/predict", json=ASK)
                self.seen.append((sent, time.time(), answer.status_code, answer.json()))


@contextmanager
def crowd(address: str) -> Iterator[Crowd]:
    """Six clients at work; they have had answers when the block begins, and asked on for a while when it ends."""
    asking = Crowd(address)
    threads = [threading.Thread(target=asking.ask) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    while len(asking.seen) < 4 * CLIENTS:
        time.sleep(0.01)
    yield asking
    time.sleep(2)
    asking.over.set()
    for thread in threads:
        thread.join()


def must_have_ended(asking: Crowd, pressed: float, why: str) -> None:
    """No request sent a second after the stop was answered; each before it was answered or told why not; none was dropped."""
    assert {status for _, _, status, _ in asking.seen} == {200, 409}
    late = [(status, body) for sent, _, status, body in asking.seen if sent > pressed + 1]
    assert len(late) >= CLIENTS
    assert {status for status, _ in late} == {409}
    message = late[0][1]["error"]["message"]
    assert "olga stopped it on 20" in message and why in message


@pytest.fixture
def given(make_approved: Callable[..., Any], tmp_path: Path) -> Any:
    return make_approved(tmp_path)


def test_pressed_over_http_under_load_it_ends_serving_within_a_second_and_drops_nobody(given: Any, run: Any) -> None:
    key = given.workspace.people.open_session(given.owner)
    with run(create_app(given.workspace)) as address, crowd(address) as asking:
        pressed = time.time()
        answer = httpx.post(
            f"{address}/v1/releases/{given.release.id}/stop", json={"reason": "It insults people."}, cookies={"beside_session": key}
        )
    assert answer.status_code == 201, answer.text
    must_have_ended(asking, pressed, "It insults people.")
    assert given.workspace.records.release(given.owner, given.release.id).state == "stopped"


def test_pressed_at_the_command_line_of_another_process_it_ends_serving_as_well(given: Any, run: Any, beside: Any) -> None:
    folder = given.workspace.folder
    with run(create_app(given.workspace)) as address, crowd(address) as asking:
        told = beside("stop", given.release.id, "--reason", "Wrong refunds.", "--as", "olga", "--json", cwd=folder)
    assert told.code == 0, told.err
    assert (told.json["what"], told.json["who"]) == ("stop", "olga")
    must_have_ended(asking, datetime.fromisoformat(told.json["at"]).timestamp(), "Wrong refunds.")


def test_another_worker_that_has_the_model_open_stops_too(given: Any, ask: Any) -> None:
    first, second = (ask(create_app(given.workspace)) for _ in range(2))
    assert [one.post("/v1/predict", json=ASK).status_code for one in (first, second)] == [200, 200]
    Loop(given.workspace, given.owner).stop(given.release.id, "Both of you.")
    for one in (first, second):
        for path, body in (("/v1/predict", ASK), ("/v1/explain", ASK), ("/", {"inputs": "cancel"})):
            assert one.post(path, json=body).status_code == 409, path


def test_it_holds_while_the_database_is_busy_and_even_when_it_refuses(
    given: Any, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = ask(create_app(given.workspace))
    monkeypatch.setattr(database, "PATIENCE", 0.1)
    other = Records(given.workspace.records.database.engine.url)
    busy = Loop(replace(given.workspace, records=Records(given.workspace.records.database.engine.url)), given.owner)
    with other.database.write(), pytest.raises(Busy):
        busy.stop(given.release.id, "Nobody may wait for a database.")
    answer = client.post("/v1/predict", json=ASK)
    assert answer.status_code == 409
    assert "Nobody may wait for a database." in answer.json()["error"]["message"]
    Loop(given.workspace, given.owner).stop(given.release.id, "Again, for the ledger.")
    assert not list((given.workspace.state / "stops").iterdir())
    assert client.post("/v1/predict", json=ASK).status_code == 409


def test_a_request_in_flight_is_finished(given: Any, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = threading.Event()
    real = TorchSubject.logits

    def slowly(self: TorchSubject, texts: Any) -> Any:
        begun.set()
        time.sleep(0.5)
        return real(self, texts)

    monkeypatch.setattr(TorchSubject, "logits", slowly)
    got: list[Any] = []
    with run(create_app(given.workspace)) as address:
        while httpx.get(f"{address}/readyz", timeout=20).status_code != 200:  # until it is warm
            time.sleep(0.01)
        begun.clear()
        thread = threading.Thread(target=lambda: got.append(httpx.post(f"{address}/v1/predict", json=ASK, timeout=20)))
        thread.start()
        assert begun.wait(20)
        Loop(given.workspace, given.owner).stop(given.release.id, "Now.")
        refused = httpx.post(f"{address}/v1/predict", json=ASK, timeout=20)
        thread.join()
    assert (got[0].status_code, refused.status_code) == (200, 409)


def test_the_clients_of_hugging_face_are_told_who_stopped_it(given: Any, run: Any) -> None:
    with run(create_app(given.workspace)) as address:
        client = InferenceClient(model=address)
        assert client.text_classification("where is my parcel")
        Loop(given.workspace, given.owner).stop(given.release.id, "It insults people.")
        with pytest.raises(HfHubHTTPError) as refusal:
            client.text_classification("where is my parcel")
    assert refusal.value.response is not None
    assert refusal.value.response.status_code == 409
    assert "olga stopped it" in refusal.value.response.text


def test_an_older_release_does_not_answer_in_place_of_one_that_was_stopped(given: Any, ask: Any) -> None:
    records, release = given.workspace.records, given.release
    older = release.model_copy(update={"id": "release-older", "made_at": release.made_at.replace(year=2020)})
    records.add_release(given.owner, older)
    Loop(given.workspace, given.owner).stop(release.id, "Not this one.")
    answer = ask(create_app(given.workspace)).post("/v1/predict", json=ASK)
    assert answer.status_code == 409
    assert release.id in answer.json()["error"]["message"]


def test_only_a_full_new_round_of_signatures_starts_it_again(given: Any, ask: Any) -> None:
    loop = Loop(given.workspace, given.owner)
    client = ask(create_app(given.workspace))
    loop.stop(given.release.id, "Wait.")
    key = given.workspace.people.open_session(given.owner)
    client.cookies.set("beside_session", key)
    resumed = client.post(f"/v1/releases/{given.release.id}/resume", json={"reason": "It is fine."})
    assert resumed.status_code == 409
    assert "full new round" in resumed.json()["error"]["message"]
    assert loop.review(given.release.id, "approve", "Looked at again, it was the template.").state == "approved"
    assert client.post("/v1/predict", json=ASK).status_code == 200
    verbs = [entry.verb for entry in given.workspace.records.ledger(given.owner, 8)]
    assert {"stop release", "sign release"} <= set(verbs)


@pytest.mark.parametrize("role", ["", "user", "builder", "annotator"])
def test_who_may_not_stop_is_refused(given: Any, ask: Any, role: str) -> None:
    client = ask(create_app(given.workspace))
    if role:
        given.workspace.people.add(given.owner, "somebody", [role])
        actor = given.owner.model_copy(update={"name": "somebody", "roles": (role,)})
        client.cookies.set("beside_session", given.workspace.people.open_session(actor))
    answer = client.post(f"/v1/releases/{given.release.id}/stop", json={"reason": "I want to."})
    assert answer.status_code == (403 if role else 401)
    assert client.post("/v1/predict", json=ASK).status_code == 200
