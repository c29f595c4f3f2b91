"""Home: where every model stands in the loop, what runs now, what the latest improvements brought."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from beside.api.actor import caller
from beside.api.starting import LOG, start_improving
from beside.console.language import Language
from beside.console.page import language_of, render, workspace_of
from beside.console.standing import Facts, Line, stand
from beside.core.errors import BesideError
from beside.core.types import Actor, Answer, Corpus, Prediction, Release
from beside.loop import Loop
from beside.store.workspace import Workspace

SHOWN = 5  # comparisons on the page; all of them are in `/v1`

router = APIRouter(include_in_schema=False)
T = TypeVar("T")
Said = defaultdict[str, list[tuple[Prediction, Answer]]]  # by release id


@dataclass(frozen=True)
class Chapter:
    """One corpus and the lines of the models trained on it, the newest first."""

    corpus: Corpus
    lines: tuple[Line, ...]


@router.get("/")
def home(request: Request) -> Response:
    """The page."""
    workspace, actor = workspace_of(request), caller(request)
    return render(
        request,
        "home.html",
        chapters=read(workspace, actor, language_of(request), datetime.now(UTC)),
        comparisons=workspace.records.comparisons(actor)[:SHOWN],
        progress=workspace.progress(),
        started=request.query_params.get("started", ""),
        failed=failed(workspace) if actor.may("reviewer") else None,
    )


@router.post("/improve/{release_id}")
def improve(request: Request, release_id: str) -> Response:
    """Starts the challenger as a process of its own; its progress then shows on this page."""
    start_improving(workspace_of(request), caller(request), release_id)
    return RedirectResponse("/?started=1", status_code=303)


def read(workspace: Workspace, actor: Actor, language: Language, now: datetime) -> list[Chapter]:
    """Every corpus with its models, the newest first; each table is read once."""
    records, loop = workspace.records, Loop(workspace, actor, clock=lambda: now)
    corpora = records.corpora(actor)
    runs = grouped(records.runs(actor), lambda run: run.corpus_id)
    findings = grouped(records.findings(actor), lambda finding: finding.run_id)
    releases = grouped(records.releases(actor), lambda release: release.run_id)
    said: Said = grouped(records.answers(actor), lambda pair: pair[0].release_id)
    compared = {comparison.champion: comparison for comparison in reversed(records.comparisons(actor))}
    chapters = []
    for corpus in corpora:
        children = [child for child in corpora if child.parent == corpus.id]
        known: list[Facts] = []
        for run in runs[corpus.id]:
            facts = Facts(corpus=corpus, run=run, findings=findings[run.id], comparison=compared.get(run.id))
            made = releases[run.id]
            known += [of_release(facts, one, loop, said, children) for one in made] or [facts]
        chapters.append(Chapter(corpus, tuple(stand(facts, language) for facts in known or [Facts(corpus=corpus)])))
    return chapters


def failed(workspace: Workspace) -> BesideError | None:
    """What ended the work that was last started here; nothing while it runs or when it went well."""
    file = workspace.state / LOG
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.is_file() else []
    for line, after in pairwise([*lines, ""]):
        if line.startswith("Error: "):
            return BesideError(line.removeprefix("Error: "), after.removeprefix("  -> ") if after.startswith("  -> ") else "")
    return None


def of_release(facts: Facts, release: Release, loop: Loop, said: Said, children: Sequence[Corpus]) -> Facts:
    """The facts about one release of a run."""
    standing = loop.standing(release.id)
    pairs = said[release.id]
    return replace(
        facts,
        release=release.model_copy(update={"state": standing.state}),  # as of now: it may have expired since it was signed
        objections=standing.objections,
        conditions=len(standing.conditions),
        answers=pairs,
        waiting=waiting(pairs, children, loop.accepted_at(release.id)),
    )


def waiting(pairs: Iterable[tuple[Prediction, Answer]], children: Sequence[Corpus], accepted: Sequence[datetime]) -> int:
    """Corrections and accepted attacked rows that came after the newest child corpus was made from the ones before them."""
    since = max((child.made_at for child in children), default=datetime.min.replace(tzinfo=UTC))
    corrected = sum(not answer.correct and answer.label is not None and answer.made_at > since for _, answer in pairs)
    return corrected + sum(at > since for at in accepted)


def grouped(values: Iterable[T], key: Callable[[T], str]) -> defaultdict[str, list[T]]:
    """Values by key, in the order they come; an unknown key has none."""
    groups: defaultdict[str, list[T]] = defaultdict(list)
    for value in values:
        groups[key(value)].append(value)
    return groups
