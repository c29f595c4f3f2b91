"""A committee at the command line: review, comment, incident, stop, resume, standing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from beside.cli.frame import HERE, As, Folder, Json, command, show, working
from beside.core.errors import BadOption

if TYPE_CHECKING:  # loaded by the command that needs it
    from beside.core.types import Reply

Why = Annotated[str, typer.Option(help="Why; it is kept for good.")]


@command
def review(
    release: str,
    decision: Annotated[str, typer.Argument(help="approve or reject")],
    reason: Annotated[str, typer.Option(help="Why; it is stored with the signature.")],
    answer: Annotated[list[str] | None, typer.Option(help="Checklist: QUESTION=yes, or 'QUESTION=no: NOTE'; repeatable.")] = None,
    condition: Annotated[list[str] | None, typer.Option(help="What the approval depends on; repeatable.")] = None,
    blocking: Annotated[
        list[str] | None, typer.Option(help="A condition that keeps the gate closed until another person calls it met; repeatable.")
    ] = None,
    role: Annotated[str | None, typer.Option(help="Sign in this role; default: the one that is still missing.")] = None,
    as_: As = None,
    workspace: Folder = HERE,
    json: Json = False,
) -> bool:
    """Sign a release. Exit code 1 if the policy still says no."""
    from beside.cli.telling import release_in_words
    from beside.core.types import Condition
    from beside.stages.review import Said

    if decision not in ("approve", "reject"):
        raise BadOption(f"The decision cannot be '{decision}'.", "Say approve or reject.")
    conditions = [Condition(text=text) for text in condition or []] + [
        Condition(text=text, blocking=True) for text in blocking or []
    ]
    said = Said(answers=dict(map(reply, answer or [])), conditions=conditions, role=role)
    with working(workspace, as_) as loop:
        signed = loop.review(release, cast(Literal["approve", "reject"], decision), reason, said)
    show(json, signed, release_in_words)
    return decision == "approve" and signed.state != "approved"


@command
def standing(release: str, as_: As = None, workspace: Folder = HERE, json: Json = False) -> bool:
    """Show where a release stands: who signed, who is missing, what is open. Exit code 1 if it may not be served."""
    from beside.cli.committee_telling import standing_in_words

    with working(workspace, as_) as loop:
        found = loop.standing(release)
    show(json, found, standing_in_words)
    return bool(found.objections)


@command
def comment(
    release: str,
    text: str,
    finding: Annotated[str | None, typer.Option(help="Id of the finding; without it the release as a whole.")] = None,
    replaces: Annotated[str | None, typer.Option(help="Id of your own comment that this one says better.")] = None,
    as_: As = None,
    workspace: Folder = HERE,
    json: Json = False,
) -> None:
    """Say something of a release, or of one of its findings."""
    with working(workspace, as_) as loop:
        made = loop.comment(release, text, finding, replaces)
    show(json, made, lambda made: print(f"{made.id}: {made.who} on {made.finding_id or made.release_id}"))


@command
def incident(
    release: str,
    text: str,
    severity: Annotated[str, typer.Option(help="low, medium, or high, which suspends the approval at once.")] = "medium",
    as_: As = None,
    workspace: Folder = HERE,
    json: Json = False,
) -> None:
    """Report that something went wrong with a release."""
    with working(workspace, as_) as loop:
        made, halt = loop.incident(release, severity, text)
    told = "; the approval is suspended" if halt else ""
    show(json, made, lambda made: print(f"{made.id}: {made.severity}, by {made.who}{told}"))


@command
def stop(release: str, reason: Why, as_: As = None, workspace: Folder = HERE, json: Json = False) -> None:
    """Stop a release: it answers no further request, wherever it is served."""
    with working(workspace, as_) as loop:
        made = loop.stop(release, reason)
    show(json, made, lambda made: print(f"{release} is stopped by {made.who}. A new full round of signatures starts it again."))


@command
def resume(
    release: str,
    reason: Why,
    about: Annotated[str | None, typer.Option(help="Id of one suspension, or of a condition that is met.")] = None,
    as_: As = None,
    workspace: Folder = HERE,
    json: Json = False,
) -> bool:
    """Say that a suspension may end, or that a condition is met. Exit code 1 if the release may still not be served."""
    from beside.cli.committee_telling import standing_in_words

    with working(workspace, as_) as loop:
        loop.resume(release, reason, about)
        found = loop.standing(release)
    show(json, found, standing_in_words)
    return bool(found.objections)


def reply(given: str) -> tuple[str, Reply]:
    """`QUESTION=yes` or `QUESTION=no: NOTE` as the question and its reply.

    Raises:
        BadOption: written otherwise.
    """
    from beside.core.types import Reply

    question, equals, rest = given.partition("=")
    answer, _, note = rest.partition(":")
    word = {"yes": "yes", "no": "no", "na": "not applicable", "n/a": "not applicable"}.get(answer.strip(), answer.strip())
    if not equals or word not in ("yes", "no", "not applicable"):
        raise BadOption(f"Cannot read the answer '{given}'.", "Write QUESTION=yes, 'QUESTION=no: NOTE', or 'QUESTION=na: NOTE'.")
    return question.strip(), Reply(answer=cast(Literal["yes", "no", "not applicable"], word), note=note.strip())
