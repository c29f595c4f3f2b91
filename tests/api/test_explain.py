"""Why an answer, what if, and which training rows lie near: over HTTP, each for those who may."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient


def test_an_explanation_says_whether_it_can_be_relied_on(local: TestClient) -> None:
    found = local.post("/v1/explain", json={"text": "please where is my parcel today"}).json()
    assert found["method"] == "occlusion", "nobody measured another explainer for this release"
    assert set(found["faithfulness"]) >= {"comprehensiveness", "sufficiency", "random_comprehensiveness", "gap", "reliable"}
    assert isinstance(found["faithfulness"]["reliable"], bool)
    assert found == local.post("/v1/explain", json={"text": "please where is my parcel today"}).json()


def test_a_text_without_a_word_has_an_answer_and_no_reasons(local: TestClient) -> None:
    found = local.post("/v1/explain", json={"text": "?!"}).json()
    assert (found["words"], found["faithfulness"]) == ([], None)


def test_an_edit_is_answered_beside_the_text(local: TestClient) -> None:
    found = local.post("/v1/what_if", json={"text": "where is my parcel", "edited": "where is my money"}).json()
    assert (found["before"]["label"], found["before"]["text"]) == ("deliver", "where is my parcel")
    assert found["after"]["text"] == "where is my money"
    for label, change in found["change"].items():
        moved = found["after"]["probabilities"][label] - found["before"]["probabilities"][label]
        assert change == pytest.approx(moved)
    assert sum(found["change"].values()) == pytest.approx(0, abs=1e-4)
    said = local.post("/v1/feedback", json={"prediction_id": found["after"]["id"], "correct": True})
    assert said.status_code == 201, "both answers are kept like any other"


@pytest.mark.parametrize("body", [{"text": "a"}, {"text": "a", "edited": " "}, {"text": "a", "edited": "b" * 20_001}])
def test_an_edit_that_makes_no_sense_is_refused(local: TestClient, body: dict[str, str]) -> None:
    assert local.post("/v1/what_if", json=body).status_code == 422


@pytest.mark.parametrize("role", ["admin", "builder", "reviewer"])
def test_the_nearest_training_rows_come_with_their_labels(app: FastAPI, ask: Any, keys: dict[str, str], role: str) -> None:
    client = ask(app, key=keys[role])
    found = client.post("/v1/neighbours", json={"text": "where is my parcel", "count": 2}).json()
    assert found["rows"][0]["text"] == "where is my parcel"
    assert found["rows"][0]["label"] == "deliver"
    assert found["rows"][0]["similarity"] == pytest.approx(1, abs=1e-4)
    assert (len(found["rows"]), found["of"], found["total"]) == (2, 9, 9)


def test_test_rows_are_never_among_them(app: FastAPI, ask: Any, keys: dict[str, str]) -> None:
    found = ask(app, key=keys["admin"]).post("/v1/neighbours", json={"text": "my parcel is late", "count": 50}).json()
    assert len(found["rows"]) == 9
    assert "my parcel is late" not in {row["text"] for row in found["rows"]}


def test_who_may_not_see_training_rows_sees_none(app: FastAPI, ask: Any, local: TestClient, keys: dict[str, str]) -> None:
    for client in (local, ask(app, key=keys["user"])):
        refused = client.post("/v1/neighbours", json={"text": "where is my parcel"})
        assert refused.status_code == 403
        assert "may not see training rows" in refused.json()["error"]["message"]
        assert "parcel" not in refused.text


def test_a_text_that_cannot_be_read_has_no_neighbours(app: FastAPI, ask: Any, keys: dict[str, str]) -> None:
    assert ask(app, key=keys["admin"]).post("/v1/neighbours", json={"text": " "}).status_code == 422
