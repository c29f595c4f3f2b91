"""Hugging Face's own client, unchanged, against a real server on a loopback port."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError


@pytest.fixture(scope="module")
def address(app: FastAPI, run: Any) -> Iterator[str]:
    with run(app) as url:
        yield url


def test_their_client_gets_all_labels_the_most_probable_first(address: str) -> None:
    answer = InferenceClient(model=address).text_classification("where is my parcel")
    assert [element.label for element in answer] == ["deliver", "refund", "cancel"]
    assert answer[0].score > 0.8
    assert sum(element.score for element in answer) == pytest.approx(1, abs=1e-5)


def test_their_client_gets_as_many_as_it_asks_for(address: str) -> None:
    client = InferenceClient(model=address)
    assert [element.label for element in client.text_classification("please cancel my order", top_k=1)] == ["cancel"]
    assert len(client.text_classification("please cancel my order", top_k=2)) == 2
    assert len(client.text_classification("please cancel my order", top_k=99)) == 3
    assert len(client.text_classification("please cancel my order", function_to_apply="softmax")) == 3


def test_their_client_can_ask_one_release(address: str, approved: Any) -> None:
    answer = InferenceClient(model=f"{address}/models/{approved.release.id}").text_classification("give me a refund of the money")
    assert answer[0].label == "refund"


def test_their_client_is_told_what_is_wrong(address: str) -> None:
    with pytest.raises(HfHubHTTPError, match="There is no release 'nothing'"):
        InferenceClient(model=f"{address}/models/nothing").text_classification("cancel")
    with pytest.raises(HfHubHTTPError, match="function_to_apply"):
        InferenceClient(model=address).text_classification("cancel", function_to_apply="sigmoid")


def test_their_client_works_with_a_key_of_ours_and_with_a_token_of_theirs(address: str, keys: dict[str, str]) -> None:
    for token in (keys["user"], "hf_abcdefgh"):
        assert InferenceClient(model=address, token=token).text_classification("cancel", top_k=1)[0].label == "cancel"


def test_several_texts_get_a_list_for_each(local: TestClient) -> None:
    answer = local.post("/", json={"inputs": ["where is my parcel", "cancel"], "parameters": {"top_k": 1}})
    assert [[element["label"] for element in one] for one in answer.json()] == [["deliver"], ["cancel"]]
    assert "x-beside-prediction" not in answer.headers


def test_headers_tell_what_the_shape_has_no_place_for(local: TestClient, approved: Any) -> None:
    answer = local.post("/", json={"inputs": "cancel " * 50, "options": {"wait_for_model": True}})
    assert answer.headers["x-beside-release"] == approved.release.id
    assert answer.headers["x-beside-truncated"] == "1"
    said = local.post("/v1/feedback", json={"prediction_id": answer.headers["x-beside-prediction"], "correct": True})
    assert said.status_code == 201
