"""Persons: what is kept of a person, their copy of it, their erasure with its certificate. For privacy officers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from beside.api.actor import must_hold
from beside.api.routes_documents import SANDBOX, TYPES
from beside.api.starting import start_erasing
from beside.console.account import person
from beside.console.home import failed
from beside.console.page import render, workspace_of
from beside.core.erasure import Asked, Preview
from beside.core.errors import BadInput, BesideError
from beside.core.types import Actor
from beside.loop import Loop
from beside.stages import access
from beside.store.permission import MAKERS, STEWARDS

LONGEST = 4_000  # characters of a request

router = APIRouter(include_in_schema=False)
Word = Annotated[str, Form(max_length=LONGEST)]


@router.get("/persons")
def ask(request: Request, started: str = "") -> Response:
    """The empty form, and the certificates."""
    return page(request, officer(request), started=bool(started))


@router.post("/persons")
async def look(request: Request, name: Word = "", words: Word = "") -> Response:
    """Everything that holds a person. Whom, is in no address and in no log."""
    return await run_sync(found, request, name, words)


def found(request: Request, name: str, words: str) -> Response:
    """The preview, or what is wrong with the request."""
    loop = officer(request)
    try:
        preview = loop.person(asked_for(name, words))
    except BesideError as error:
        return page(request, loop, name, words, error=error)
    return page(request, loop, name, words, preview)


@router.post("/persons/access")
async def copy(request: Request, name: Word = "", words: Word = "") -> Response:
    """All that is kept of a person, as a zip file to hand over; who took it goes into the ledger."""
    return await run_sync(copied, request, name, words)


def copied(request: Request, name: str, words: str) -> Response:
    """The zip file, or why there is none."""
    loop = officer(request)
    try:
        content = access.as_zip(loop.access(asked_for(name, words)))
    except BesideError as error:
        return page(request, loop, name, words, error=error)
    headers = {"content-disposition": f'attachment; filename="access-{datetime.now(UTC):%Y-%m-%d}.zip"'}
    return Response(content, media_type="application/zip", headers=headers)


@router.post("/persons/erase")
async def erase(request: Request, name: Word = "", words: Word = "", sure: Word = "", retrain: Word = "") -> Response:
    """Starts the erasure as a process of its own, once a person says that they are sure; its progress shows on the page."""
    return await run_sync(begun, request, name, words, sure == "yes", retrain == "yes")


def begun(request: Request, name: str, words: str, sure: bool, retrain: bool) -> Response:
    """Whether the erasure has begun, or why it has not."""
    loop = officer(request)
    try:
        asked = asked_for(name, words)
        if not sure:
            raise BadInput("Nobody said that they are sure.", "Tick the box above the button: there is no way back.")
        if not loop.person(asked).holders:
            raise BadInput("Nothing is kept of this person.", "Check the pseudonym, or name them by words.")
        start_erasing(workspace_of(request), loop.actor, asked, retrain)
    except BesideError as error:
        return page(request, loop, name, words, error=error)
    return RedirectResponse("/persons?started=1", status_code=303)


@router.post("/persons/resume")
async def resume(request: Request) -> Response:
    """Goes on with an erasure that was cut off; nobody need be named again."""
    return await run_sync(resumed, request)


def resumed(request: Request) -> Response:
    """Whether it goes on, or why it does not."""
    loop = officer(request)
    try:
        if plan := loop.unfinished():
            start_erasing(workspace_of(request), loop.actor, plan.asked, bool(plan.again))
    except BesideError as error:
        return page(request, loop, error=error)
    return RedirectResponse("/persons?started=1", status_code=303)


@router.get("/persons/certificate/{file}")
def certificate(request: Request, file: str) -> Response:
    """A certificate for people to read, or with its signature as JSON."""
    content = officer(request).certificate(file)
    ending = f".{file.rpartition('.')[2]}"
    headers = {"Content-Security-Policy": SANDBOX} if ending == ".html" else {}
    if ending == ".json":
        headers["content-disposition"] = f'attachment; filename="{file}"'
    return Response(content, media_type=TYPES.get(ending, "application/json"), headers=headers)


def officer(request: Request) -> Loop:
    """The loop, for somebody who may see what is kept of a person.

    Raises:
        NotSignedIn, NotPermitted: they may not.
    """
    actor = person(request)
    must_hold(actor, STEWARDS, "see what is kept of a person")
    return Loop(workspace_of(request), actor)


def asked_for(name: str, words: str) -> Asked:
    """Whom the form names: a pseudonym or name, and words, one in each line. Raises BadInput as `Asked` does."""
    return Asked(person=name.strip() or None, words=tuple(line.strip() for line in words.splitlines() if line.strip()))


def page(
    request: Request,
    loop: Loop,
    name: str = "",
    words: str = "",
    preview: Preview | None = None,
    error: BesideError | None = None,
    started: bool = False,
) -> Response:
    """The form, what was found, and the certificates."""
    workspace = workspace_of(request)
    progress = workspace.progress()
    return render(
        request,
        "persons.html",
        status=error.status if error else 200,
        name=name,
        typed=words,
        preview=preview,
        may_train=may(loop.actor),
        certificates=loop.certificates(),
        unfinished=None if progress else loop.unfinished(),
        progress=progress,
        started=started,
        failed=failed(workspace) if started else None,
        backups=workspace.settings.retention.backups,
        error=error,
    )


def may(actor: Actor) -> bool:
    """Whether this person may have models trained again."""
    return any(actor.may(role) for role in MAKERS)
