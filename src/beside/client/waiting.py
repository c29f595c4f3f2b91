"""The client for plain programs: each call returns when its answer is there."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import httpx

from beside.client.answers import Explanation, Prediction, Release, Reranking
from beside.client.calls import HEALTH, RELEASES, Call, Result, correcting, explaining, many, predicting, reranking, waiting_for
from beside.client.reaching import NOT_READY, Settings
from beside.core.errors import BesideError


class Client(Settings):
    """The client for plain programs; see the module. Close it, or use it in a `with` block."""

    def __init__(self, address: str = "", key: str = "", **more: Any) -> None:
        super().__init__(address, key, **more)
        self.http = httpx.Client(**self.asked)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Gives the connections back."""
        self.http.close()

    def do(self, call: Call[Result]) -> Result:
        """Makes a call. Raises BesideError as the server says; httpx.TransportError: it cannot be reached."""
        began, tried = time.monotonic(), 0
        while True:
            answer = self.http.request(call.method, call.path, json=call.body, params=call.params)
            if (wait := self.pause(answer, call.patient, tried, began)) is None:
                return call.read(answer.json())
            time.sleep(wait)
            tried += 1

    def predict(
        self,
        texts: str | Sequence[str],
        *,
        release: str | None = None,
        pairs: str | Sequence[str] | None = None,
        decoding: dict[str, Any] | None = None,
    ) -> list[Prediction]:
        """The answer to each text, in order; more than 128 are sent in several calls."""
        calls = predicting(many(texts), release, None if pairs is None else many(pairs), decoding)
        return [one for call in calls for one in self.do(call)]

    def explain(self, text: str, *, release: str | None = None) -> Explanation:
        """How much each word spoke for the answer."""
        return self.do(explaining(text, release))

    def correct(self, prediction_id: str, *, correct: bool = True, label: str | None = None, note: str = "") -> str:
        """Says that an answer is right, or which label is; the id of what was stored. With a `label` it is wrong."""
        return self.do(correcting(prediction_id, correct, label, note))

    def rerank(
        self, query: str, documents: Sequence[str] | None = None, *, top_n: int | None = None, release: str | None = None
    ) -> Reranking:
        """Candidates in order; without any, those that are kept with the release are searched."""
        return self.do(reranking(query, documents, top_n, release))

    def waiting(self, limit: int = 100) -> list[Prediction]:
        """Questions that a person should answer, the oldest first."""
        return self.do(waiting_for(limit))

    def releases(self) -> list[Release]:
        """All releases, newest first."""
        return self.do(RELEASES)

    def health(self) -> bool:
        """Whether the server is ready to answer; it may still be loading, or about to end."""
        try:
            return self.do(HEALTH)
        except BesideError as error:
            if error.status == NOT_READY:
                return False
            raise
