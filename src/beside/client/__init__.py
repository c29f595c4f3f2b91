"""A small typed client of the HTTP API, for programs: ask, explain, correct, rerank. Needs httpx alone and loads nothing heavy.

    from beside.client import Client

    with Client("http://127.0.0.1:8321", key="...") as beside:
        [answer] = beside.predict("My card was swallowed.")
        if answer.abstained:
            ...  # a person should answer
        beside.correct(answer.id, label="card_swallowed")

`AsyncClient` has the same methods, to be awaited. What the server refuses is raised as the error of core/errors.py that it names,
with its message and hint; where it asks to wait (429, 503), the call waits as long as `Retry-After` says and tries again.
"""

from __future__ import annotations

from beside.client.answers import Explanation, Flag, Prediction, Ranked, Release, Reranking, WordWeight
from beside.client.awaiting import AsyncClient
from beside.client.waiting import Client

__all__ = [
    "AsyncClient",
    "Client",
    "Explanation",
    "Flag",
    "Prediction",
    "Ranked",
    "Release",
    "Reranking",
    "WordWeight",
]
