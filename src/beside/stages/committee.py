"""Release, a person's act -> Comment, Incident, Halt or Resolution: what a committee does besides signing, and where it stands."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from beside.core.committee import SEVERITIES, Comment, Halt, Incident, Proceedings, Resolution, Severity, condition_id
from beside.core.errors import BadInput, BadOption, GateClosed, NotPermitted
from beside.core.gate import objections_to, state, suspensions, who_stands
from beside.core.quorum import missing, seated, signing_role
from beside.core.registry import unknown
from beside.core.statements import Statement, current
from beside.core.types import Actor, Condition, Finding, Release, Signature, State, Value

SHORTEST = 3  # characters of a reason
LONGEST = 4000  # characters of a text
SAME = 1e-3  # how far a value may move when it is measured again and still be called the same


class Term(Value):
    """A condition of an approval that stands, and who has called it met."""

    id: str
    who: str
    condition: Condition
    met: tuple[Resolution, ...] = ()


class Standing(Value):
    """Where a release stands with its committee."""

    release_id: str
    state: State
    objections: tuple[str, ...]  # why it may not be served; empty = it may
    seats: dict[str, tuple[str, ...]]  # role -> who has signed in it
    missing: dict[str, int]  # role -> how many more must sign
    conditions: tuple[Term, ...]
    suspensions: tuple[Halt, ...]  # not lifted yet
    makers: tuple[str, ...]
    separation: bool
    proceedings: Proceedings


def standing_of(
    release: Release, findings: Sequence[Finding], proceedings: Proceedings, changes: Sequence[str], now: datetime
) -> Standing:
    """Where a release stands: who has signed, who is missing, what is open."""
    policy = release.policy
    people, approvals = who_stands(release, proceedings)
    taken = seated(policy, people)
    return Standing(
        release_id=release.id,
        state=state(release, findings, now, proceedings, changes),
        objections=tuple(objections_to(release, findings, now, proceedings, changes)),
        seats={seat: tuple(name for name in people if taken.get(name) == seat) for seat in policy.signers},
        missing=missing(policy, people),
        conditions=terms(approvals, proceedings),
        suspensions=tuple(suspensions(policy, release.makers, proceedings)),
        makers=release.makers,
        separation=policy.separation,
        proceedings=proceedings,
    )


def terms(approvals: Sequence[Signature], proceedings: Proceedings) -> tuple[Term, ...]:
    """The conditions of each person's newest approval."""
    found = []
    for one in {one.who: one for one in approvals}.values():
        for place, condition in enumerate(one.conditions):
            id = condition_id(one, place)
            met = tuple(said for said in proceedings.about(id) if said.who != one.who)
            found.append(Term(id=id, who=one.who, condition=condition, met=met))
    return tuple(found)


def comment(release: Release, actor: Actor, text: str, finding_id: str | None, replaces: str | None, now: datetime) -> Comment:
    """What a person says of a release or of one finding. Raises BadInput: nothing, or too much."""
    given = words_of(text, "comment")
    return Comment(
        id=new_id("comment"), release_id=release.id, finding_id=finding_id, replaces=replaces, text=given, who=actor.name, at=now
    )


def incident(release: Release, actor: Actor, severity: str, text: str, now: datetime) -> tuple[Incident, Halt | None]:
    """An incident, with the suspension it brings when it is severe or a privacy officer reports it.

    Raises:
        NotPermitted: somebody without a role.
        BadOption, BadInput: an unknown severity, or no text.
    """
    if not actor.roles:
        raise NotPermitted(f"'{actor.name}' has no role here.", "Ask the owner of the workspace for a role.")
    if severity not in SEVERITIES:
        raise BadOption(f"There is no severity '{severity}'.", f"Severities: {', '.join(SEVERITIES)}.")
    level: Severity = next(one for one in SEVERITIES if one == severity)
    role = "privacy_officer" if "privacy_officer" in actor.roles else actor.roles[0]
    told = words_of(text, "incident")
    id = new_id("incident")
    made = Incident(id=id, release_id=release.id, severity=level, text=told, who=actor.name, role=role, at=now)
    severe = level == "high" or role == "privacy_officer"
    return made, suspension(release, actor, role, id, told, now) if severe else None


def suspension(release: Release, actor: Actor, role: str, cause: str, why: str, now: datetime) -> Halt:
    """What takes an approval away until people lift it."""
    return Halt(
        id=new_id("halt"), release_id=release.id, what="suspension", reason=why, cause=cause, who=actor.name, role=role, at=now
    )


