"""Who sits on the committee: which signatures count, how they fill the seats that a policy asks for, and who is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from beside.core.committee import NOTHING, Proceedings
from beside.core.errors import NotPermitted
from beside.core.recipe import Policy
from beside.core.types import Actor, Release, Signature


def in_order(signatures: Iterable[Signature]) -> list[Signature]:
    """Signatures by the time they were given, each once: one that was copied to a later place is no second one."""
    each: list[Signature] = []
    for one in sorted(signatures, key=lambda signature: signature.at):
        if one not in each:
            each.append(one)
    return each


def standing(signatures: Iterable[Signature], seal: str) -> tuple[Signature, ...]:
    """The signatures over this seal that still count: each person's since they last changed their mind.

    They are put in the order in which they were given, so one that is repeated later says nothing new.
    """
    over = in_order(one for one in signatures if one.over == seal)
    last = {one.who: one.decision for one in over}
    turned = {one.who: place for place, one in enumerate(over) if one.decision != last[one.who]}
    return tuple(one for place, one in enumerate(over) if place > turned.get(one.who, -1))


def counting(
    policy: Policy, signatures: Sequence[Signature], release_id: str, makers: Sequence[str], held: Proceedings
) -> list[Signature]:
    """The approvals that count: of this release, by somebody who may sign, complete, and given after the last stop."""
    since = held.stopped_at()
    return [
        one
        for one in signatures
        if one.decision == "approve"
        and (not release_id or one.release_id in ("", release_id))
        and any(may_sit(policy, one.role, seat) for seat in policy.signers)
        and not (policy.separation and one.who in makers)
        and not (policy.answers_required and policy.checklist.keys() - one.answers.keys())
        and (since is None or one.at > since)
    ]


def rounds(policy: Policy, approvals: Sequence[Signature]) -> tuple[datetime | None, dict[str, str]]:
    """When the last complete round of approvals was complete, and who has signed since: name -> role.

    A round is complete when every seat of the policy is taken, each by another person.
    """
    complete: datetime | None = None
    people: dict[str, str] = {}
    for one in in_order(approvals):
        if one.decision != "approve" or not any(may_sit(policy, one.role, seat) for seat in policy.signers):
            continue
        people[one.who] = one.role
        if len(seated(policy, people)) == policy.quorum:
            complete, people = one.at, {}
    return complete, people


def last_round(policy: Policy, approvals: Sequence[Signature]) -> dict[str, str]:
    """Who stands for it now: the people of the newest complete round, or those who have signed so far; name -> role."""
    people: dict[str, str] = {}
    whole: dict[str, str] = {}
    for one in in_order(approvals):
        people[one.who] = one.role
        if len(seated(policy, people)) == policy.quorum:
            whole, people = people, {}
    return whole or people


def seated(policy: Policy, people: Mapping[str, str]) -> dict[str, str]:
    """Who takes which seat: name -> seat. One person takes one seat, and as many seats as possible are taken.

    A matching by augmenting paths (Kuhn 1955): whoever could sit elsewhere makes room.
    """
    chairs = [seat for seat, number in policy.signers.items() for _ in range(number)]
    taken: dict[int, str] = {}

    def sits(name: str, tried: set[int]) -> bool:
        for place, seat in enumerate(chairs):
            if place in tried or not may_sit(policy, people[name], seat):
                continue
            tried.add(place)
            if place not in taken or sits(taken[place], tried):
                taken[place] = name
                return True
        return False

    for name in people:
        sits(name, set())
    return {name: chairs[place] for place, name in taken.items()}


def may_sit(policy: Policy, role: str, seat: str) -> bool:
    """Whether somebody who signs in this role may take that seat."""
    return role in seat.split(" or ") or (role == "admin" and policy.admin_stands_in)


def missing(policy: Policy, people: Mapping[str, str]) -> dict[str, int]:
    """Seats that nobody has taken yet: seat -> how many."""
    taken = list(seated(policy, people).values())
    return {seat: number - taken.count(seat) for seat, number in policy.signers.items() if number > taken.count(seat)}


def signing_role(release: Release, actor: Actor, wanted: str | None = None, proceedings: Proceedings = NOTHING) -> str:
    """The role in which this person signs: the one they name, or the first of theirs whose seat is still empty.

    Raises:
        NotPermitted: none of the policy's roles is theirs, or they made what they would sign.
    """
    policy = release.policy
    if policy.separation and actor.name in release.makers:
        told = f"'{actor.name}' trained or released this, and the policy '{policy.name}' keeps these duties apart"
        raise NotPermitted(f"{told}.", "Ask somebody else to sign.")
    mine = [role for role in policy.roles if role in actor.roles]
    if wanted is not None and wanted not in [*mine, *(["admin"] if "admin" in actor.roles and policy.admin_stands_in else [])]:
        raise NotPermitted(f"'{actor.name}' may not sign as a {wanted}.", f"Roles that sign: {', '.join(policy.roles)}.")
    if wanted or mine:
        counted = counting(policy, standing(release.signatures, release.seal), release.id, release.makers, proceedings)
        _, people = rounds(policy, counted)
        others = {name: role for name, role in people.items() if name != actor.name}
        empty = missing(policy, others)
        return wanted or next((role for role in mine if any(may_sit(policy, role, seat) for seat in empty)), mine[0])
    if "admin" in actor.roles and policy.admin_stands_in:
        return "admin"
    held = f"has the role {', '.join(actor.roles)}" if actor.roles else "has no role"
    told = f"'{actor.name}' {held}; the policy '{policy.name}' asks for {' or '.join(policy.roles)}"
    raise NotPermitted(f"{told}.", "Ask somebody who has that role, or ask the owner of the workspace for it.")
