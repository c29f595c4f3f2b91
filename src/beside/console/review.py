"""Review: what stands between a release and its use, and the place to sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import FileResponse, RedirectResponse, Response

from beside.api.actor import caller, loop_for
from beside.console.page import render, signed_in, workspace_of
from beside.core.errors import Altered, BadInput, BesideError, UnknownName
from beside.core.gate import objections, standing, unsigned
from beside.core.recipe import Limit, Policy
from beside.core.registry import unknown
from beside.core.types import Actor, Finding, Release, Signature
from beside.stages.review import Decision
from beside.store.artifacts import check_hash
from beside.store.bundle import check_bundle, read_manifest, seal_of

SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'"

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Item:
    """One limit of the policy and what was measured; several findings when a metric was measured for several groups."""

    limit: Limit
    findings: tuple[Finding, ...]


@router.get("/review")
def releases(request: Request) -> Response:
    """All releases, those that wait first."""
    workspace, actor = workspace_of(request), caller(request)
    found = workspace.records.releases(actor)
    names = {run.id: workspace.records.corpus(actor, run.corpus_id).name for run in workspace.records.runs(actor)}
    ranked = sorted(found, key=lambda release: release.state != "draft")
    return render(request, "review.html", releases=ranked, names=names, release=None)


@router.get("/review/{release_id}")
def release(request: Request, release_id: str) -> Response:
    """One release with its checklist."""
    return page(request, release_id)


@router.post("/review/{release_id}")
def sign(request: Request, release_id: str, decision: Annotated[Decision, Form()], reason: Annotated[str, Form()] = "") -> Response:
    """Signs over the seal, in the name of the person signed in."""
    try:
        loop_for(request).review(release_id, decision, reason)
    except BesideError as error:
        if isinstance(error, UnknownName):
            raise
        return page(request, release_id, error, reason)
    return RedirectResponse(f"/review/{release_id}#signatures", status_code=303)


@router.get("/review/{release_id}/{name}.html")
def card(request: Request, release_id: str, name: str) -> Response:
    """The model card as it was sealed: its bytes are checked, and it may load and run nothing."""
    found = workspace_of(request).records.release(caller(request), release_id)
    folder, file = Path(found.bundle), f"{name}.html"
    sealed = read_manifest(folder)["files"]
    if file not in sealed:
        raise unknown("card", file, [one for one in sealed if one.endswith(".html")])
    check_hash(folder / file, sealed[file], file)
    return FileResponse(folder / file, media_type="text/html", headers={"Content-Security-Policy": SANDBOX})


def page(request: Request, release_id: str, error: BesideError | None = None, reason: str = "") -> Response:
    """The page of one release, with what went wrong when signing did."""
    workspace, actor = workspace_of(request), caller(request)
    records = workspace.records
    found = records.release(actor, release_id)
    run = records.run(actor, found.run_id)
    findings = [finding for finding in records.findings(actor, run.id) if finding.id in found.finding_ids]
    files, altered = intact(found)
    counted, now = standing(found.signatures, found.seal), datetime.now(UTC)
    return render(
        request,
        "release.html",
        status=error.status if error else 200,
        release=found,
        run=run,
        corpus=records.corpus(actor, run.corpus_id),
        items=[Item(limit, measured(limit, findings)) for limit in found.policy.limits],
        objections=objections(found.policy, findings, found.signatures, found.seal, now),
        unsigned=unsigned(found.policy, counted, found.seal, now),
        files=files,
        altered=altered,
        approvals=approvals(found.policy, counted),
        may_sign=may_sign(found, actor),
        error=error,
        reason=reason,
    )


def measured(limit: Limit, findings: list[Finding]) -> tuple[Finding, ...]:
    """The findings that a limit judges, with that limit whatever it was at the audit."""
    same = [one for one in findings if (one.check, one.metric) == (limit.check, limit.metric)]
    return tuple(one.model_copy(update={"limit": limit.limit}) for one in same)


def intact(release: Release) -> tuple[int, BesideError | None]:
    """How many files the bundle has, and what is wrong with it: each is hashed again."""
    folder = Path(release.bundle)
    try:
        files = len(check_bundle(folder)["files"])
    except (Altered, BadInput) as error:
        return 0, error
    if seal_of(folder) != release.seal:
        return 0, Altered("The file 'manifest.json' is not what was sealed.", "Restore the bundle from a backup.")
    return files, None


def approvals(policy: Policy, counted: Sequence[Signature]) -> list[str]:
    """Different people whose approval counts."""
    signers = [(one.who, Actor(name=one.who, roles=(one.role,))) for one in counted if one.decision == "approve"]
    return list(dict.fromkeys(who for who, signer in signers if any(signer.may(role) for role in policy.roles)))


def may_sign(release: Release, actor: Actor) -> bool:
    """Whether the policy lets this person sign."""
    return signed_in(actor) and any(actor.may(role) for role in release.policy.roles)
