"""Whatever goes wrong, a browser gets a page and a program gets JSON."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("language, title", [("en", "This page is not here"), ("zh", "没有这个页面")])
def test_an_address_that_is_not_there_is_a_page_with_a_way_back(full, language, title):
    answer = full.visit(language=language).get("/nowhere")
    assert answer.status_code == 404
    assert f"<h1>{title}</h1>" in answer.text
    assert 'href="/"' in answer.text
    assert "content-security-policy" in answer.headers


def test_a_name_that_is_not_there_says_which_are(full):
    answer = full.visit().get("/evidence?run=run-toi")
    assert answer.status_code == 404
    assert "There is no run called “run-toi”." in answer.text
    assert "Did you mean “run-toy”?" in answer.text


def test_programs_keep_their_json(full):
    for path in ("/v1/runs/none", "/v1/nothing"):
        assert full.visit().get(path).json()["error"]["message"]
    assert full.visit(accept="application/json").get("/nowhere").json()["error"]["code"] == "unknown_address"


def test_a_method_that_a_page_does_not_take_is_a_page_too(full):
    answer = full.visit().post("/evidence")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
    assert "<h1>This page does not take that</h1>" in answer.text


def test_a_body_that_is_too_large_is_a_page_too(full):
    answer = full.visit(language="zh").post("/try", data={"text": "x" * 3_000_000})
    assert answer.status_code == 413
    assert "2 MB" in answer.text
    assert "<h1>一次发送得太多</h1>" in answer.text


def test_what_nobody_expected_says_a_number_and_no_secret(full, monkeypatch):
    def broken(*given: object) -> None:
        raise RuntimeError("a confidential text")

    monkeypatch.setattr("beside.console.home.read", broken)
    answer = full.visit().get("/")
    assert answer.status_code == 500
    assert "its log has the details" in answer.text
    assert "confidential" not in answer.text
