"""The Python client against a real server, and against one that asks to wait."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time

import httpx
import pytest

from beside.api.app import create_app
from beside.client import AsyncClient, Client, Explanation, Prediction
from beside.client.reaching import LONGEST_WAIT, pause_after
from beside.core.errors import BadInput, BesideError, NotSignedIn, Overloaded, UnknownName


@pytest.fixture(scope="module")
def address(approved, run):
    with run(create_app(approved.workspace)) as url:
        yield url


@pytest.fixture
def client(address):
    with Client(address) as made:
        yield made


def test_it_asks_explains_and_corrects(client, approved):
    [one] = client.predict("where is my parcel")
    assert isinstance(one, Prediction) and (one.label, one.release_id) == ("deliver", approved.release.id)
    assert sum(one.probabilities.values()) == pytest.approx(1, abs=1e-5) and not one.abstained
    why = client.explain("where is my parcel", release=approved.release.id)
    assert isinstance(why, Explanation) and max(why.words, key=lambda word: word.weight).word == "parcel"
    client.correct(one.id, label="refund", note="money")
    [(asked, said)] = [pair for pair in approved.workspace.records.answers(approved.owner) if pair[0].id == one.id]
    assert (said.correct, said.label, said.note) == (False, "refund", "money") and asked.text == one.text
    assert client.health() and approved.release.id in [release.id for release in client.releases()]
    assert client.waiting() == []


def test_more_texts_than_one_call_takes_come_back_in_order(client):
    texts = [f"cancel order {place}" for place in range(300)]
    assert [one.text for one in client.predict(texts)] == texts


def test_the_same_for_asyncio(address, approved):
    async def together():
        async with AsyncClient(address) as client:
            answers = await asyncio.gather(*(client.predict(f"where is my parcel {at}") for at in range(5)))
            why = await client.explain("cancel it")
            await client.correct(answers[0][0].id)
            return (
                [one.text for [one] in answers],
                why.label,
                await client.health(),
                await client.releases(),
                await client.waiting(),
            )

    texts, label, ready, releases, waiting = asyncio.run(together())
    assert texts == [f"where is my parcel {at}" for at in range(5)] and label == "cancel" and ready
    assert releases[0].id == approved.release.id and waiting == []


@pytest.mark.parametrize(
    "act, error, message",
    [
        (lambda client: client.predict("a", release="release-none"), UnknownName, "release-none"),
        (lambda client: client.predict("  "), BadInput, "empty"),
        (lambda client: client.rerank("a", ["b"]), BadInput, "ranks nothing"),
        (lambda client: client.predict(["a", "b"], pairs=["c"]), BadInput, "2 texts and 1"),
    ],
)
def test_what_the_server_refuses_is_the_error_that_it_names(client, act, error, message):
    with pytest.raises(error, match=message) as raised:
        act(client)
    assert raised.value.hint


def test_a_wrong_key_is_an_error_of_its_own(address):
    with Client(address, key="nobody") as client, pytest.raises(NotSignedIn):
        client.releases()


def answering(*answers):
    """A server that gives one answer after another, and what it was asked."""
    given, asked = list(answers), []

    def handle(request):
        asked.append(request)
        status, headers, body = given.pop(0)
        return httpx.Response(status, headers=headers, json=body)

    return httpx.MockTransport(handle), asked


BUSY = {"error": {"code": "overloaded", "message": "64 requests are waiting already.", "hint": "Try again."}}
NONE = (200, {}, [])


@pytest.mark.parametrize("status", [429, 503])
def test_it_waits_as_long_as_it_is_told_and_tries_again(status, monkeypatch):
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    transport, asked = answering((status, {"Retry-After": "3"}, BUSY), (status, {}, BUSY), NONE)
    with Client(transport=transport) as client:
        assert client.releases() == []
    assert len(asked) == 3 and slept[0] == 3 and 0.5 <= slept[1] <= 1.0


def test_it_gives_up_with_the_servers_words_after_so_many_tries_or_seconds(monkeypatch):
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    transport, asked = answering(*[(429, {"Retry-After": "1"}, BUSY)] * 9)
    with Client(transport=transport, tries=3) as client, pytest.raises(Overloaded, match="64 requests"):
        client.releases()
    assert (len(asked), slept) == (3, [1.0, 1.0])
    transport, asked = answering((503, {"Retry-After": "3600"}, BUSY))
    with Client(transport=transport) as client, pytest.raises(Overloaded):
        client.releases()
    assert len(asked) == 1


def test_asyncio_waits_too():
    async def ask():
        transport, asked = answering((429, {"Retry-After": "0"}, BUSY), NONE)
        async with AsyncClient(transport=transport) as client:
            return await client.releases(), len(asked)

    assert asyncio.run(ask()) == ([], 2)


def test_a_date_is_waited_for_and_nonsense_is_not():
    def pause(said, tried=0):
        return pause_after(httpx.Response(429, headers={"Retry-After": said}), tried)

    assert pause("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert 0.25 <= pause("soon") <= 0.5 and pause("-5", 50) <= LONGEST_WAIT


def test_other_errors_are_raised_at_once_whatever_their_shape():
    transport, asked = answering((500, {}, {"detail": "?"}))
    with Client(transport=transport) as client, pytest.raises(BesideError, match="answered 500") as raised:
        client.releases()
    assert raised.value.status == 500 and len(asked) == 1


def test_a_server_that_is_still_loading_is_not_ready_and_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail("it waited"))
    transport, asked = answering((503, {"Retry-After": "1"}, {"error": {"code": "not_ready", "message": "m", "hint": "h"}}))
    with Client(transport=transport) as client:
        assert client.health() is False
    assert len(asked) == 1


def test_what_a_newer_server_says_besides_is_left_out_and_what_an_older_one_lacks_has_its_default():
    body = {"id": "p", "release_id": "r", "text": "t", "label": "a", "probability": 1.0, "probabilities": {"a": 1.0}, "new": 1}
    transport, asked = answering((200, {}, {"release": "r", "predictions": [body]}))
    with Client(transport=transport, key="k") as client:
        [one] = client.predict("t", decoding={"decoding": "greedy"})
    assert (one.label, one.flags, one.abstained) == ("a", (), False)
    assert (
        asked[0].headers["Authorization"] == "Bearer k" and b'"decoding"' in asked[0].content and b"pairs" not in asked[0].content
    )


def test_a_ranking_is_read():
    body = {"id": "p", "model": "r", "results": [{"index": 1, "relevance_score": 0.9, "document": {"text": "b"}}], "usage": {}}
    transport, _ = answering((200, {}, body))
    with Client(transport=transport) as client:
        found = client.rerank("q", ["a", "b"])
    assert (found.release_id, found.results[0].index, found.results[0].text) == ("r", 1, "b")


def test_it_loads_nothing_heavy():
    heavy = ("torch", "numpy", "pydantic", "fastapi", "sqlalchemy", "transformers")
    code = f"import sys, beside.client; sys.exit(str([name for name in {heavy} if name in sys.modules] or ''))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stderr.strip() == ""
