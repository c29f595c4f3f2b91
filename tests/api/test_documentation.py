"""The API describes itself: bodies, answers, errors; as OpenAPI and as a page that needs nothing from elsewhere."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from beside.api.app import create_app


@pytest.fixture(scope="module")
def document(local: TestClient) -> dict[str, Any]:
    answer: dict[str, Any] = local.get("/openapi.json").json()
    return answer


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(method, path, told) for path, methods in document["paths"].items() for method, told in methods.items()]


def test_every_address_says_what_it_does_takes_gives_and_refuses(document: dict[str, Any]) -> None:
    assert len(operations(document)) >= 18
    for method, path, told in operations(document):
        assert told["description"].split("\n")[0].endswith((".", "first.")), path
        if method == "post" and not path.endswith("/improve"):
            assert told["requestBody"]["content"]["application/json"]["schema"]["$ref"], path
        for status, answer in told["responses"].items():
            if status >= "400":
                shape = answer["content"]["application/json"]["schema"]["$ref"]
                assert shape == "#/components/schemas/ErrorAnswer", (path, status)
        if path not in ("/healthz", "/readyz"):
            assert told["security"], path
            assert "401" in told["responses"], path


def test_names_of_operations_are_short_and_unique(document: dict[str, Any]) -> None:
    names = [told["operationId"] for _, _, told in operations(document)]
    assert len(names) == len(set(names))
    assert "predict" in names


def test_every_field_that_callers_send_is_described(document: dict[str, Any]) -> None:
    for name in ("PredictBody", "ExplainBody", "FeedbackBody", "ReviewBody", "HubBody", "HubParameters"):
        kind = document["components"]["schemas"][name]
        assert kind["additionalProperties"] is False
        for field, told in kind["properties"].items():
            assert told.get("description"), (name, field)


def test_limits_are_told(document: dict[str, Any]) -> None:
    fields = document["components"]["schemas"]["PredictBody"]["properties"]
    assert fields["texts"]["maxItems"] == 128
    assert fields["text"]["maxLength"] == 20_000


def test_the_page_shows_every_address_and_needs_nothing_from_elsewhere(local: TestClient, document: dict[str, Any]) -> None:
    page = local.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    for _, path, _ in operations(document):
        assert path in page.text
    assert "<script" not in page.text
    assert "style=" not in page.text
    assert set(re.findall(r'(?:src|href)="([^#"]*)', page.text)) <= {"", "/docs/documentation.css", "/openapi.json"}
    anchors = set(re.findall(r'href="#([^"]+)"', page.text))
    assert anchors <= set(re.findall(r'id="([^"]+)"', page.text))
    assert local.get("/docs/documentation.css").headers["content-type"].startswith("text/css")


def test_the_page_names_the_server_it_was_asked_at(approved: Any, ask: Any) -> None:
    app = create_app(approved.workspace, host="::1", port=9000)
    assert "curl -X POST &#39;http://localhost:9000/v1/predict&#39;" in ask(app, at="localhost:9000").get("/docs").text
    assert app.openapi()["servers"] == [{"url": "http://[::1]:9000"}]
    assert "servers" not in create_app(approved.workspace, host="0.0.0.0").openapi()
