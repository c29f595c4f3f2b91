"""Candidates in the order that a release gives them, in the shapes of the clients that ask for it, on a real server as well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from huggingface_hub import InferenceClient

from beside.api.app import create_app

KEPT = ["Your parcel is on its way.", "Refunds are paid within a week.", "Cards are blocked in the app."]
QUERY = "where is my parcel"
SENT = ["Refunds are paid.", "The parcel is here.", "Call us."]


@pytest.fixture(scope="module")
def ranking_release(make_approved: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An approved release of a small random bi-encoder, with three candidates kept."""
    import torch
    from transformers import BertConfig, BertModel

    from beside.core.interfaces import Silent
    from beside.engine.catalogue import keep
    from beside.engine.model import Facts, Model, drop_unused, save_model
    from beside.engine.runtime import TorchSubject
    from beside.engine.tokens import Tokens, train_tokenizer

    torch.manual_seed(0)
    tokens = Tokens(train_tokenizer([QUERY, *KEPT, *SENT] * 2), 16)
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16, "vocab_size": 300}
    encoder = BertModel(BertConfig(max_position_embeddings=16, pad_token_id=0, **size))
    drop_unused(encoder)
    settings = {"ranker": "bi-encoder", "threshold": 0.5, "highest": 1}
    facts = Facts(task="rank", labels=("relevant",), pooling="mean", max_length=16, pairs=True, settings=settings)
    subject, folder = TorchSubject(Model(encoder, 0, "mean").eval(), tokens, facts), tmp_path_factory.mktemp("ranking")
    save_model(folder / "model", subject.model, tokens, facts)
    keep(folder / "model", subject, KEPT, Silent())
    return make_approved(folder / "workspace", model=folder / "model", task="rank")


@pytest.fixture(scope="module")
def ranking_app(ranking_release: Any) -> FastAPI:
    return create_app(ranking_release.workspace)


@pytest.fixture(scope="module")
def address(ranking_app: FastAPI, run: Any) -> Iterator[str]:
    with run(ranking_app) as url:
        yield url


@pytest.fixture
def client(ranking_app: FastAPI, ask: Callable[..., TestClient]) -> TestClient:
    return ask(ranking_app)


def test_candidates_come_best_first_in_the_shape_of_rerank_clients(address: str, ranking_release: Any) -> None:
    body = {"model": "rerank-v3.5", "query": QUERY, "documents": [SENT[0], {"text": SENT[1]}, SENT[2]], "return_documents": True}
    with httpx.Client(base_url=address) as http:
        told = http.post("/v1/rerank", json=body).json()
        again = http.post("/v2/rerank", json={**body, "top_n": 2, "return_documents": False}).json()
    assert told["model"] == ranking_release.release.id and told["id"].startswith("prediction-")
    assert sorted(one["index"] for one in told["results"]) == [0, 1, 2] and told["usage"]["total_tokens"] > 10
    scores = [one["relevance_score"] for one in told["results"]]
    assert scores == sorted(scores, reverse=True) and -1 <= scores[-1] < scores[0] <= 1
    assert all(one["document"]["text"] == SENT[one["index"]] for one in told["results"])
    assert [(one["index"], one["relevance_score"]) for one in again["results"]] == list(
        zip([one["index"] for one in told["results"]], scores, strict=True)
    )[:2]
    assert "document" not in again["results"][0]


def test_without_candidates_it_searches_what_is_kept(client: TestClient) -> None:
    found = client.post("/v1/rerank", json={"query": KEPT[1], "top_n": 1}).json()["results"]
    assert found == [{"index": 1, "relevance_score": 1.0, "document": {"text": KEPT[1]}}]
    [prediction] = client.post("/v1/predict", json={"text": KEPT[1]}).json()["predictions"]
    assert (
        prediction["label"] == KEPT[1]
        and next(one["index"] for one in prediction["answer"]) == 1
        and len(prediction["answer"]) == 3
    )


def test_the_other_shapes_give_the_same_scores(client: TestClient, address: str) -> None:
    told = client.post("/v1/rerank", json={"query": QUERY, "documents": SENT}).json()["results"]
    expected = {one["index"]: one["relevance_score"] for one in told}
    answer = client.post("/rerank", json={"query": QUERY, "texts": SENT, "return_text": True})
    assert {one["index"]: one["score"] for one in answer.json()} == expected
    assert all(one["text"] == SENT[one["index"]] for one in answer.json())
    assert answer.headers["X-Beside-Prediction"].startswith("prediction-")
    theirs = InferenceClient(model=address).sentence_similarity(QUERY, other_sentences=SENT)
    assert theirs == pytest.approx([expected[place] for place in range(3)], abs=1e-6)


def test_the_right_candidate_is_taken_as_feedback(client: TestClient) -> None:
    told = client.post("/v1/rerank", json={"query": QUERY, "documents": SENT, "top_n": 1}).json()
    right = next(text for place, text in enumerate(SENT) if place != told["results"][0]["index"])
    said = client.post("/v1/feedback", json={"prediction_id": told["id"], "correct": False, "label": right})
    assert said.status_code == 201 and said.json()["label"] == right


def test_a_pair_alone_is_still_judged(client: TestClient) -> None:
    [prediction] = client.post("/v1/predict", json={"text": QUERY, "pair": QUERY}).json()["predictions"]
    assert prediction["label"] == "1" and prediction["answer"] == {"relevant": True, "score": 1.0}


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"query": " ", "documents": ["a"]}, "is empty"),
        ({"query": "a", "documents": []}, "is empty"),
        ({"query": "a", "documents": ["a", " "]}, "Candidate 2 of 2 is empty"),
        ({"query": "a", "documents": ["a"] * 513}, "may hold 512"),
        ({"query": "a", "release": "release-1", "model": "release-2"}, "two releases"),
        ({"query": "a", "documents": ["a"], "rank_fields": ["title"]}, "rank_fields"),
    ],
)
def test_what_cannot_be_ranked_is_refused_with_the_reason(client: TestClient, body: dict[str, Any], why: str) -> None:
    answer = client.post("/v1/rerank", json=body)
    assert answer.status_code == 422 and why in answer.json()["error"]["message"] + answer.json()["error"].get("hint", "")


def test_a_release_that_ranks_nothing_says_so(local: TestClient) -> None:
    answer = local.post("/v1/rerank", json={"query": QUERY, "documents": SENT})
    assert answer.status_code == 422 and "ranks nothing" in answer.json()["error"]["message"]


def test_what_the_answer_cannot_do_is_refused_in_words(client: TestClient) -> None:
    for path, body in (("/v1/explain", {"text": QUERY}), ("/v1/predict", {"text": QUERY, "decoding": {"decoding": "greedy"}})):
        answer = client.post(path, json=body)
        assert answer.status_code == 422 and len(answer.json()["error"]["hint"]) > 10, path
