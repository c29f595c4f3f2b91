"""Who is asking: an API token, a console session, or whoever sits at this machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from beside.api.guard import is_loopback
from beside.api.visits import visit_now
from beside.core.errors import NotPermitted, NotSignedIn
from beside.core.types import Actor
from beside.loop import Loop
from beside.store.workspace import Workspace

COOKIE = "beside_session"
LOCAL = Actor(name="local", roles=("user",))
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")  # headers of a proxy: the caller sits somewhere else
KEY_HINT = "Send the header `Authorization: Bearer KEY`; a key is an API token from the page My account, or of `beside user NAME`."

# only describes the key in the OpenAPI document; `caller` reads it
bearer = HTTPBearer(auto_error=False, description="An API token. On a loopback address calls without a key are taken, too.")
Bearer = Annotated[object, Depends(bearer)]


def caller(request: Request) -> Actor:
    """The person or program behind a request.

    Raises:
        NotSignedIn: the key is wrong, or there is none and the request does not come from this machine itself.
    """
    workspace: Workspace = request.app.state.workspace
    here = is_local(request)
    given = request.headers.get("authorization")
    # Hugging Face's client sends its own token along wherever it calls; here it names nobody
    if given is not None and not (here and given.startswith("Bearer hf_")):
        scheme, _, key = given.partition(" ")
        found = workspace.people.tokens.find(key.strip()) if scheme.lower() == "bearer" else None
        if found is None:
            raise NotSignedIn("The key in the header Authorization is not known here.", KEY_HINT)
        visit_now().names = (f"{found[1].person}/{found[1].label}", found[1].person)
        return found[0]
    token = request.cookies.get(COOKIE)
    actor = workspace.people.session(token) if token else None
    if actor is not None:
        return actor
    if here:
        return LOCAL
    raise NotSignedIn("Nobody is signed in.", KEY_HINT)


def is_local(request: Request) -> bool:
    """Whether server and caller are on the same machine, with no proxy between them that speaks for others."""
    client = request.client.host if request.client else ""
    proxied = any(name in request.headers for name in FORWARDED)
    return bool(request.app.state.loopback) and is_loopback(client) and not proxied


def must_hold(actor: Actor, roles: Sequence[str], doing: str) -> None:
    """Does nothing when the person holds one of the roles, or owns the workspace.

    Raises:
        NotPermitted: they do not.
    """
    if not any(actor.may(role) for role in roles):
        held = ", ".join(actor.roles) or "none"
        hint = f"Sign in as somebody with the role {' or '.join(roles)}."
        raise NotPermitted(f"'{actor.name}' (roles: {held}) may not {doing}.", hint)


def loop_for(request: Request) -> Loop:
    """The loop, as the person behind this request."""
    return Loop(request.app.state.workspace, caller(request))


async def described_caller(request: Request, _: Bearer) -> Actor:
    """`caller`, with the key in the OpenAPI document."""
    return caller(request) if is_nobody(request) else await run_sync(caller, request)


async def described_loop(request: Request, _: Bearer) -> Loop:
    """`loop_for`, with the key in the OpenAPI document."""
    return loop_for(request) if is_nobody(request) else await run_sync(loop_for, request)


def is_nobody(request: Request) -> bool:
    """Whether a request names nobody, so that nothing has to be looked up and no thread is needed for it."""
    return "authorization" not in request.headers and COOKIE not in request.cookies


Caller = Annotated[Actor, Depends(described_caller)]
TheLoop = Annotated[Loop, Depends(described_loop)]
