"""What signed-in people do with a release: sign it, and have a challenger trained."""

from __future__ import annotations

from fastapi import APIRouter

from beside.api.actor import TheLoop
from beside.api.bodies import LONGEST_REASON, ReviewBody, Started
from beside.api.errors import document
from beside.api.improving import start_improving
from beside.core.errors import BadInput
from beside.core.types import Release

router = APIRouter(prefix="/v1/releases", tags=["releases"], responses=document(401, 403, 404, 409, 413, 422, 500))


@router.post("/{id}/reviews")
def review(id: str, body: ReviewBody, loop: TheLoop) -> Release:
    """Signs over the seal of a release, in the name of whoever is signed in. Needs a role that the release's policy names."""
    if len(body.reason) > LONGEST_REASON:
        raise BadInput(f"The reason has {len(body.reason)} characters.", f"A reason may have {LONGEST_REASON}.")
    return loop.review(id, body.decision, body.reason)


@router.post("/{id}/improve", status_code=202)
def improve(id: str, loop: TheLoop) -> Started:
    """Starts training a challenger on the corrections, as a process of its own, and compares it with this release."""
    process = start_improving(loop.workspace, loop.actor, id)
    return Started(release=id, process=process, progress="/v1/progress")
