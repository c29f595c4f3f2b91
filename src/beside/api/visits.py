"""One request as the server's own parts see it: who calls, until when they wait, whether they are still there."""

from __future__ import annotations

import asyncio
import hashlib
import math
import re
import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any, TypeVar

from starlette.datastructures import Headers
from starlette.types import Receive, Scope

from beside.core.errors import BadInput, ClientGone, DeadlinePassed

DEADLINE = "beside-deadline"  # header: seconds that the caller is willing to wait
REQUEST_ID = "x-request-id"
SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
HERE = "here"  # callers without a key or session, by their address
Result = TypeVar("Result")


@dataclass(eq=False)
class Visit:
    """A request on its way. What is learned of it is noted here, for limits, metrics and the log; never a text.

    Args:
        receive: tells when the caller hangs up; None outside HTTP.
        caller: under what the request is counted.
        wait: seconds that the caller is willing to wait, as they wrote it.
    """

    receive: Receive | None = None
    caller: str = HERE
    wait: str | None = None
    id: str = field(default_factory=lambda: token_hex(8))
    names: tuple[str, ...] = ()  # of the API token, the most particular first: what limits may be set for
    began: float = field(default_factory=time.monotonic)
    told: dict[str, Any] = field(default_factory=dict)  # what the log says of it

    @classmethod
    def of(cls, scope: Scope, receive: Receive) -> Visit:
        """The visit that a request begins."""
        headers = Headers(scope=scope)
        asked, client = headers.get(REQUEST_ID, ""), scope.get("client") or (HERE, 0)
        visit = cls(receive, f"{HERE}:{client[0]}", headers.get(DEADLINE))
        if secret := headers.get("authorization") or headers.get("cookie"):
            visit.caller = hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()[:16]
        if SAFE_ID.fullmatch(asked):
            visit.id = asked
        return visit

    def until(self, most: float) -> float:
        """The moment of the monotonic clock at which the caller, or the server after `most` seconds, stops waiting.

        Raises:
            BadInput: the header says something else than seconds.
        """
        try:
            wait = most if self.wait is None else float(self.wait)
            if not (math.isfinite(wait) and wait > 0):
                raise ValueError
        except ValueError:
            raise BadInput("The header Beside-Deadline names no seconds.", "Send a number above 0, for example 2.5.") from None
        return self.began + min(wait, most)

    async def gone(self) -> None:
        """Returns when the caller has hung up."""
        while self.receive is None or (await self.receive())["type"] != "http.disconnect":
            if self.receive is None:
                await asyncio.Event().wait()

    async def outcome(self, answer: asyncio.Future[Result], until: float) -> Result:
        """What a future gives, as long as somebody waits for it; else it is cancelled.

        Raises:
            DeadlinePassed, ClientGone: nobody waits any more.
        """
        gone: asyncio.Future[Any] = asyncio.ensure_future(self.gone())
        try:
            both: set[asyncio.Future[Any]] = {answer, gone}
            await asyncio.wait(both, timeout=until - time.monotonic(), return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                return answer.result()
            if gone.done():
                raise ClientGone("The caller has hung up.", "Nothing is left to do.")
            raise DeadlinePassed.while_waiting(time.monotonic() - self.began)
        finally:
            gone.cancel()
            answer.cancel()


visiting: ContextVar[Visit | None] = ContextVar("visiting", default=None)


def visit_now() -> Visit:
    """The request that is being answered; outside of any an empty one."""
    return visiting.get() or Visit()