def stop(release: Release, actor: Actor, reason: str, now: datetime) -> Halt:
    """The stop button. Raises BadInput: no reason."""
    given = words_of(reason, "reason")
    role = next((role for role in ("reviewer", "privacy_officer", "admin") if role in actor.roles), "none")
    return Halt(id=new_id("halt"), release_id=release.id, what="stop", reason=given, who=actor.name, role=role, at=now)


def resolve(release: Release, proceedings: Proceedings, actor: Actor, about: str, reason: str, now: datetime) -> Resolution:
    """One person's word that a suspension may end or that another person's condition is met.

    Raises:
        UnknownName: no suspension or condition of that name is open.
        NotPermitted: the policy does not let this person sign, or it is their own condition.
        BadInput: no reason, or said already.
    """
    role = signing_role(release, actor, None, proceedings)
    _, approvals = who_stands(release, proceedings)
    conditions = {one.id: one for one in terms(approvals, proceedings)}
    open_ = [halt.id for halt in suspensions(release.policy, release.makers, proceedings)]
    if about not in conditions and about not in open_:
        raise unknown("open suspension or condition", about, [*open_, *conditions])
    if about in conditions and conditions[about].who == actor.name:
        raise NotPermitted(f"'{actor.name}' set this condition.", "Another person who may sign has to call it met.")
    if any(one.who == actor.name for one in proceedings.about(about)):
        raise BadInput(f"'{actor.name}' has said so of '{about}' already.", "Once is enough; others who may sign can say it, too.")
    given = words_of(reason, "reason")
    return Resolution(id=new_id("resolution"), release_id=release.id, about=about, reason=given, who=actor.name, role=role, at=now)


def nothing_to_resume(standing: Standing) -> GateClosed | BadInput:
    """Why there is no suspension that this person could end."""
    if standing.state == "stopped":
        told = f"The release '{standing.release_id}' was stopped; only a full new round of signatures starts it again."
        return GateClosed(told, f"Each who must sign: beside review {standing.release_id} approve --reason TEXT")
    if standing.suspensions:
        return BadInput("You have said so already; others who may sign have to say it, too.", "Once is enough.")
    return BadInput(f"The release '{standing.release_id}' is not suspended.", f"Its state is '{standing.state}'.")


def measured_anew(release: Release, signed: Sequence[Finding], newest: Sequence[Finding]) -> list[str]:
    """What the policy limits and a later audit found otherwise than what people signed over."""
    told = []
    for limit in release.policy.limits:
        before, after = (
            [one for one in found if (one.check, one.metric) == (limit.check, limit.metric)] for found in (signed, newest)
        )
        since = max((one.made_at for one in before), default=None)
        later = [one for one in after if since is not None and one.made_at > since]
        if later and not alike(before, later):
            one = later[-1]
            told.append(
                f"{one.metric} of {one.check} was measured again on {one.made_at:%Y-%m-%d} and is now {one.value:.3f} "
                f"({one.low:.3f} to {one.high:.3f}, n = {one.n}); people signed over {before[-1].value:.3f}. Release the run again."
            )
    return told


def restated(bundle: Path, statements: Sequence[Statement]) -> list[str]:
    """What people wrote otherwise after it was sealed. What was not written then is no change: nobody signed over it."""
    try:
        sealed = {(one["key"], one["language"]): one["text"] for one in json.loads((bundle / "statements.json").read_bytes())}
    except (OSError, ValueError, KeyError, TypeError):
        return []  # a bundle from before there were statements, or one that was altered, which is told elsewhere
    return [
        f"The statement '{one.key}' was changed by {one.who} on {one.at:%Y-%m-%d}, after people signed. Release the run again."
        for one in current(statements)
        if sealed.get((one.key, one.language), one.text) != one.text
    ]


def alike(before: Sequence[Finding], after: Sequence[Finding]) -> bool:
    """Whether two audits found the same."""
    pairs = list(zip(*(sorted(found, key=lambda one: one.value) for found in (before, after)), strict=False))
    near = all(abs(getattr(a, name) - getattr(b, name)) <= SAME for a, b in pairs for name in ("value", "low", "high"))
    return len(before) == len(after) and near and all(a.n == b.n for a, b in pairs)


def words_of(text: str, what: str) -> str:
    """The text without spaces around it. Raises BadInput: nothing, or too much."""
    if len(text.strip()) < SHORTEST:
        raise BadInput(f"The {what} is empty.", f"Write at least {SHORTEST} characters.")
    if len(text) > LONGEST:
        raise BadInput(f"The {what} has {len(text)} characters.", f"It may have {LONGEST}.")
    if "\0" in text:
        raise BadInput(f"The {what} holds the character NUL.", "Remove it; no database takes it.")
    return text.strip()


def new_id(kind: str) -> str:
    """A name that nothing else has."""
    return f"{kind}-{uuid4().hex[:12]}"
