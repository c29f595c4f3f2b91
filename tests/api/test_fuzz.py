"""Whatever is sent, the server says what is wrong with it: no 500, by everything that OpenAPI allows and by any text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from beside.api.app import create_app

# a stream without an end; what would start a training, or an attack
SKIPPED = {"/v1/progress", "/v1/releases/{id}/improve", "/v1/releases/{id}/attacked"}
QUIET = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much, HealthCheck.data_too_large]
FINE = {200, 201, 400, 401, 403, 404, 405, 409, 410, 413, 422, 429, 503, 504}
# what trips programs up: half characters, joiners and marks without width, directions, controls, separators, other planes
ODD = "\ud800\udfff​‌‍⁠﻿\U000e0001‮⁦\x00\x01\x1f\x7f\x85  �￾￿𝕳🇨🇳👩‍👩‍👧กำ\u0301\x1f㐀𠮷"
TEXTS = st.one_of(
    st.text(st.characters(), max_size=60),
    st.text(st.sampled_from(ODD), max_size=40),
    st.builds(lambda part, times: part * times, st.text(st.characters(), min_size=1, max_size=4), st.integers(1, 8_000)),
)


@pytest.fixture(scope="module")
def fuzzed(make_approved: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[FastAPI, dict[str, TestClient]]:
    """An application of its own, and who asks it: somebody at this machine, and an owner."""
    given = make_approved(tmp_path_factory.mktemp("fuzzed"))
    app = create_app(given.workspace)
    key = given.workspace.people.add(given.owner, "ada", ["admin"])
    who = {"here": {}, "owner": {"Authorization": f"Bearer {key}"}}
    where: dict[str, Any] = {"base_url": "http://127.0.0.1:8321", "client": ("127.0.0.1", 5), "raise_server_exceptions": False}
    return app, {name: TestClient(app, headers=headers, **where) for name, headers in who.items()}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("who", ["here", "owner"])
def test_nothing_that_the_description_allows_or_nearly_allows_gives_a_500(fuzzed: Any, who: str) -> None:
    schemathesis = pytest.importorskip("schemathesis")
    app, clients = fuzzed
    tried: dict[int, int] = {}
    schema = schemathesis.openapi.from_dict(app.openapi())
    modes = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path in SKIPPED:
            continue
        for mode in modes:

            @settings(
                max_examples=8, deadline=None, database=None, derandomize=True, suppress_health_check=QUIET, phases=[Phase.generate]
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def ask(case: Any) -> None:
                wanted = case.as_transport_kwargs(base_url="http://127.0.0.1:8321")
                body = {name: wanted[name] for name in ("json", "data", "params", "headers") if wanted.get(name) is not None}
                if isinstance(body.get("data"), bytes | str):
                    body["content"] = body.pop("data")
                sent = dict(body.pop("headers", {}))
                sent = {name: value for name, value in sent.items() if name.lower() not in ("authorization", "user-agent")}
                answer = clients[who].request(wanted["method"], wanted["url"], headers=sent, **body)
                tried[answer.status_code] = tried.get(answer.status_code, 0) + 1
                assert answer.status_code in FINE, (case.method, case.path, wanted, answer.text)

            try:
                ask()
            except Exception as error:
                if type(error).__name__ not in ("Unsatisfiable", "SkipTest", "InvalidSchema"):
                    raise
    assert sum(tried.values()) > 150 and tried.get(200, 0) > 10 and tried.get(422, 0) > 10, tried


@settings(max_examples=80, deadline=None, suppress_health_check=QUIET)
@given(text=TEXTS, other=TEXTS)
def test_any_text_gets_an_answer_or_is_told_what_is_wrong_with_it(fuzzed: Any, text: str, other: str) -> None:
    client = fuzzed[1]["here"]
    bodies = {
        "/v1/predict": {"texts": [text, other]},
        "/": {"inputs": text},
        "/v1/what_if": {"text": text, "edited": other},
        "/v1/feedback": {"prediction_id": text, "correct": True, "note": other},
        "/v1/protect": {"texts": [text]},
    }
    for path, body in bodies.items():
        # JSON spells what UTF-8 cannot
        answer = client.post(path, content=json.dumps(body), headers={"Content-Type": "application/json"})
        assert answer.status_code in FINE, (path, answer.text)
        if path == "/v1/predict" and answer.status_code == 200:
            read = json.loads(json.dumps([text, other]))  # two halves of one character are one in JSON
            assert [one["text"] for one in answer.json()["predictions"]] == read


@settings(max_examples=80, deadline=None, suppress_health_check=QUIET)
@given(content=st.binary(max_size=200), wait=st.text(max_size=12), id=st.text(max_size=80))
def test_no_bytes_and_no_header_give_a_500(fuzzed: Any, content: bytes, wait: str, id: str) -> None:
    headers = {"Content-Type": "application/json", "Beside-Deadline": wait, "X-Request-Id": id, "Authorization": wait}
    sent = {name: value.encode("utf-8", "replace").replace(b"\n", b" ").replace(b"\r", b" ") for name, value in headers.items()}
    answer = fuzzed[1]["here"].post("/v1/predict", content=content, headers=sent)
    assert answer.status_code in FINE, answer.text


@pytest.mark.parametrize("text", ["a" * 10_000_000, "​" * 3_500_000, "😀" * 2_500_000], ids=["ten MB", "no width", "emoji"])
def test_ten_megabytes_are_refused_by_what_is_told_and_by_what_comes(fuzzed: Any, text: str) -> None:
    client, body = fuzzed[1]["here"], json.dumps({"text": text}, ensure_ascii=False).encode()
    told = client.post("/v1/predict", content=body, headers={"Content-Type": "application/json"})
    untold = client.post("/v1/predict", content=iter([body[:1_500_000], body[1_500_000:]]))
    assert (told.status_code, untold.status_code) == (413, 413)


@pytest.mark.parametrize("text", ["a" * 20_000, "​" * 19_999 + "a", "的" * 20_000, "a " * 10_000, "#" * 20_000])
def test_the_longest_text_is_read_and_its_cut_is_told(fuzzed: Any, text: str) -> None:
    answer = fuzzed[1]["here"].post("/v1/predict", json={"text": text})
    assert answer.status_code == 200, answer.text
    (prediction,) = answer.json()["predictions"]
    assert prediction["text"] == text and len(prediction["probabilities"]) == 3
