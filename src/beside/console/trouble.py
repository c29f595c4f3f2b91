"""Whatever goes wrong, whoever asked for a page gets a page: in their language, with what to do."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from anyio.to_thread import run_sync
from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from beside.console.page import render
from beside.core.errors import BesideError

PROGRAMS = ("/v1/", "/docs", "/openapi.json", "/healthz", "/readyz", "/metrics", "/models/")  # addresses that speak JSON


class TroublePages:
    """Turns the API's JSON error into a page for browsers, wherever it came from: a route, a door, a limit, the last net."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not wants_page(scope):
            return await self.app(scope, receive, send)
        start: Message | None = None
        body = b""

        async def watched(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start" and is_error(message):
                start = message
            elif start is None:
                await send(message)
            else:
                body += message.get("body", b"")

        await self.app(scope, receive, watched)
        if start is not None:
            await (await run_sync(page_for, Request(scope), start, body))(scope, receive, send)


def wants_page(scope: Scope) -> bool:
    """Whether a browser asks, at an address that is not for programs."""
    return "text/html" in Headers(scope=scope).get("accept", "") and not scope["path"].startswith(PROGRAMS)


def is_error(start: Message) -> bool:
    """Whether an answer begins that has the error shape."""
    return start["status"] >= 400 and Headers(raw=start["headers"]).get("content-type", "").startswith("application/json")


def page_for(request: Request, start: Message, body: bytes) -> Response:
    """The error as a page, with the headers that its JSON had; the JSON itself when not even a page can be made."""
    try:
        error: dict[str, Any] = json.loads(body)["error"]
        made: Response = page(request, error["code"], error["message"], error["hint"], start["status"])
    except (BesideError, ValueError, KeyError, TypeError):
        made = Response(body, start["status"], media_type="application/json")
    headers = MutableHeaders(raw=list(start["headers"]))
    for name in ("content-type", "content-length"):
        del headers[name]
    made.raw_headers.extend(headers.raw)
    return made


def page(request: Request, code: str, message: str, hint: str, status: int) -> Response:
    """The page that says what went wrong."""
    return render(request, "trouble.html", status=status, code=code, message=message, hint=hint, back=quote(request.url.path))
