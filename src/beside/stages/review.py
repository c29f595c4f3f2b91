"""Release, Signature -> Release: people decide over the seal of a bundle, and anyone can check offline what they decided."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from beside.core.errors import Altered, BadInput, GateClosed, NotPermitted
from beside.core.gate import objections, standing
from beside.core.recipe import Policy
from beside.core.types import Actor, Finding, Release, Signature, Skipped, State, Value
from beside.store.bundle import check_bundle, read_signatures, seal_of, write_signatures

SHORTEST_REASON = 3  # characters; 不合格 is a reason, "ok" is not
Decision = Literal["approve", "reject"]


class Evidence(Value):
    """What `findings.json` in a bundle holds."""

    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]


class Verification(Value):
    """What a bundle says when it is checked on its own: unaltered, and why it may or may not be served."""

    bundle: str
    release_id: str
    run_id: str
    seal: str
    files: int
    policy: Policy
    signatures: tuple[Signature, ...]
    objections: tuple[str, ...]
    state: State


def sign(release: Release, findings: Sequence[Finding], actor: Actor, decision: Decision, reason: str, *, now: datetime) -> Release:
    """The release with one more signature and the state that follows; the signature is in the bundle as well.

    A person's last decision counts; earlier ones stay in the history.

    Args:
        findings: of the run; only those that the release names count.
        reason: why, in the person's own words, kept for good.
        now: with time zone.

    Raises:
        NotPermitted: the policy does not let this person sign.
        BadInput: no reason, or the person has decided so already.
        GateClosed: evidence that the release names is gone.
        Altered: the bundle is not what was released.
    """
    role = signing_role(release.policy, actor)
    if decision not in ("approve", "reject"):
        raise BadInput(f"There is no decision '{decision}'.", "Decisions: approve, reject.")
    if len(reason.strip()) < SHORTEST_REASON:
        raise BadInput(f"'{reason}' is no reason.", f"Say in at least {SHORTEST_REASON} characters why you {decision} it.")
    must_be_news(release, actor, decision, now)
    must_be_whole(release, findings)
    signature = Signature(who=actor.name, role=role, decision=decision, reason=reason.strip(), at=now, over=release.seal)
    signatures = (*release.signatures, signature)
    known = [finding for finding in findings if finding.id in release.finding_ids]
    state = state_of(release.policy, known, signatures, release.seal, now)
    write_signatures(Path(release.bundle), signatures)
    return release.model_copy(update={"signatures": signatures, "state": state})


def signing_role(policy: Policy, actor: Actor) -> str:
    """The role in which this person signs; an owner may sign in place of any.

    Raises:
        NotPermitted: none of the policy's roles is theirs.
    """
    for role in policy.roles:
        if role in actor.roles:
            return role
    if "admin" in actor.roles:
        return "admin"
    held = f"has the role {', '.join(actor.roles)}" if actor.roles else "has no role"
    told = f"'{actor.name}' {held}; the policy '{policy.name}' asks for {' or '.join(policy.roles)}"
    raise NotPermitted(f"{told}.", "Ask somebody who has that role, or ask the owner of the workspace for it.")


def must_be_news(release: Release, actor: Actor, decision: Decision, now: datetime) -> None:
    """Does nothing unless the same person's same decision still stands; an approval that has expired may be given again.

    Raises:
        BadInput: it stands.
    """
    mine = [one for one in release.signatures if one.who == actor.name and one.over == release.seal]
    if not mine or mine[-1].decision != decision:
        return
    last = mine[-1]
    if decision == "approve" and now >= last.at + timedelta(days=release.policy.valid_days):
        return
    said = {"approve": "approved", "reject": "rejected"}[decision]
    told = f"'{actor.name}' {said} '{release.id}' already, on {last.at:%Y-%m-%d}."
    raise BadInput(told, "Once is enough; the other decision is still open.")


def must_be_whole(release: Release, findings: Sequence[Finding]) -> None:
    """Does nothing when bundle and evidence are what was released.

    Raises:
        Altered: a file was changed, or the manifest is another one.
        GateClosed: a finding is gone.
    """
    folder = Path(release.bundle)
    if not folder.is_dir():
        told = f"The bundle '{folder}' of the release '{release.id}' is gone."
        raise Altered(told, "Restore it from a backup, or release the run again.")
    check_bundle(folder)
    if seal_of(folder) != release.seal:
        told = f"The file 'manifest.json' of the release '{release.id}' was altered: it is not what was sealed."
        raise Altered(told, "Restore the bundle from a backup; nobody can sign over something else.")
    gone = set(release.finding_ids) - {finding.id for finding in findings}
    if gone:
        told = f"The release '{release.id}' names findings that are gone: {', '.join(sorted(gone))}."
        raise GateClosed(told, "Audit and release again.")


def state_of(policy: Policy, findings: Sequence[Finding], signatures: Iterable[Signature], seal: str, now: datetime) -> State:
    """Rejected while one rejection stands, approved when nothing speaks against it, else a draft."""
    counted = standing(signatures, seal)
    if any(one.decision == "reject" for one in counted):
        return "rejected"
    return "draft" if objections(policy, findings, counted, seal, now) else "approved"


def verify(bundle: Path, now: datetime) -> Verification:
    """Checks a bundle by itself: every file, the seal, the signatures over it, the findings against the policy. No network.

    Raises:
        BadInput: there is no bundle there.
        Altered: a file was changed, is missing or was added; the message names it.
    """
    manifest = check_bundle(bundle)
    seal, signatures = seal_of(bundle), read_signatures(bundle)
    try:
        facts = manifest["facts"]
        policy = Policy.model_validate(facts["policy"])
        evidence = EVIDENCE.validate_json((bundle / "findings.json").read_bytes())
        names = {"release_id": facts["release"], "run_id": facts["run"]}
    except (KeyError, TypeError, ValidationError, FileNotFoundError) as error:
        raise BadInput(f"'{bundle}' is sealed, but it is no release.", "Give the folder that `beside release` made.") from error
    return Verification(
        **names,
        bundle=str(bundle),
        seal=seal,
        files=len(manifest["files"]),
        policy=policy,
        signatures=signatures,
        objections=tuple(objections(policy, evidence.findings, signatures, seal, now)),
        state=state_of(policy, evidence.findings, signatures, seal, now),
    )


EVIDENCE = TypeAdapter(Evidence)
