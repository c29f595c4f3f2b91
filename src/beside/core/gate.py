"""The gate: why a release may not be served. Pure: findings, signatures and a date go in, reasons come out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from beside.core.recipe import Limit, Policy
from beside.core.types import FEWEST_ROWS, Actor, Finding, Signature


def objections(policy: Policy, findings: Sequence[Finding], signatures: Sequence[Signature], seal: str, now: datetime) -> list[str]:
    """Every reason why this may not be served; empty when it may.

    Findings are judged by the limits of this policy, whatever limits they were measured under.

    Args:
        policy: what must hold and who must sign.
        findings: what was measured about the run.
        signatures: all decisions of people; those that stand over `seal` count.
        seal: sha256 of the bundle's manifest.
        now: with time zone.
    """
    counted = standing(signatures, seal)
    reasons = [reason for limit in policy.limits for reason in against(limit, findings, policy.block_inconclusive)]
    reasons += [f"{one.who} rejected it: {one.reason}" for one in counted if one.decision == "reject"]
    return reasons + unsigned(policy, counted, seal, now)


def standing(signatures: Iterable[Signature], seal: str) -> tuple[Signature, ...]:
    """The signatures over this seal that still count: each person's since they last changed their mind."""
    over = [one for one in signatures if one.over == seal]
    last = {one.who: one.decision for one in over}
    turned = {one.who: place for place, one in enumerate(over) if one.decision != last[one.who]}
    return tuple(one for place, one in enumerate(over) if place > turned.get(one.who, -1))


def against(limit: Limit, findings: Sequence[Finding], block_inconclusive: bool) -> list[str]:
    """What speaks against a release under one limit: a finding that fails it, or that there is none."""
    measured = [one for one in findings if (one.check, one.metric) == (limit.check, limit.metric)]
    if not measured:
        return [f"{limit.metric} of {limit.check} was not measured, and the policy limits it."]
    reasons = []
    for one in measured:
        verdict = one.model_copy(update={"limit": limit.limit}).verdict
        asked = f"the policy asks for at {'least' if one.better == 'higher' else 'most'} {limit.limit:g}"
        told = f"{one.metric} of {one.check} is {one.value:.3f} ({one.low:.3f} to {one.high:.3f}, n = {one.n}); {asked}"
        if verdict == "fail":
            reasons.append(f"{told}.")
        elif verdict == "inconclusive" and block_inconclusive:
            few = f"fewer than {FEWEST_ROWS} rows" if one.n < FEWEST_ROWS else "the interval holds the limit"
            reasons.append(f"{told}, which this data cannot decide ({few}).")
    return reasons


def unsigned(policy: Policy, signatures: Sequence[Signature], seal: str, now: datetime) -> list[str]:
    """What is missing in approvals: too few different people, or too long ago.

    Approvals are counted in rounds: as soon as `quorum` different people have approved, a round is complete, and its last
    approval starts the clock of `valid_days`. So one person alone cannot renew what two had to approve.
    """
    roles = " or ".join(policy.roles)
    approvals = [one for one in signatures if one.decision == "approve" and one.over == seal]
    valid = [one for one in approvals if any(Actor(name=one.who, roles=(one.role,)).may(role) for role in policy.roles)]
    round_of: set[str] = set()
    complete: datetime | None = None
    for one in sorted(valid, key=lambda signature: signature.at):
        round_of.add(one.who)
        if len(round_of) >= policy.quorum:
            complete, round_of = one.at, set()
    if complete is None:
        return [f"{len(round_of)} of {policy.quorum} needed approvals by a {roles} over this bundle."]
    expiry = complete + timedelta(days=policy.valid_days)
    return [f"The approval expired on {expiry:%Y-%m-%d}, {policy.valid_days} days after it was given."] if now >= expiry else []
