"""People: who has an account here, with which roles; admins add, change and disable them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from beside.api.actor import must_hold
from beside.console.account import person
from beside.console.account_words import AccountWords
from beside.console.page import language_of, render, workspace_of
from beside.core.errors import BesideError, UnknownName
from beside.core.types import Actor
from beside.store.people import People
from beside.store.permission import ROLES

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form()]
Several = Annotated[list[str], Form(default_factory=list)]


@router.get("/people")
def people(request: Request, done: str = "") -> Response:
    """Everybody with an account."""
    return listed(request, looking(request), done=done)


@router.get("/people/one")
def one(request: Request, name: str = "", done: str = "") -> Response:
    """One person's account."""
    return shown(request, looking(request), name, done=done)


@router.post("/people")
def add(request: Request, roles: Several, name: Text = "") -> Response:
    """Adds a person without any secret, and shows the link with which they choose a password."""
    actor, accounts = person(request), workspace_of(request).people
    must_hold(actor, ("admin",), "add a person")
    try:
        if any(known.name == name for known in accounts.accounts(actor)):
            return RedirectResponse(f"/people/one?name={quote(name)}&done=known", status_code=303)
        accounts.add(actor, name, roles, token=False)
        code = accounts.signing_in.make_code(actor, name)
    except BesideError as error:
        return listed(request, actor, error, name)
    return shown(request, actor, name, code=code)


@router.post("/people/roles")
def change_roles(request: Request, roles: Several, name: Text = "") -> Response:
    """Gives a person other roles."""
    return done_to(request, name, "roles", lambda accounts, actor: accounts.set_roles(actor, name, roles))


@router.post("/people/code")
def new_code(request: Request, name: Text = "") -> Response:
    """Makes a link with which a person chooses a new password, and shows it, this once."""
    actor = person(request)
    try:
        code = workspace_of(request).people.signing_in.make_code(actor, name)
    except UnknownName:
        raise
    except BesideError as error:
        return shown(request, actor, name, error)
    return shown(request, actor, name, code=code)


@router.post("/people/disable")
def disable(request: Request, name: Text = "") -> Response:
    """Closes an account at once."""
    return done_to(request, name, "disabled", lambda accounts, actor: accounts.disable(actor, name))


@router.post("/people/enable")
def enable(request: Request, name: Text = "") -> Response:
    """Opens an account again."""
    return done_to(request, name, "enabled", lambda accounts, actor: accounts.enable(actor, name))


@router.post("/people/sign-out")
def sign_out(request: Request, name: Text = "") -> Response:
    """Ends all sessions of a person."""
    return done_to(request, name, "out", lambda accounts, actor: accounts.sessions.end_all(actor, name))


@router.post("/people/revoke")
def revoke(request: Request, name: Text = "", id: Text = "") -> Response:
    """Ends a token of a person."""
    return done_to(request, name, "revoked", lambda accounts, actor: accounts.tokens.revoke(actor, id))


def done_to(request: Request, name: str, done: str, act: Callable[[People, Actor], None]) -> Response:
    """Does something to a person's account; their page again, which says so, or what went wrong."""
    actor = person(request)
    must_hold(actor, ("admin",), "change an account")
    try:
        act(workspace_of(request).people, actor)
    except UnknownName:
        raise
    except BesideError as error:
        return shown(request, actor, name, error)
    return RedirectResponse(f"/people/one?name={quote(name)}&done={done}", status_code=303)


def looking(request: Request) -> Actor:
    """Who looks, when they may see everybody.

    Raises:
        NotSignedIn, NotPermitted: they may not.
    """
    actor = person(request)
    must_hold(actor, ("admin", "privacy_officer"), "see who has an account")
    return actor


def listed(request: Request, actor: Actor, error: BesideError | None = None, name: str = "", done: str = "") -> Response:
    """The page of everybody."""
    must_hold(actor, ("admin", "privacy_officer"), "see who has an account")
    accounts = workspace_of(request).people.accounts(actor)
    return render(
        request,
        "people.html",
        status=error.status if error else 200,
        accounts=accounts,
        roles=ROLES,
        told=AccountWords(language_of(request)),
        error=error,
        name=name,
        done=done,
    )


def shown(request: Request, actor: Actor, name: str, error: BesideError | None = None, code: str = "", done: str = "") -> Response:
    """The page of one person, with a link that is shown this once when there is a code."""
    must_hold(actor, ("admin", "privacy_officer"), "see who has an account")
    accounts = workspace_of(request).people
    return render(
        request,
        "person.html",
        status=error.status if error else 200,
        known=accounts.account(actor, name),
        tokens=accounts.tokens.of(actor, name),
        sessions=accounts.sessions.of(actor, name),
        roles=ROLES,
        told=AccountWords(language_of(request)),
        error=error,
        link=f"{str(request.base_url).rstrip('/')}/sign-in/code?code={code}" if code else "",
        done=done,
    )
