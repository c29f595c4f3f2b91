"""Release, Signature -> Release: people decide over the seal of a bundle, and anyone can check offline what they decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from beside.core.committee import NOTHING, Proceedings
from beside.core.errors import Altered, BadInput, GateClosed
from beside.core.gate import state as state_now
from beside.core.quorum import signing_role
from beside.core.recipe import Policy
from beside.core.types import Actor, Condition, Finding, Release, Reply, Signature
from beside.store.bundle import check_bundle, seal_of, write_signatures

SHORTEST_REASON = 3  # characters; 不合格 is a reason, "ok" is not
Decision = Literal["approve", "reject"]


@dataclass(frozen=True, kw_only=True)
class Said:
    """What comes with a decision, besides its reason.

    Args:
        answers: question of the policy's checklist -> reply.
        conditions: what the approval depends on.
        role: in which of their roles the person signs; None = the one that is still missing.
    """

    answers: Mapping[str, Reply] = field(default_factory=dict)
    conditions: Sequence[Condition] = ()
    role: str | None = None


def sign(
    release: Release,
    findings: Sequence[Finding],
    actor: Actor,
    decision: Decision,
    reason: str,
    *,
    now: datetime,
    said: Said = Said(),
    proceedings: Proceedings = NOTHING,
    changes: Sequence[str] = (),
    prove: Callable[[Signature], str | None] = lambda signature: None,
) -> Release:
    """The release with one more signature and the state that follows; the signature is in the bundle as well.

    A person's last decision counts; earlier ones stay in the history.

    Args:
        findings: of the run; only those that the release names count.
        reason: why, in the person's own words, kept for good.
        now: with time zone.
        said: answers to the checklist, conditions, the role to sign in.
        proceedings: what happened to the release besides signatures.
        changes: what is no longer as it was sealed; signing does not heal that.
        prove: signature -> its proof, made with the person's key.

    Raises:
        NotPermitted: the policy does not let this person sign.
        BadInput: no reason, an unanswered question, or the person has decided so already.
        GateClosed: evidence that the release names is gone.
        Altered: the bundle is not what was released.
    """
    role = signing_role(release, actor, said.role, proceedings)
    if decision not in ("approve", "reject"):
        raise BadInput(f"There is no decision '{decision}'.", "Decisions: approve, reject.")
    reason = reason_in(reason, f"Say in at least {SHORTEST_REASON} characters why you {decision} it.")
    must_be_answered(release.policy, decision, said)
    must_be_news(release, actor, decision, now, proceedings.stopped_at())
    must_be_whole(release, findings)
    signature = Signature(
        who=actor.name, role=role, decision=decision, reason=reason, at=now, over=release.seal,
        release_id=release.id, answers=dict(said.answers), conditions=tuple(said.conditions),
    )  # fmt: skip
    signature = signature.model_copy(update={"proof": prove(signature)})
    signed = release.model_copy(update={"signatures": (*release.signatures, signature)})
    state = state_now(signed, findings, now, proceedings, changes)
    write_signatures(Path(release.bundle), signed.signatures)
    return signed.model_copy(update={"state": state})


def reason_in(reason: str, hint: str) -> str:
    """The reason without spaces around it.

    Raises:
        BadInput: it is none.
    """
    if len(reason.strip()) < SHORTEST_REASON:
        raise BadInput(f"'{reason}' is no reason.", hint)
    return reason.strip()


def must_be_answered(policy: Policy, decision: Decision, said: Said) -> None:
    """Does nothing when the replies fit the checklist.

    Raises:
        BadInput: a question that is not asked, one that is not answered, a `no` without a note, or a condition of a rejection.
    """
    if odd := said.answers.keys() - policy.checklist.keys():
        known = ", ".join(policy.checklist) or "none"
        raise BadInput(f"The checklist does not ask '{min(odd)}'.", f"Questions of the policy '{policy.name}': {known}.")
    open_ = [name for name in policy.checklist if name not in said.answers]
    if decision == "approve" and policy.answers_required and open_:
        told = f"The checklist is not answered: {', '.join(open_)}."
        raise BadInput(told, f"Answer each question, for example --answer {open_[0]}=yes.")
    for name, reply in said.answers.items():
        if reply.answer != "yes" and len(reply.note.strip()) < SHORTEST_REASON:
            raise BadInput(
                f"The answer '{reply.answer}' to '{name}' needs a note.", "Say why, for example --answer 'data=no: WHY'."
            )
    if decision == "reject" and said.conditions:
        raise BadInput("A rejection has no conditions.", "Say in the reason what is missing.")
    if any(len(one.text.strip()) < SHORTEST_REASON for one in said.conditions):
        raise BadInput("A condition is empty.", "Say what must hold, or leave it out.")


def must_be_news(release: Release, actor: Actor, decision: Decision, now: datetime, stopped: datetime | None = None) -> None:
    """Does nothing unless the same person's same decision still stands; what expired or was stopped may be approved again.

    Raises:
        BadInput: it stands.
    """
    mine = [one for one in release.signatures if one.who == actor.name and one.over == release.seal]
    if not mine or mine[-1].decision != decision:
        return
    last = mine[-1]
    if decision == "approve" and (now >= last.at + timedelta(days=release.policy.valid_days) or (stopped and stopped >= last.at)):
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
