"""The gate: why a release may not be served. Pure: findings, signatures and a date go in, reasons come out.

Who signed and who is missing is counted in core/quorum.py; what halts a release is told in core/committee.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import isfinite

from beside.core.committee import NOTHING, Halt, Proceedings, condition_id
from beside.core.quorum import counting, in_order, last_round, rounds, seated
from beside.core.quorum import standing as standing
from beside.core.recipe import Limit, Policy
from beside.core.types import FEWEST_ROWS, Finding, Release, Signature, Skipped, State


def objections(
    policy: Policy,
    findings: Sequence[Finding],
    signatures: Sequence[Signature],
    seal: str,
    now: datetime,
    *,
    release_id: str = "",
    makers: Sequence[str] = (),
    proceedings: Proceedings = NOTHING,
    changes: Sequence[str] = (),
) -> list[str]:
    """Every reason why this may not be served; empty when it may.

    Findings are judged by the limits of this policy, whatever limits they were measured under.

    Args:
        policy: what must hold and who must sign.
        findings: what was measured about the run.
        signatures: all decisions of people; those that stand over `seal` count.
        seal: sha256 of the bundle's manifest.
        now: with time zone.
        release_id: a signature that was given for another release does not count; empty = not checked.
        makers: who trained and released it; under a policy with separation of duties their approval does not count.
        proceedings: incidents, halts and what people said of them later.
        changes: what is no longer as it was signed, each a sentence.
    """
    counted = standing(signatures, seal)
    mine = counting(policy, counted, release_id, makers, proceedings)
    reasons = halted(policy, mine, seal, makers, proceedings)
    reasons += [reason for limit in policy.limits for reason in against(limit, findings, policy.block_inconclusive)]
    reasons += [f"{one.who} rejected it: {one.reason}" for one in counted if one.decision == "reject"]
    reasons += [f"The condition of {who} is not met yet: {sentence(text)}" for who, text in unmet(mine, proceedings)]
    if few := unsigned(policy, mine, seal, now):
        reasons += few + set_aside(policy, signatures, seal, release_id, makers)
    return [*reasons, *changes]


def objections_to(
    release: Release, findings: Sequence[Finding], now: datetime, proceedings: Proceedings = NOTHING, changes: Sequence[str] = ()
) -> list[str]:
    """`objections` for a release as it is kept; of the findings only those that it names count."""
    named = [one for one in findings if one.id in release.finding_ids]
    held = {"release_id": release.id, "makers": release.makers, "proceedings": proceedings, "changes": changes}
    return objections(release.policy, named, release.signatures, release.seal, now, **held)  # type: ignore[arg-type]


def state(
    release: Release, findings: Sequence[Finding], now: datetime, proceedings: Proceedings = NOTHING, changes: Sequence[str] = ()
) -> State:
    """`state_of` for a release as it is kept; of the findings only those that it names count."""
    named = [one for one in findings if one.id in release.finding_ids]
    held = {"release_id": release.id, "makers": release.makers, "proceedings": proceedings, "changes": changes}
    return state_of(release.policy, named, release.signatures, release.seal, now, **held)  # type: ignore[arg-type]


def state_of(
    policy: Policy,
    findings: Sequence[Finding],
    signatures: Sequence[Signature],
    seal: str,
    now: datetime,
    *,
    release_id: str = "",
    makers: Sequence[str] = (),
    proceedings: Proceedings = NOTHING,
    changes: Sequence[str] = (),
) -> State:
    """Retired for good; rejected while one rejection stands; else stopped, suspended, approved, expired, a draft.

    Takes what `objections` takes.
    """
    counted = standing(signatures, seal)
    if proceedings.retired() is not None:
        return "retired"
    if any(one.decision == "reject" for one in counted):
        return "rejected"
    mine = counting(policy, counted, release_id, makers, proceedings)
    complete, _ = rounds(policy, mine)
    if proceedings.stopped_at() is not None and complete is None:
        return "stopped"
    if suspensions(policy, makers, proceedings):
        return "suspended"
    held = {"release_id": release_id, "makers": makers, "proceedings": proceedings, "changes": changes}
    if not objections(policy, findings, signatures, seal, now, **held):  # type: ignore[arg-type]
        return "approved"
    return "expired" if complete is not None and unsigned(policy, mine, seal, now) else "draft"


def who_stands(release: Release, proceedings: Proceedings = NOTHING) -> tuple[dict[str, str], list[Signature]]:
    """Who stands for a release now, name -> role, and the approvals that count."""
    counted = standing(release.signatures, release.seal)
    approvals = counting(release.policy, counted, release.id, release.makers, proceedings)
    return last_round(release.policy, approvals), approvals


def halted(policy: Policy, approvals: Sequence[Signature], seal: str, makers: Sequence[str], held: Proceedings) -> list[str]:
    """Who retired, stopped or suspended it, when and why.

    A stop ends once a full new round was signed, a suspension once it was lifted, a retirement never.

    Args:
        approvals: those that count, so none from before the last stop.
    """
    reasons = []
    if (gone := held.retired()) is not None:
        reasons.append(f"{gone.who} retired it for good on {gone.at:%Y-%m-%d %H:%M} UTC ({gone.cause}): {sentence(gone.reason)}")
    complete, _ = rounds(policy, [one for one in approvals if one.over == seal])
    stops = [one for one in held.halts if one.what == "stop"]
    if stops and complete is None:
        last = max(stops, key=lambda one: one.at)
        reasons.append(f"{last.who} stopped it on {last.at:%Y-%m-%d %H:%M} UTC: {sentence(last.reason)}")
    for one in suspensions(policy, makers, held):
        cause = f" after {one.cause}" if one.cause else ""
        reasons.append(f"It was suspended by {one.who} on {one.at:%Y-%m-%d %H:%M} UTC{cause}: {sentence(one.reason)}")
    return reasons


def sentence(words: str) -> str:
    """What a person said, ending as a sentence does, so that another one may follow."""
    return words if words.endswith((".", "!", "?", "。", "！", "？")) else f"{words}."


def suspensions(policy: Policy, makers: Sequence[str], held: Proceedings) -> list[Halt]:
    """Suspensions that were not lifted: by as many people, in the same roles, as must approve."""
    barred = makers if policy.separation else ()
    found = []
    for halt in held.halts:
        if halt.what != "suspension":
            continue
        lifts = {one.who: one.role for one in held.about(halt.id) if one.at >= halt.at and one.who not in barred}
        if len(seated(policy, lifts)) < policy.quorum:
            found.append(halt)
    return found


def unmet(approvals: Sequence[Signature], held: Proceedings) -> list[tuple[str, str]]:
    """Blocking conditions of each person's newest approval that nobody else has called met: who set them, what they say."""
    newest = {one.who: one for one in in_order(approvals)}
    return [
        (one.who, condition.text)
        for one in newest.values()
        for place, condition in enumerate(one.conditions)
        if condition.blocking and not any(said.who != one.who for said in held.about(condition_id(one, place)))
    ]


