"""What every request passes through before and after its route: doors, limits, security headers, the last net for errors."""

from __future__ import annotations

import ipaddress
import logging
import traceback
from secrets import token_hex
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from beside.api.errors import PLAIN, answer, shaped
from beside.core.errors import BesideError, NotPermitted

LARGEST_BODY = 2 * 1024 * 1024  # bytes
READING = {"GET", "HEAD", "OPTIONS"}  # methods that change nothing
SECURITY = {
    "content-security-policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
TWO_YEARS = f"max-age={2 * 365 * 86_400}"  # browsers ask for TLS alone meanwhile (RFC 6797)
log = logging.getLogger("beside.api")


class SecurityHeaders:
    """Gives every answer the security headers; nothing confidential stays in a cache."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY.items():
                    headers.setdefault(name, value)  # a route may say something stricter, such as a sandbox
                # not for localhost: a browser would ask every other program there for TLS as well
                if scope.get("scheme") == "https" and not is_loopback(host_name(Headers(scope=scope).get("host", ""))):
                    headers.setdefault("strict-transport-security", TWO_YEARS)
                # a static file carries an etag: a browser may keep it, and asks whether it is still the same
                headers.setdefault("cache-control", "no-cache" if "etag" in headers else "no-store")
            await send(message)

        await self.app(scope, receive, secured)


class LastNet:
    """Turns an unexpected error into the one error shape. The log gets the place, never the words: they may be confidential."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception as error:
            number = token_hex(4)
            place = "".join(traceback.format_tb(error.__traceback__)[-8:])
            log.error("Unexpected %s, number %s, in %s\n%s", type(error).__name__, number, scope["method"], place)
            if started:  # too late for another answer: the connection is cut, so that nobody takes half of one for all
                raise
            hint = f"Tell the owner of this server the number {number}; its log has the details."
            await answer(500, "unexpected", "Something unexpected happened on the server.", hint)(scope, receive, send)


class Doors:
    """Turns away requests that a foreign web page made a browser send.

    On a loopback address the Host header must be a loopback name, or a page could rename itself to 127.0.0.1 (DNS rebinding).
    Everywhere a request that changes something must come from this very site (cross-site request forgery).

    Args:
        loopback: whether the server listens on a loopback address.
    """

    def __init__(self, app: ASGIApp, loopback: bool) -> None:
        self.app = app
        self.loopback = loopback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["type"] == "http":
                self.check(scope["method"], Headers(scope=scope))
        except BesideError as error:
            return await shaped(error)(scope, receive, send)
        await self.app(scope, receive, send)

    def check(self, method: str, headers: Headers) -> None:
        """Does nothing when the request may come in.

        Raises:
            NotPermitted: it may not.
        """
        host = headers.get("host", "")
        if self.loopback and not is_loopback(host_name(host)):
            raise NotPermitted(f"This server does not answer to the name '{host[:80]}'.", "Call it 127.0.0.1 or localhost.")
        if method in READING:
            return
        origin = headers.get("origin")
        foreign = origin is not None and urlsplit(origin).netloc.lower() != host.lower()
        if foreign or headers.get("sec-fetch-site") == "cross-site":
            hint = "Send it from this server's own pages, or from a program."
            raise NotPermitted("This request was made by another web site.", hint)


class BodyLimit:
    """Refuses a body above 2 MB, by what it says of its length and by what really comes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        told = Headers(scope=scope).get("content-length", "0")
        if not told.isdecimal() or len(told) > 9 or int(told) > LARGEST_BODY:
            return await answer(413, *PLAIN[413])(scope, receive, send)
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > LARGEST_BODY:
                raise HTTPException(413)
            return message

        await self.app(scope, counted, send)


def host_name(host: str) -> str:
    """The name in a Host header, without the port; empty when it cannot be read."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def is_loopback(name: str) -> bool:
    """Whether this name or address means the machine itself, and nothing else can make it mean another."""
    if name.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
