"""Doors and headers: what a foreign web page makes a browser send is turned away."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from beside.api.guard import is_loopback

CHANGES = ("/v1/predict", "/v1/explain", "/v1/feedback", "/", "/models/x", "/v1/releases/x/reviews", "/v1/releases/x/improve")


FOREIGN = ("evil.example", "evil.example:8321", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.5", "", "[::1")
ORIGINS = ("https://evil.example", "null", "http://127.0.0.1:9999", "http://localhost:8321", "file://", "")
SHOWN = ("/v1/releases", "/healthz", "/nothing", "/docs", "/docs/documentation.css", "/metrics", "/openapi.json", "/v1/releases/x")


@pytest.mark.parametrize("host", FOREIGN)
def test_a_page_that_calls_itself_this_machine_is_refused(app: FastAPI, ask: Any, host: str) -> None:
    for method, path in (("GET", "/v1/releases"), ("GET", "/healthz"), ("POST", "/v1/predict")):
        answer = ask(app).request(method, path, headers={"Host": host})
        assert answer.status_code == 403, (host, path, answer.text)
        assert answer.json()["error"]["code"] == "not_permitted"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8321", "localhost", "LOCALHOST:9", "[::1]:8321", "127.8.8.8"])
def test_every_loopback_name_is_answered(app: FastAPI, ask: Any, host: str) -> None:
    assert ask(app).get("/healthz", headers={"Host": host}).status_code == 200


def test_on_an_open_address_any_name_is_answered(remote: FastAPI, ask: Any) -> None:
    assert ask(remote, at="beside.example").get("/healthz").status_code == 200


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize("origin", ORIGINS)
def test_a_change_that_another_site_asks_for_is_refused(app: FastAPI, ask: Any, path: str, origin: str) -> None:
    answer = ask(app).post(path, json={"text": "cancel"}, headers={"Origin": origin})
    assert answer.status_code == 403
    assert "another web site" in answer.json()["error"]["message"]


def test_a_change_from_another_site_is_refused_when_the_browser_tells_so_otherwise(app: FastAPI, ask: Any) -> None:
    assert ask(app, **{"Sec-Fetch-Site": "cross-site"}).post("/v1/predict", json={"text": "cancel"}).status_code == 403


def test_the_own_site_and_programs_may_change(app: FastAPI, remote: FastAPI, ask: Any, keys: dict[str, str]) -> None:
    own = ask(app, Origin="http://127.0.0.1:8321", **{"Sec-Fetch-Site": "same-origin"})
    assert own.post("/v1/predict", json={"text": "cancel"}).status_code == 200
    # behind a proxy that speaks TLS the scheme differs, the name does not
    known = ask(remote, at="beside.example", key=keys["user"], Origin="https://beside.example")
    assert known.post("/v1/predict", json={"text": "cancel"}).status_code == 200


@pytest.mark.parametrize("path", SHOWN)
def test_every_answer_carries_the_security_headers(local: TestClient, path: str) -> None:
    headers = local.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == ("no-cache" if path.endswith(".css") else "no-store")
    assert "server" not in headers


def test_refusals_at_the_door_carry_the_security_headers(local: TestClient) -> None:
    refused = local.get("/", headers={"Host": "evil.example"})
    large = local.post("/v1/predict", content=b"x", headers={"Content-Length": "99999999"})
    assert (refused.status_code, large.status_code) == (403, 413)
    for answer in (refused, large):
        assert "content-security-policy" in answer.headers


@pytest.mark.parametrize(
    "name, expected",
    [("localhost", True), ("127.0.0.1", True), ("::1", True), ("localhost.", True), ("0.0.0.0", False), ("", False)],
)
def test_only_names_that_nobody_can_point_elsewhere_are_loopback(name: str, expected: bool) -> None:
    assert is_loopback(name) is expected
