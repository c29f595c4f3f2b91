"""One error shape for everything that may go wrong, on every route; and no body whatever gives a 500."""

from __future__ import annotations

import json
import logging
import re
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beside.api.app import create_app

OPEN = {"/healthz", "/readyz", "/docs/documentation.css"}  # need no key


def routes(app: FastAPI) -> list[tuple[str, str]]:
    """Every method and address of an application, with made-up names in the address."""
    found = [(method, str(route.path)) for route in iter_route_contexts(app.routes) for method in sorted(route.methods or ())]
    return [(method, re.sub(r"\{\w+(:\w+)?\}", "nothing", path)) for method, path in found]


def assert_shape(answer: Any, status: int | None = None) -> None:
    assert status in (None, answer.status_code), answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert list(body) == ["error"]
    assert list(body["error"]) == ["code", "message", "hint"]
    assert all(isinstance(part, str) and part for part in body["error"].values()), body


def test_there_are_routes_to_look_at(app: FastAPI) -> None:
    assert len(routes(app)) >= 20


def test_every_route_refuses_a_wrong_key_in_the_one_shape(app: FastAPI, remote: FastAPI, ask: Any) -> None:
    for server, at in ((app, "127.0.0.1:8321"), (remote, "beside.example")):
        client = ask(server, key="wrong", at=at)
        for method, path in routes(server):
            if path not in OPEN:
                answer = client.request(method, path, json={"text": "a", "inputs": "a", "decision": "approve", "reason": "why"})
                assert_shape(answer, 401)
                assert answer.headers["www-authenticate"] == "Bearer"


def test_every_route_refuses_a_wrong_method_in_the_one_shape(app: FastAPI, local: TestClient) -> None:
    for _, path in routes(app):
        answer = local.request("PATCH", path)
        assert_shape(answer, 405)
        assert answer.headers["allow"]


def test_every_route_that_takes_a_body_refuses_rubbish_in_the_one_shape(app: FastAPI, local: TestClient) -> None:
    taking = [path for method, path in routes(app) if method == "POST" and not path.endswith("/improve")]
    assert len(taking) >= 5
    for path in taking:
        for content in (b"", b"rubbish", b"[]", b"null", b'{"unknown": 1}', b"\xff", b"[" * 5000):
            answer = local.post(path, content=content, headers={"Content-Type": "application/json"})
            assert_shape(answer)
            assert answer.status_code in (400, 422), (path, content, answer.text)


def test_every_route_with_a_name_in_it_refuses_an_unknown_one(app: FastAPI, ask: Any, keys: dict[str, str]) -> None:
    client = ask(app, key=keys["admin"])
    because = {"reason": "because"}
    bodies = {
        "/v1/runs/nothing/compress": {"compressors": ["quantize"]},
        "/models/nothing": {"inputs": "a"},
        "/models/nothing/v1/chat/completions": {"messages": [{"role": "user", "content": "a"}]},
        "/v1/releases/nothing/reviews": {"decision": "approve", **because},
        "/v1/releases/nothing/comments": {"text": "because"},
        "/v1/releases/nothing/incidents": {"severity": "low", "text": "because"},
        "/v1/releases/nothing/stop": because,
        "/v1/releases/nothing/resume": because,
        "/v1/releases/nothing/conditions/nothing": because,
        "/v1/releases/nothing/attacked": {"rows": 1},
        "/v1/releases/nothing/attacked/nothing": {"meaning": "kept"},
    }
    named = [(method, path) for method, path in routes(app) if "nothing" in path]
    assert len(named) >= 6
    for method, path in named:
        assert_shape(client.request(method, path, json=bodies.get(path)), 404)


def test_an_unknown_address_has_the_one_shape(local: TestClient) -> None:
    for path in ("/nothing", "/v1", "/v1/predict/", "/v1/%00", "/static/../../etc/passwd"):
        assert_shape(local.get(path), 404)


def test_a_body_above_2_mb_is_refused_by_its_told_and_by_its_real_length(local: TestClient) -> None:
    large = b'{"text": "' + b"x" * 2 * 1024 * 1024 + b'"}'
    headers = {"Content-Type": "application/json"}
    assert_shape(local.post("/v1/predict", content=large, headers=headers), 413)
    pieces = (large[start : start + 65_536] for start in range(0, len(large), 65_536))  # no length is told
    assert_shape(local.post("/v1/predict", content=pieces, headers=headers), 413)
    assert_shape(local.post("/v1/predict", content=b"{}", headers={**headers, "Content-Length": "9" * 30}), 413)


def test_json_that_does_not_say_so_is_refused_with_what_to_do(local: TestClient) -> None:
    answer = local.post("/v1/predict", content=b'{"text": "a"}', headers={"Content-Type": "text/plain"})
    assert_shape(answer, 422)
    assert "Content-Type: application/json" in answer.json()["error"]["hint"]


def test_something_unexpected_tells_nothing_of_the_inside(approved: Any, ask: Any, caplog: pytest.LogCaptureFixture) -> None:
    app = create_app(approved.workspace)

    @app.get("/broken")
    def broken(said: str) -> None:
        raise RuntimeError(f"the password is {said}")

    answer = ask(app).get("/broken", params={"said": "swordfish"})
    assert_shape(answer, 500)
    assert "content-security-policy" in answer.headers
    assert "swordfish" not in answer.text
    assert "RuntimeError" not in answer.text
    [record] = [record for record in caplog.records if record.name == "beside.api"]
    number = answer.json()["error"]["hint"].split("number ")[1].split(";")[0]
    assert number in record.getMessage()
    assert "RuntimeError" in record.getMessage()
    assert "in broken" in record.getMessage()  # where it was
    assert "swordfish" not in caplog.text  # not what was said


def test_no_text_and_no_key_is_logged(app: FastAPI, ask: Any, keys: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for key in (keys["user"], "a-wrong-key"):
        client = ask(app, key=key)
        client.post("/v1/predict", json={"text": "my iban is 123"})
        client.get("/v1/runs", params={"key": "secret-in-the-address"})
    logged = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("beside"))
    assert "POST /v1/predict 200" in logged
    assert not any(word in logged for word in (keys["user"], "a-wrong-key", "iban", "secret-in-the-address"))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
wild = st.text(st.characters(exclude_categories=())).filter(bool)  # with halves of characters
nearly = st.fixed_dictionaries(
    {},
    optional={
        "text": wild | st.none() | anything,
        "texts": st.lists(wild | anything, max_size=4) | anything,
        "release": st.text(max_size=9) | anything,
        "inputs": wild,
    },
)


@given(st.binary() | (anything | nearly).map(lambda body: json.dumps(body).encode()))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_whatever_is_sent_to_predict_is_answered_or_refused(local: TestClient, body: bytes) -> None:
    answer = local.post("/v1/predict", content=body, headers={"Content-Type": "application/json"})
    if answer.status_code == 200:
        assert answer.json()["predictions"]
    else:
        assert_shape(answer)
        assert answer.status_code in (400, 404, 422), answer.text


@given(st.dictionaries(st.sampled_from(["inputs", "parameters", "options", "top_k"]), anything | wild))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_whatever_is_sent_in_the_hub_shape_is_answered_or_refused(local: TestClient, body: Any) -> None:
    answer = local.post("/", content=json.dumps(body).encode(), headers={"Content-Type": "application/json"})
    assert answer.status_code in (200, 400, 404, 422), answer.text
