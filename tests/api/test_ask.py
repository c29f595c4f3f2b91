"""Asking a release over HTTP, and saying what its answers are worth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from beside.api.app import create_app
from beside.core.errors import StorageFailed
from beside.store.workspace import Workspace

ASKED = ["where is my parcel", "cancel", "i want my money back please, and quickly", "退款"]


def test_a_text_gets_one_answer_with_all_labels(local: TestClient, approved: Any) -> None:
    answer = local.post("/v1/predict", json={"text": "where is my parcel"}).json()
    [prediction] = answer["predictions"]
    assert answer["release"] == prediction["release_id"] == approved.release.id
    assert prediction["label"] == "deliver"
    assert set(prediction["probabilities"]) == {"cancel", "deliver", "refund"}
    assert sum(prediction["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert prediction["truncated"] is False


def test_each_text_is_answered_alone_as_in_a_batch(local: TestClient) -> None:
    batch = local.post("/v1/predict", json={"texts": ASKED}).json()["predictions"]
    assert [one["text"] for one in batch] == ASKED
    for text, together in zip(ASKED, batch, strict=True):
        [alone] = local.post("/v1/predict", json={"text": text}).json()["predictions"]
        assert alone["label"] == together["label"]
        assert alone["probabilities"] == pytest.approx(together["probabilities"], abs=2e-6)
        assert alone["id"] != together["id"]


def test_128_texts_are_taken_and_129_are_refused_with_a_hint(local: TestClient) -> None:
    assert len(local.post("/v1/predict", json={"texts": ["cancel"] * 128}).json()["predictions"]) == 128
    refused = local.post("/v1/predict", json={"texts": ["cancel"] * 129})
    assert refused.status_code == 422
    assert refused.json()["error"]["message"] == "One call may hold 128 texts, got 129."
    assert refused.json()["error"]["hint"] == "Send them in calls of 128."


def test_20000_characters_are_taken_and_cut_visibly_and_one_more_is_refused(local: TestClient) -> None:
    [prediction] = local.post("/v1/predict", json={"text": "cancel " * 2857 + "x"}).json()["predictions"]
    assert prediction["truncated"] is True
    refused = local.post("/v1/predict", json={"texts": ["fine", "x" * 20_001]})
    assert refused.status_code == 422
    assert refused.json()["error"]["message"] == "Text 2 has 20,001 characters."


@pytest.mark.parametrize(
    "body, message",
    [
        ({}, "neither 'text' nor 'texts'"),
        ({"text": "a", "texts": ["b"]}, "both"),
        ({"texts": []}, "empty"),
        ({"text": "  "}, "empty"),
        ({"text": "a\0b"}, "NUL"),
        ({"text": 5}, "'text' cannot be taken"),
        ({"txt": "a"}, "Unknown key 'txt'"),
        ([], "not a JSON object"),
    ],
)
def test_a_body_that_makes_no_sense_is_told_so(local: TestClient, body: Any, message: str) -> None:
    refused = local.post("/v1/predict", json=body)
    assert refused.status_code == 422
    assert message in refused.json()["error"]["message"]


def test_an_unknown_key_is_answered_with_a_close_one(local: TestClient) -> None:
    assert "Did you mean 'text'?" in local.post("/v1/predict", json={"txt": "a"}).json()["error"]["hint"]
    asked = local.post("/", json={"inputs": "a", "parameters": {"topk": 1}}).json()["error"]["hint"]
    assert asked.startswith("Known keys: top_k, function_to_apply, ") and asked.endswith("Did you mean 'top_k'?")


def test_half_a_character_is_refused(local: TestClient) -> None:
    refused = local.post("/v1/predict", content=rb'{"text": "\ud83d"}', headers={"Content-Type": "application/json"})
    assert refused.status_code == 422
    assert "half a character" in refused.json()["error"]["message"]


def test_an_unknown_release_is_answered_with_a_close_name(local: TestClient, approved: Any) -> None:
    asked = approved.release.id[:-1] + "x"
    for answer in (local.post("/v1/predict", json={"text": "a", "release": asked}), local.get(f"/v1/releases/{asked}")):
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "unknown_name"
        assert f"Did you mean '{approved.release.id}'?" in answer.json()["error"]["hint"]


def test_words_are_weighed(local: TestClient) -> None:
    explanation = local.post("/v1/explain", json={"text": "where is my parcel"}).json()
    assert explanation["label"] == "deliver"
    assert [word["word"] for word in explanation["words"]] == ["where", "is", "my", "parcel"]
    assert max(explanation["words"], key=lambda word: word["weight"])["word"] == "parcel"


def test_feedback_is_on_the_disk_before_it_is_acknowledged(make_approved: Callable[..., Any], ask: Any, tmp_path: Path) -> None:
    given = make_approved(tmp_path)
    client = ask(create_app(given.workspace))
    [prediction] = client.post("/v1/predict", json={"text": "where is my parcel"}).json()["predictions"]
    body = {"prediction_id": prediction["id"], "correct": False, "label": "refund", "note": "it is about money"}
    acknowledged = client.post("/v1/feedback", json=body)
    assert acknowledged.status_code == 201
    again = Workspace.open(tmp_path)  # nothing of the server's memory
    [(asked, answer)] = again.records.answers(given.owner)
    assert asked.text == "where is my parcel"
    assert answer.model_dump(mode="json") == acknowledged.json()
    assert (answer.label, answer.who, answer.note) == ("refund", "local", "it is about money")


def test_feedback_that_cannot_be_stored_is_not_acknowledged(
    make_approved: Callable[..., Any], ask: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = make_approved(tmp_path)
    client = ask(create_app(given.workspace))
    [prediction] = client.post("/v1/predict", json={"text": "cancel"}).json()["predictions"]

    def full(*args: Any) -> None:
        raise StorageFailed("The disk is full.", "Free some space and try again.")

    monkeypatch.setattr(given.workspace.records, "add_answer", full)
    answer = client.post("/v1/feedback", json={"prediction_id": prediction["id"], "correct": True})
    assert answer.status_code == 507
    assert list(answer.json()["error"].values()) == ["storage_failed", "The disk is full.", "Free some space and try again."]


@pytest.mark.parametrize(
    "said, message",
    [
        ({"correct": False, "label": "refnd"}, "no label 'refnd'"),
        ({"correct": True, "label": "refund"}, "cannot be correct"),
        ({"correct": "maybe"}, "'correct' cannot be taken"),
        ({}, "'correct' is missing"),
    ],
)
def test_feedback_that_makes_no_sense_is_refused(local: TestClient, said: dict[str, Any], message: str) -> None:
    [prediction] = local.post("/v1/predict", json={"text": "where is my parcel"}).json()["predictions"]
    refused = local.post("/v1/feedback", json={"prediction_id": prediction["id"], **said})
    assert refused.status_code == 422
    assert message in refused.json()["error"]["message"]


def test_feedback_about_nothing_is_refused(local: TestClient) -> None:
    assert local.post("/v1/feedback", json={"prediction_id": "prediction-1", "correct": True}).status_code == 404


def test_what_is_there_can_be_read(local: TestClient, approved: Any) -> None:
    [corpus] = local.get("/v1/corpora").json()
    [run] = local.get("/v1/runs").json()
    [finding] = local.get("/v1/findings", params={"run": run["id"]}).json()
    [release] = local.get("/v1/releases").json()
    assert local.get(f"/v1/corpora/{corpus['name']}").json() == corpus
    assert local.get(f"/v1/runs/{run['id']}").json() == run
    assert local.get(f"/v1/releases/{release['id']}").json() == release
    assert local.get("/v1/skipped").json() == []
    assert (finding["verdict"], finding["low"], finding["n"]) == ("pass", 0.9, 120)
    assert release["signatures"][0]["who"] == "olga"
    assert local.get("/v1/findings", params={"run": "run-x"}).status_code == 404
