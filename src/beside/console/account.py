"""My account: password, tokens for programs, open sessions."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from beside.api.actor import COOKIE, caller
from beside.console.account_words import AccountWords
from beside.console.page import language_of, render, signed_in, workspace_of
from beside.console.sign_in import address_of, must_be_same, renewed, without_cookie
from beside.core.errors import BadInput, BesideError, NotSignedIn
from beside.core.types import Actor
from beside.store.permission import ROLES
from beside.store.sessions import handle
from beside.store.tokens import sha256

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form()]
Several = Annotated[list[str], Form(default_factory=list)]


@router.get("/account")
def account(request: Request, done: str = "") -> Response:
    """The page."""
    return page(request, person(request), done=done)


@router.post("/account/password")
def change_password(request: Request, current: Text = "", password: Text = "", again: Text = "") -> Response:
    """Changes the password; all sessions end, and this browser gets a new one."""
    actor = person(request)
    try:
        must_be_same(password, again)
        workspace_of(request).people.signing_in.set_password(actor, actor.name, password, current, address_of(request))
    except BesideError as error:
        return page(request, actor, error)
    return renewed(request, actor, "/account?done=password")


@router.post("/account/tokens")
def make_token(request: Request, roles: Several, label: Text = "", days: Text = "") -> Response:
    """Makes a token and shows it, this once."""
    actor = person(request)
    try:
        if days and not (days.isdecimal() and len(days) < 9):
            raise BadInput(f"'{days[:20]}' is no number of days.", "Write a whole number, or leave it empty.")
        _, secret = workspace_of(request).people.tokens.make(actor, actor.name, label, roles, int(days) if days else None)
    except BesideError as error:
        return page(request, actor, error)
    return page(request, actor, secret=secret)


@router.post("/account/tokens/revoke")
def revoke_token(request: Request, id: Text = "") -> Response:
    """Ends one of one's tokens."""
    actor = person(request)
    try:
        workspace_of(request).people.tokens.revoke(actor, id)
    except BesideError as error:
        return page(request, actor, error)
    return RedirectResponse("/account?done=revoked#tokens", status_code=303)


@router.post("/account/sessions/end")
def end_session(request: Request, handle: Text = "") -> Response:
    """Ends one of one's sessions."""
    actor = person(request)
    try:
        workspace_of(request).people.sessions.end(actor, handle)
    except BesideError as error:
        return page(request, actor, error)
    return RedirectResponse("/account?done=ended#sessions", status_code=303)


@router.post("/account/sign-out-everywhere")
def sign_out_everywhere(request: Request) -> Response:
    """Ends all of one's sessions, this one too."""
    actor = person(request)
    workspace_of(request).people.sessions.end_all(actor, actor.name)
    return without_cookie(RedirectResponse("/sign-in", status_code=303))


def page(request: Request, actor: Actor, error: BesideError | None = None, secret: str = "", done: str = "") -> Response:
    """The page, with what went wrong, or with a token that is shown this once."""
    people = workspace_of(request).people
    known = next((one for one in people.accounts(actor) if one.name == actor.name), None)
    held = [role for role in ROLES if known and role in known.roles and role in actor.roles]
    facts: dict[str, Any] = {
        "known": known,
        "told": AccountWords(language_of(request)),
        "tokens": people.tokens.of(actor, actor.name),
        "sessions": people.sessions.of(actor, actor.name),
        "here": handle(sha256(request.cookies.get(COOKIE, ""))),
        "held": held if "user" in held else [*held, "user"],
    }
    return render(request, "account.html", status=error.status if error else 200, error=error, secret=secret, done=done, **facts)


def person(request: Request) -> Actor:
    """Who is signed in.

    Raises:
        NotSignedIn: nobody is.
    """
    actor = caller(request)
    if not signed_in(actor):
        raise NotSignedIn("Nobody is signed in.", "Sign in with a name and a password, or with a key.")
    return actor
