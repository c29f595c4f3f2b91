"""What people do on the page of a release besides signing: comment, report, stop, resume, call a condition met."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from beside.api.actor import loop_for
from beside.api.routes_release import person
from beside.console.review import page
from beside.core.errors import BadInput, BesideError, UnknownName
from beside.loop import Loop

LONGEST = 2000  # characters
Written = Annotated[str, Form(max_length=LONGEST)]
Named = Annotated[str, Form()]

router = APIRouter(include_in_schema=False)


@router.post("/review/{release_id}/comment")
def comment(request: Request, release_id: str, text: Written = "", finding: Named = "", replaces: Named = "") -> Response:
    """A word on the release, or on one finding."""
    place = f"talk-{finding}" if finding else "talk"
    return done(request, release_id, place, lambda loop: loop.comment(release_id, text, finding or None, replaces or None))


@router.post("/review/{release_id}/incident")
def incident(request: Request, release_id: str, severity: Named = "", text: Written = "") -> Response:
    """An incident is reported."""
    return done(request, release_id, "incidents", lambda loop: loop.incident(release_id, severity, text))


@router.post("/review/{release_id}/stop")
def stop(request: Request, release_id: str, reason: Written = "", sure: Named = "") -> Response:
    """The stop button, pressed by somebody who said that they are sure."""

    def pressed(loop: Loop) -> None:
        if not sure:
            raise BadInput("'sure' is missing.", "Tick the box, then press stop again.")
        loop.stop(release_id, reason)

    return done(request, release_id, "against", pressed)


@router.post("/review/{release_id}/resolve")
def resolve(request: Request, release_id: str, about: Named = "", reason: Written = "") -> Response:
    """A suspension may end, or a condition is met."""
    return done(request, release_id, "against", lambda loop: loop.resolve(release_id, about, reason))


def done(request: Request, release_id: str, place: str, act: Callable[[Loop], object]) -> Response:
    """The page again after an act, at the place it changed; or with what was wrong."""
    loop = loop_for(request)
    loop.records.release(loop.actor, release_id)  # one that is not there is a page of its own
    try:
        act(person(loop))
    except BesideError as error:
        if isinstance(error, UnknownName):
            raise
        return page(request, release_id, error)
    return RedirectResponse(f"/review/{release_id}#{place}", status_code=303)
