"""Questions that wait for a person: what the server handed over, why, and the page on which to answer each."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from beside.api.actor import caller
from beside.console.answer_forms import title
from beside.console.page import render, workspace_of

SHOWN = 50  # on the page, the oldest; all of them are in `/v1/waiting`

router = APIRouter(include_in_schema=False)


@router.get("/waiting")
def waiting(request: Request) -> Response:
    """The page."""
    records, actor = workspace_of(request).records, caller(request)
    return render(
        request,
        "waiting.html",
        questions=[(one, title(one)) for one in records.waiting(actor, limit=SHOWN)],
        of=records.how_many_wait(actor),
    )
