"""A release that writes, asked by Hugging Face's own client against a real server, and by plain requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError

from beside.api.app import create_app
from beside.core.writing import Writing

ASKED = "where is my parcel"


@pytest.fixture(scope="module")
def writing_app(make_approved: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """An application over an approved release of a random model that writes."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    from beside.engine.model import Facts, save_model
    from beside.engine.prompts import PromptTokens
    from beside.engine.writer import Writer
    from beside.engine.writer_bases import train_bytes

    tokenizer = train_bytes([ASKED, "the parcel is late", "cancel my order"] * 3)
    torch.manual_seed(0)
    size = {"vocab_size": tokenizer.get_vocab_size(), "n_positions": 64, "n_embd": 16, "n_layer": 1, "n_head": 2}
    model = GPT2LMHeadModel(GPT2Config(bos_token_id=1, eos_token_id=1, pad_token_id=0, initializer_range=0.5, **size))
    writing = Writing(prompt="{text}\n", end_id=1, pad_id=0, max_new_tokens=12)
    folder: Path = tmp_path_factory.mktemp("writing")
    facts = Facts(task="generate", labels=(), pooling="", max_length=24, writing=writing.model_dump())
    save_model(folder / "model", Writer(model).eval(), PromptTokens(tokenizer, writing, 24, False), facts)
    return create_app(make_approved(folder / "workspace", model=folder / "model").workspace)


@pytest.fixture(scope="module")
def address(writing_app: FastAPI, run: Any) -> Iterator[str]:
    with run(writing_app) as url:
        yield url


@pytest.fixture
def client(writing_app: FastAPI, ask: Callable[..., TestClient]) -> TestClient:
    return ask(writing_app)


def test_their_client_gets_the_text_that_predict_gives(address: str, client: TestClient) -> None:
    told = client.post("/v1/predict", json={"text": ASKED}).json()["predictions"][0]
    assert InferenceClient(model=address).text_generation(ASKED) == told["label"] == told["answer"]["text"]
    assert told["answer"]["decoding"] == "greedy" and told["answer"]["finish_reason"] in ("stop", "length")


def test_their_client_sets_how_it_is_written(address: str) -> None:
    client = InferenceClient(model=address)
    drawn = [client.text_generation(ASKED, do_sample=True, temperature=3.0, seed=seed) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    short = client.text_generation(ASKED, max_new_tokens=2, details=True)
    assert short.details.generated_tokens == 2 and short.details.finish_reason == "length"
    assert client.text_generation(ASKED, return_full_text=True).startswith(ASKED)


def test_their_chat_gets_the_same_text(address: str, client: TestClient) -> None:
    answer = InferenceClient(base_url=f"{address}/v1").chat_completion([{"role": "user", "content": ASKED}])
    told = client.post("/v1/predict", json={"text": ASKED}).json()["predictions"][0]
    assert answer.choices[0].message.content == told["label"]
    assert answer.choices[0].finish_reason == told["answer"]["finish_reason"]
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + told["answer"]["tokens"]
    short = InferenceClient(base_url=f"{address}/v1").chat_completion([{"role": "user", "content": ASKED}], max_tokens=2)
    assert (short.choices[0].finish_reason, short.usage.completion_tokens) == ("length", 2)


def test_what_is_not_known_or_too_much_is_refused_in_words(address: str, client: TestClient) -> None:
    with pytest.raises(HfHubHTTPError, match="repetition_penalty"):
        InferenceClient(model=address).text_generation(ASKED, repetition_penalty=1.2)
    for parameters in ({"max_new_tokens": 5000}, {"top_k": 5000}, {"seed": 2**63}, {"temperature": 0}, {"top_p": 1.5}):
        refused = client.post("/", json={"inputs": ASKED, "parameters": parameters})
        assert refused.status_code == 422 and next(iter(parameters)) in refused.text, parameters
    for decoding in ({"decoding": "greedy", "top_p": 0.5}, {"beams": 99}, {"decoding": "other"}, {"unknown": 1}):
        assert client.post("/v1/predict", json={"text": ASKED, "decoding": decoding}).status_code == 422, decoding
    assert client.post("/v1/chat/completions", json={"messages": []}).status_code == 422
    two = [{"role": "system", "content": "a"}, {"role": "user", "content": "b"}]
    assert "one message" in client.post("/v1/chat/completions", json={"messages": two}).json()["error"]["message"]


def test_a_release_that_chooses_labels_refuses_to_write(local: TestClient) -> None:
    asked = {"text": "cancel", "decoding": {"decoding": "sample"}}
    for path, body in (
        ("/v1/predict", asked),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "cancel"}]}),
        ("/", {"inputs": "cancel", "parameters": {"do_sample": True}}),
    ):
        refused = local.post(path, json=body)
        assert refused.status_code == 422 and "writes no answers" in refused.json()["error"]["message"], path
