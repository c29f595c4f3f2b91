"""Review: what stands between a release and its use, and the place to sign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, RedirectResponse, Response

from beside.api.actor import caller, loop_for
from beside.console.drifting import drifted
from beside.console.evidence import place
from beside.console.page import language_of, render, signed_in, workspace_of
from beside.core.committee import Comment, Proceedings
from beside.core.errors import Altered, BadInput, BesideError
from beside.core.questions import QUESTIONS
from beside.core.quorum import standing as counts
from beside.core.recipe import Limit, Policy
from beside.core.registry import unknown
from beside.core.types import Actor, Condition, Finding, Release, Reply
from beside.stages.review import Decision, Said
from beside.store.artifacts import check_hash
from beside.store.bundle import check_bundle, read_manifest, seal_of
from beside.store.permission import STAFF, STOPPERS

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
    loop, found = loop_for(request), workspace.records.releases(actor)
    names = {run.id: workspace.records.corpus(actor, run.corpus_id).name for run in workspace.records.runs(actor)}
    standings = {release.id: loop.standing(release.id) for release in found}
    ranked = sorted(found, key=lambda release: standings[release.id].state == "approved")
    return render(request, "review.html", releases=ranked, names=names, standings=standings, release=None)


@router.get("/review/{release_id}")
def release(request: Request, release_id: str) -> Response:
    """One release with its checklist."""
    return page(request, release_id)


@router.post("/review/{release_id}")
async def sign(request: Request, release_id: str) -> Response:
    """Signs over the seal, in the name of the person signed in."""
    form = {name: str(value) for name, value in (await request.form()).items()}
    return await run_sync(signed, request, release_id, form)


def signed(request: Request, release_id: str, form: Mapping[str, str]) -> Response:
    """The answer to a signature: the page again, or what was wrong, with what was typed."""
    loop = loop_for(request)
    policy = loop.records.release(loop.actor, release_id).policy
    try:
        loop.review(release_id, decision_in(form), form.get("reason", ""), said_in(form, policy))
    except BesideError as error:
        return page(request, release_id, error, form)
    return RedirectResponse(f"/review/{release_id}#signatures", status_code=303)


def decision_in(form: Mapping[str, str]) -> Decision:
    """The decision in a form. Raises BadInput: there is none."""
    for one in ("approve", "reject"):
        if form.get("decision") == one:
            return one
    raise BadInput("'decision' is missing.", "Decisions: approve, reject.")


def said_in(form: Mapping[str, str], policy: Policy) -> Said:
    """Answers to the checklist, condition and role in a form. Raises BadInput: an answer that does not exist."""
    answers = {}
    for name in policy.checklist:
        answer = form.get(f"answer-{name}", "")
        if answer:
            if answer not in get_args(Reply.model_fields["answer"].annotation):
                raise BadInput(f"'answer-{name}' cannot be taken.", "Answers: yes, no, not applicable.")
            note = form.get(f"note-{name}", "").strip()
            answers[name] = Reply.model_validate({"answer": answer, "note": note})
    text = form.get("condition", "").strip()
    conditions = [Condition(text=text, blocking="blocking" in form)] if text else []
    return Said(answers=answers, conditions=conditions, role=form.get("role") or None)


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


def page(request: Request, release_id: str, error: BesideError | None = None, form: Mapping[str, str] | None = None) -> Response:
    """The page of one release, with what went wrong when something did; `form` is what was typed."""
    loop, actor = loop_for(request), caller(request)
    standing = loop.standing(release_id)
    found = loop.records.release(actor, release_id)
    run = loop.records.run(actor, found.run_id)
    findings = sorted(loop.findings_of(found), key=place)
    files, altered = intact(found)
    counted = counts(found.signatures, found.seal)
    return render(
        request,
        "release.html",
        status=error.status if error else 200,
        release=found,
        run=run,
        corpus=loop.records.corpus(actor, run.corpus_id),
        items=[Item(limit, measured(limit, findings)) for limit in found.policy.limits],
        findings=judged(found.policy, findings),
        standing=standing,
        drifted=drifted(loop.looks(release_id) if any(actor.may(role) for role in STAFF) else (), language_of(request).code),
        held=standing.proceedings,
        threads=threads(standing.proceedings),
        expired=standing.state == "expired",
        turned=[one for one in found.signatures if one not in counted],
        unwritten=loop.missing_statements(release_id),
        questions={question.key: question for question in QUESTIONS},
        files=files,
        altered=altered,
        may_sign=may_sign(found, actor),
        maker=found.policy.separation and actor.name in found.makers,
        roles=[role for role in found.policy.roles if role in actor.roles],
        desk=loop.desk(release_id) if any(actor.may(role) for role in STAFF) else None,
        may_stop=signed_in(actor) and any(actor.may(role) for role in STOPPERS),
        error=error,
        form=form or {},
    )


@dataclass(frozen=True)
class Words:
    """A comment as it now stands, and its earlier words."""

    comment: Comment
    earlier: tuple[Comment, ...]


def threads(held: Proceedings) -> dict[str, list[Words]]:
    """Comments by finding (the release itself is the empty name), each once, in the order of their first words."""
    replaced = {one.replaces: one for one in held.comments if one.replaces}
    found: dict[str, list[Words]] = {}
    for first in held.comments:
        if first.replaces:
            continue
        said = [first]
        while said[-1].id in replaced:
            said.append(replaced[said[-1].id])
        found.setdefault(first.finding_id or "", []).append(Words(said[-1], tuple(said[:-1])))
    return found


def judged(policy: Policy, findings: list[Finding]) -> list[Finding]:
    """The findings with the limits of this policy."""
    limits = {(line.check, line.metric): line.limit for line in policy.limits}
    return [one.model_copy(update={"limit": limits.get((one.check, one.metric))}) for one in findings]


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


def may_sign(release: Release, actor: Actor) -> bool:
    """Whether the policy lets this person sign."""
    if release.policy.separation and actor.name in release.makers:
        return False
    held = set(actor.roles) & set(release.policy.roles)
    return signed_in(actor) and (bool(held) or ("admin" in actor.roles and release.policy.admin_stands_in))
