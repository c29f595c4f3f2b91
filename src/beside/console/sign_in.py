"""Sign in: a personal key is exchanged for a session cookie, so that the key leaves the address bar and the browser."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from beside.api.actor import COOKIE
from beside.console.page import render, workspace_of
from beside.core.errors import NotSignedIn

router = APIRouter(include_in_schema=False)


@router.get("/sign-in")
def sign_in(request: Request, key: str = "", next: str = "/") -> Response:
    """The form; with a key in the address, as `beside serve` prints it, signs in at once."""
    return exchange(request, key, next) if key else render(request, "sign_in.html", next=local(next), error=None)


@router.post("/sign-in")
def with_key(request: Request, key: Annotated[str, Form()] = "", next: Annotated[str, Form()] = "/") -> Response:
    """Signs in with the key from the form."""
    return exchange(request, key, next)


@router.post("/sign-out")
def sign_out(request: Request) -> Response:
    """Ends the session, on the server too."""
    token = request.cookies.get(COOKIE)
    if token:
        workspace_of(request).people.close_session(token)
    answer = RedirectResponse("/", status_code=303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


def exchange(request: Request, key: str, next: str) -> Response:
    """A session for a key, or for the token of the link that `beside serve` prints; the form again when nobody has it."""
    people = workspace_of(request).people
    actor = people.by_key(key.strip()) or people.session(key.strip())
    if actor is None:
        hint = "Copy it whole. The owner prints a new one with `beside user NAME --role ROLE`."
        error = NotSignedIn("No one has this key.", hint)
        return render(request, "sign_in.html", status=error.status, next=local(next), error=error)
    answer = RedirectResponse(local(next), status_code=303)
    secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, people.open_session(actor), httponly=True, samesite="strict", secure=secure)
    return answer


def local(address: str) -> str:
    """The address when it is a page of this server, else the home page: a sign-in link must not lead elsewhere."""
    inside = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable() and "\\" not in address
    return address if inside else "/"