def set_aside(policy: Policy, signatures: Sequence[Signature], seal: str, release_id: str, makers: Sequence[str]) -> list[str]:
    """Approvals that are there but do not count, each with its reason, so that nobody wonders."""
    told = []
    for one in signatures:
        if one.over != seal:
            told.append(f"The signature of {one.who} is over another seal, {one.over[:8]}: what was signed has changed since.")
        elif release_id and one.release_id not in ("", release_id):
            told.append(f"The signature of {one.who} was given for '{one.release_id}', not for this release.")
        elif one.decision == "approve" and policy.separation and one.who in makers:
            told.append(f"{one.who} trained or released it, so their approval does not count (separation of duties).")
        elif one.decision == "approve" and policy.answers_required and (open := policy.checklist.keys() - one.answers.keys()):
            told.append(f"{one.who} left questions of the checklist unanswered: {', '.join(sorted(open))}.")
    return list(dict.fromkeys(told))


def against(limit: Limit, findings: Sequence[Finding], block_inconclusive: bool) -> list[str]:
    """What speaks against a release under one limit: a finding that fails it, or that there is none."""
    measured = [one for one in findings if (one.check, one.metric) == (limit.check, limit.metric)]
    if not measured and limit.if_applicable:  # `settled` saw that the check said why it does not apply
        return []
    if not measured:
        return [f"{limit.metric} of {limit.check} was not measured, and the policy limits it."]
    reasons = []
    for one in measured:
        if not (isfinite(one.value) and one.low < one.high and one.low <= one.value <= one.high):
            reasons.append(f"{one.metric} of {one.check} has no interval, so it is no finding.")
            continue
        verdict = one.model_copy(update={"limit": limit.limit}).verdict
        asked = f"the policy asks for at {'least' if one.better == 'higher' else 'most'} {limit.limit:g}"
        told = f"{one.metric} of {one.check} is {one.value:.3f} ({one.low:.3f} to {one.high:.3f}, n = {one.n}); {asked}"
        if verdict == "fail":
            reasons.append(f"{told}.")
        elif verdict == "inconclusive" and block_inconclusive:
            few = f"fewer than {FEWEST_ROWS} rows" if one.n < FEWEST_ROWS else "the interval holds the limit"
            reasons.append(f"{told}, which this data cannot decide ({few}).")
    return reasons


def settled(policy: Policy, findings: Sequence[Finding], skipped: Sequence[Skipped]) -> Policy:
    """The policy of a release: a limit that holds only where its check applies is excused only when the check said why not.

    A check that nobody ran has said nothing, so its limit becomes one like any other, and stands in the way as not measured.
    """
    measured = {(one.check, one.metric) for one in findings}
    told = {one.check for one in skipped}
    unasked = [one for one in policy.limits if (one.check, one.metric) not in measured and one.check not in told]
    limits = (one.model_copy(update={"if_applicable": False}) if one in unasked else one for one in policy.limits)
    return policy.model_copy(update={"limits": tuple(limits)})


def unsigned(policy: Policy, signatures: Sequence[Signature], seal: str, now: datetime) -> list[str]:
    """What is missing in approvals: too few different people, or too long ago.

    Approvals are counted in rounds: as soon as every seat of the policy is taken by another person, a round is complete, and
    its last approval starts the clock of `valid_days`. So one person alone cannot renew what two had to approve.
    """
    complete, open_round = rounds(policy, [one for one in signatures if one.over == seal])
    if complete is None:
        taken = seated(policy, open_round)
        given = {seat: sum(one == seat for one in taken.values()) for seat in policy.signers}
        return [
            f"{given[seat]} of {needed} needed approvals by a {seat} over this bundle."
            for seat, needed in policy.signers.items()
            if given[seat] < needed
        ]
    expiry = complete + timedelta(days=policy.valid_days)
    return [f"The approval expired on {expiry:%Y-%m-%d}, {policy.valid_days} days after it was given."] if now >= expiry else []
