"""The client for asyncio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import httpx

from beside.client.answers import Explanation, Prediction, Release, Reranking
from beside.client.calls import HEALTH, RELEASES, Call, Result, correcting, explaining, many, predicting, reranking, waiting_for
from beside.client.reaching import NOT_READY, Settings
from beside.core.errors import BesideError


class AsyncClient(Settings):
    """The same for asyncio; see `Client` for what each method does. Use it in an `async with` block."""

    def __init__(self, address: str = "", key: str = "", **more: Any) -> None:
        super().__init__(address, key, **more)
        self.http = httpx.AsyncClient(**self.asked)

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self.http.aclose()

    async def do(self, call: Call[Result]) -> Result:
        began, tried = time.monotonic(), 0
        while True:
            answer = await self.http.request(call.method, call.path, json=call.body, params=call.params)
            if (wait := self.pause(answer, call.patient, tried, began)) is None:
                return call.read(answer.json())
            await asyncio.sleep(wait)
            tried += 1

    async def predict(
        self,
        texts: str | Sequence[str],
        *,
        release: str | None = None,
        pairs: str | Sequence[str] | None = None,
        decoding: dict[str, Any] | None = None,
    ) -> list[Prediction]:
        calls = predicting(many(texts), release, None if pairs is None else many(pairs), decoding)
        return [one for call in calls for one in await self.do(call)]

    async def explain(self, text: str, *, release: str | None = None) -> Explanation:
        return await self.do(explaining(text, release))

    async def correct(self, prediction_id: str, *, correct: bool = True, label: str | None = None, note: str = "") -> str:
        return await self.do(correcting(prediction_id, correct, label, note))

    async def rerank(
        self, query: str, documents: Sequence[str] | None = None, *, top_n: int | None = None, release: str | None = None
    ) -> Reranking:
        return await self.do(reranking(query, documents, top_n, release))

    async def waiting(self, limit: int = 100) -> list[Prediction]:
        return await self.do(waiting_for(limit))

    async def releases(self) -> list[Release]:
        return await self.do(RELEASES)

    async def health(self) -> bool:
        try:
            return await self.do(HEALTH)
        except BesideError as error:
            if error.status == NOT_READY:
                return False
            raise
