"""Progress comes as events while somebody works, and the stream ends when the one who watches leaves."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from beside.api import progress
from beside.api.app import create_app


@pytest.fixture(scope="module")
def given(make_approved: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    return make_approved(tmp_path_factory.mktemp("watched"), approve=False)


@pytest.fixture(scope="module")
def address(given: Any, run: Any) -> Iterator[str]:
    with run(create_app(given.workspace)) as url:
        yield url


def events(lines: Iterator[str]) -> Iterator[Any]:
    """The data of each event; comments come as text."""
    for line in lines:
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))
        elif line.startswith(":"):
            yield line


def test_an_event_comes_at_once_and_whenever_something_is_reported(given: Any, address: str) -> None:
    steps = [{"stage": "train", "done": done, "total": 2, "note": "epoch"} for done in (1, 2)]
    with httpx.stream("GET", f"{address}/v1/progress", timeout=10) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert "content-security-policy" in stream.headers
        told = events(stream.iter_lines())
        assert next(told) is None
        for step in steps:
            given.workspace.report_progress(step)
            assert next(told) == step
        given.workspace.report_progress(None)
        assert next(told) is None


def test_silence_is_broken_by_a_heartbeat(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "HEARTBEAT", 0.1)
    monkeypatch.setattr(progress, "PERIOD", 0.05)
    with httpx.stream("GET", f"{address}/v1/progress", timeout=10) as stream:
        told = events(stream.iter_lines())
        assert [next(told), next(told)] == [None, ": still here"]


def test_nobody_looks_any_more_when_the_watcher_has_left(given: Any, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PERIOD", 0.02)
    looks = [0]
    real = given.workspace.progress

    def counted() -> Any:
        looks[0] += 1
        return real()

    monkeypatch.setattr(given.workspace, "progress", counted)
    with httpx.stream("GET", f"{address}/v1/progress", timeout=10) as stream:
        assert next(events(stream.iter_lines())) is None
    time.sleep(0.3)
    seen = looks[0]
    assert seen > 0
    time.sleep(0.3)
    assert looks[0] == seen


def test_a_wrong_key_watches_nothing(address: str) -> None:
    refused = httpx.get(f"{address}/v1/progress", headers={"Authorization": "Bearer wrong"})
    assert refused.status_code == 401
    assert refused.json()["error"]["code"] == "not_signed_in"


def test_a_server_stops_though_somebody_watches(given: Any, run: Any) -> None:
    began = 0.0
    with run(create_app(given.workspace)) as url:
        stream = httpx.stream("GET", f"{url}/v1/progress", timeout=10)
        watched = stream.__enter__()
        next(watched.iter_lines())
        began = time.monotonic()
    assert time.monotonic() - began < 8
    watched.close()


def test_the_folder_of_a_killed_worker_shows_no_progress(given: Any, ask: Any, tmp_path: Path) -> None:
    file = given.workspace.state / "progress.json"
    file.write_text(json.dumps({"process": 2**22 + 1, "progress": {"stage": "train", "done": 1, "total": 2, "note": ""}}))
    assert given.workspace.progress() is None
    file.unlink()
