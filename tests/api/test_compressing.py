"""Compression over HTTP: started as a process of its own, refused with a reason, told as it is stored."""

from __future__ import annotations

from typing import Any

import pytest

URL = "/v1/runs/run-toy/compress"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was started, instead of starting it."""
    calls: list[Any] = []

    def start(workspace: Any, actor: Any, verb: str, words: list[str]) -> int:
        calls.append((actor.name, verb, words))
        return 7

    monkeypatch.setattr("beside.api.starting.start", start)
    return calls


def test_a_chain_is_started_with_what_is_otherwise_than_by_default(app: Any, ask: Any, keys: Any, started: list[Any]) -> None:
    body = {"compressors": ["prune", "quantize"], "settings": {"quantize": {"flips": 0.005, "embeddings": False, "loss": 0.01}}}
    answer = ask(app, key=keys["builder"]).post(URL, json=body)
    assert answer.status_code == 202
    assert answer.json() == {"run": "run-toy", "process": 7, "progress": "/v1/progress"}
    set_ = ["--set=quantize.flips=0.005", "--set=quantize.embeddings=false"]
    assert started == [("one-builder", "compress", ["run-toy", "--with=prune,quantize", *set_])]


def test_without_a_chain_it_is_quantized(app: Any, ask: Any, keys: Any, started: list[Any]) -> None:
    assert ask(app, key=keys["builder"]).post(URL, json={}).status_code == 202
    assert started == [("one-builder", "compress", ["run-toy", "--with=quantize"])]


@pytest.mark.parametrize(
    "body, status",
    [
        ({"compressors": ["squeeze"]}, 404),
        ({"compressors": []}, 422),
        ({"compressors": ["quantize", "prune"]}, 422),
        ({"settings": {"prune": {"neurons": 0.5}}}, 422),
        ({"settings": {"quantize": {"flips": "many"}}}, 422),
        ({"settings": {"quantize": {"flips": [0.1]}}}, 422),
        ({"settings": {"quantize": {"bits": 4}}}, 422),
    ],
)
def test_a_chain_that_cannot_be_starts_nothing_and_says_why(
    app: Any, ask: Any, keys: Any, started: list[Any], body: dict[str, Any], status: int
) -> None:
    answer = ask(app, key=keys["admin"]).post(URL, json=body)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]
    assert started == []


def test_a_run_that_is_not_there_is_refused(app: Any, ask: Any, keys: Any, started: list[Any]) -> None:
    assert ask(app, key=keys["admin"]).post("/v1/runs/nothing/compress", json={}).status_code == 404
    assert started == []


def test_reviewers_and_callers_may_not_compress(app: Any, ask: Any, keys: Any, started: list[Any]) -> None:
    for role in ("reviewer", "user"):
        assert ask(app, key=keys[role]).post(URL, json={}).status_code == 403
    assert started == []


def test_a_run_that_was_trained_has_no_compression_to_tell_of(local: Any) -> None:
    answer = local.get("/v1/runs/run-toy/compression")
    assert answer.status_code == 404
    assert "was trained" in answer.json()["error"]["message"]
