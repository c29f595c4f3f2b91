"""Evidence: what was measured of a run, what was not, and the pictures and rows behind it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from markupsafe import Markup

from beside import charts
from beside.api.actor import caller
from beside.console.compress import children_of
from beside.console.page import language_of, render, workspace_of
from beside.console.terms import ASPECTS
from beside.core.errors import UnknownName
from beside.core.types import Finding, Release, Run
from beside.loop import Loop
from beside.store.artifacts import Artifacts
from beside.store.permission import reads_examples

WEAKEST = 6  # labels that are seen at once, the worst first
SHOWN = 5  # example rows that are seen at once; the others are folded away
YEAR = 365 * 24 * 3600  # seconds; an artifact never changes

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Exhibit:
    """The evidence behind a finding: a picture or a table."""

    finding: Finding
    kind: str
    content: dict[str, Any]


@router.get("/evidence")
def evidence(request: Request, run: str = "") -> Response:
    """One run's findings, the newest audited run when none is named."""
    workspace, actor = workspace_of(request), caller(request)
    records, loop = workspace.records, Loop(workspace, actor)
    runs = records.runs(actor)
    audited = {finding.run_id for finding in records.findings(actor)}
    chosen = records.run(actor, run) if run else next((one for one in runs if one.id in audited), runs[0] if runs else None)
    findings = sorted(records.findings(actor, chosen.id), key=place) if chosen else []
    return render(
        request,
        "evidence.html",
        runs=[(one, records.corpus(actor, one.corpus_id).name) for one in runs],
        run=chosen,
        corpus=records.corpus(actor, chosen.corpus_id) if chosen else None,
        groups=[(check, list(rows)) for check, rows in groupby(findings, key=lambda finding: finding.check)],
        tally=tally(findings),
        skipped=records.skipped(actor, chosen.id) if chosen else [],
        exhibits=[one for one in exhibits(findings, workspace.artifacts) if one.kind != "examples" or reads_examples(actor)],
        uses=records.test_uses(actor, chosen.corpus_id) if chosen else 0,
        release=release_of(chosen, records.releases(actor)),
        told=loop.compression(chosen.id) if chosen else None,
        children=len(children_of(loop, chosen)) if chosen else 0,
        interval=interval,
        shown=SHOWN,
        weakest=WEAKEST,
    )


@router.get("/evidence/picture/{artifact}.svg")
def picture(request: Request, artifact: str) -> Response:
    """The evidence of a finding as a picture. Only evidence is drawn: an artifact that no finding names is not here."""
    workspace, actor = workspace_of(request), caller(request)
    language = language_of(request)
    named = any(finding.evidence == artifact for finding in workspace.records.findings(actor))
    drawn = charts.draw(workspace.artifacts.read_json(artifact), language.code) if named else ""
    if not drawn:
        raise UnknownName(f"There is no picture '{artifact[:80]}'.", "Pictures belong to findings; see their page.")
    headers = {"Cache-Control": f"private, max-age={YEAR}, immutable"}
    return Response(drawn, media_type="image/svg+xml", headers=headers)


def place(finding: Finding) -> tuple[int, str]:
    """Where a finding stands on the page: by aspect, then by check, then as measured (sorting is stable)."""
    aspect = finding.check.split("/")[0]
    order = list(ASPECTS)
    return (order.index(aspect) if aspect in order else len(order), finding.check)


def tally(findings: list[Finding]) -> dict[str, int]:
    """How many findings have each verdict."""
    verdicts = ("pass", "fail", "inconclusive", "no limit")
    return {verdict: sum(finding.verdict == verdict for finding in findings) for verdict in verdicts}


def exhibits(findings: list[Finding], artifacts: Artifacts) -> list[Exhibit]:
    """The evidence in the order of the findings."""
    stored = [(finding, artifacts.read_json(finding.evidence)) for finding in findings if finding.evidence]
    return [Exhibit(finding, content["kind"], content) for finding, content in stored]


def release_of(run: Run | None, releases: list[Release]) -> Release | None:
    """The newest release of a run."""
    return next((release for release in releases if run and release.run_id == run.id), None)


def interval(finding: Finding) -> Markup:
    """A finding's interval against its limit; our own drawing, safe to write into a page."""
    return Markup(charts.interval(finding.value, finding.low, finding.high, finding.limit, finding.better))
