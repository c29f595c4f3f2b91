"""Retention: how long each kind of thing is kept, what is due, what goes with it, and its removal. For privacy officers."""

from __future__ import annotations

from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from beside.api.starting import start_retention
from beside.console.home import failed
from beside.console.page import render, workspace_of
from beside.console.persons import officer
from beside.core.errors import BadInput, BesideError

router = APIRouter(include_in_schema=False)


@router.get("/persons/retention")
def look(request: Request, started: str = "") -> Response:
    """What is due now; nothing is changed."""
    return page(request, started=bool(started))


@router.post("/persons/retention")
async def remove(request: Request, sure: Annotated[str, Form()] = "") -> Response:
    """Starts the removal as a process of its own, once a person says that they are sure."""
    return await run_sync(begun, request, sure == "yes")


def begun(request: Request, sure: bool) -> Response:
    """Whether the removal has begun, or why it has not."""
    loop = officer(request)
    try:
        if not sure:
            raise BadInput("Nobody said that they are sure.", "Tick the box above the button: there is no way back.")
        start_retention(workspace_of(request), loop.actor)
    except BesideError as error:
        return page(request, error=error)
    return RedirectResponse("/persons/retention?started=1", status_code=303)


def page(request: Request, error: BesideError | None = None, started: bool = False) -> Response:
    """The periods, and what is due."""
    loop, workspace = officer(request), workspace_of(request)
    progress = workspace.progress()
    return render(
        request,
        "retention.html",
        status=error.status if error else 200,
        outlook=loop.retention(),
        progress=progress,
        failed=failed(workspace) if started and not progress else None,
        error=error,
    )
