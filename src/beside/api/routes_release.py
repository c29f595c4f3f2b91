"""What signed-in people do with a release: sign it, speak of it, stop it, and have a challenger trained."""

from __future__ import annotations

from fastapi import APIRouter

from beside.api.actor import LOCAL, TheLoop
from beside.api.bodies import (
    LONGEST_REASON,
    Checklist,
    CommentBody,
    IncidentBody,
    ReasonBody,
    ResumeBody,
    ReviewBody,
    Started,
)
from beside.api.errors import document
from beside.api.starting import start_improving
from beside.core.committee import Comment, Halt, Incident, Resolution
from beside.core.errors import BadInput, NotSignedIn
from beside.core.types import Condition, Release, Reply
from beside.loop import Loop
from beside.stages.committee import Standing, Term
from beside.stages.review import Said

router = APIRouter(prefix="/v1/releases", tags=["releases"], responses=document(401, 403, 404, 409, 413, 422, 500))


@router.post("/{id}/reviews")
def review(id: str, body: ReviewBody, loop: TheLoop) -> Release:
    """Signs over the seal of a release, in the name of whoever is signed in. Needs a role that the release's policy names."""
    said = Said(
        answers={name: Reply(**one.model_dump()) for name, one in body.answers.items()},
        conditions=[Condition(**one.model_dump()) for one in body.conditions],
        role=body.role,
    )
    return loop.review(id, body.decision, short(body.reason), said)


@router.get("/{id}/standing")
def standing(id: str, loop: TheLoop) -> Standing:
    """Who has signed, who is missing, what is open, and why the release may not be served if it may not."""
    return loop.standing(id)


@router.get("/{id}/checklist")
def checklist(id: str, loop: TheLoop) -> Checklist:
    """What the policy of a release asks a reviewer."""
    policy = loop.workspace.records.release(loop.actor, id).policy
    return Checklist(questions=policy.checklist, required=policy.answers_required)


@router.get("/{id}/comments")
def comments(id: str, loop: TheLoop) -> list[Comment]:
    """All that was said of a release and its findings, the oldest first; an edited comment is there with its earlier words."""
    return list(loop.proceedings(id).comments)


@router.post("/{id}/comments", status_code=201)
def comment(id: str, body: CommentBody, loop: TheLoop) -> Comment:
    """Says something of a release, or of one finding. An edit names the comment that it replaces."""
    return person(loop).comment(id, short(body.text), body.finding, body.replaces)


@router.get("/{id}/incidents")
def incidents(id: str, loop: TheLoop) -> list[Incident]:
    """All incidents that were reported, the oldest first."""
    return list(loop.proceedings(id).incidents)


@router.post("/{id}/incidents", status_code=201)
def incident(id: str, body: IncidentBody, loop: TheLoop) -> Incident:
    """Reports an incident. High severity, or a privacy officer's report, suspends the approval at once."""
    made, _ = person(loop).incident(id, body.severity, short(body.text))
    return made


@router.post("/{id}/stop", status_code=201)
def stop(id: str, body: ReasonBody, loop: TheLoop) -> Halt:
    """Stops a release: it answers no further request, wherever it is served. A new full round of signatures starts it again."""
    return person(loop).stop(id, short(body.reason))


@router.post("/{id}/resume", status_code=201)
def resume(id: str, body: ResumeBody, loop: TheLoop) -> list[Resolution]:
    """Says that a suspension may end. It ends when as many people said so, in the same roles, as must approve.

    What was stopped is not resumed here: it takes a new full round of signatures.
    """
    return person(loop).resume(id, short(body.reason), body.about)


@router.get("/{id}/conditions")
def conditions(id: str, loop: TheLoop) -> list[Term]:
    """The conditions of the approvals that stand, and who called them met."""
    return list(loop.standing(id).conditions)


@router.post("/{id}/conditions/{condition}", status_code=201)
def met(id: str, condition: str, body: ReasonBody, loop: TheLoop) -> Resolution:
    """Says that somebody else's condition is met."""
    return person(loop).resolve(id, condition, short(body.reason))


@router.post("/{id}/improve", status_code=202)
def improve(id: str, loop: TheLoop) -> Started:
    """Starts training a challenger on the corrections, as a process of its own, and compares it with this release."""
    process = start_improving(loop.workspace, loop.actor, id)
    return Started(release=id, process=process, progress="/v1/progress")


def person(loop: Loop) -> Loop:
    """The loop itself, when a person with a name stands behind the request.

    Raises:
        NotSignedIn: it is just somebody at this machine.
    """
    if loop.actor == LOCAL:
        raise NotSignedIn("Nobody is signed in.", "Sign in: what is said of a release carries a name.")
    return loop


def short(reason: str) -> str:
    """The reason itself. Raises BadInput: it is too long."""
    if len(reason) > LONGEST_REASON:
        raise BadInput(f"The reason has {len(reason)} characters.", f"A reason may have {LONGEST_REASON}.")
    return reason
