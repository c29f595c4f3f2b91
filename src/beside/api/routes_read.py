"""What is there: corpora, runs, findings, releases, as the types that hold them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from beside.api.actor import TheLoop
from beside.api.errors import document
from beside.core.drift import Look
from beside.core.types import Corpus, Finding, Prediction, Release, Run, Skipped

router = APIRouter(prefix="/v1", responses=document(401, 403, 404, 422))
RunId = Annotated[str | None, Query(description="only of this run")]


@router.get("/corpora", tags=["evidence"])
def corpora(loop: TheLoop) -> list[Corpus]:
    """All corpora, newest first."""
    return loop.workspace.records.corpora(loop.actor)


@router.get("/corpora/{id}", tags=["evidence"])
def corpus(id: str, loop: TheLoop) -> Corpus:
    """A corpus by its id, or the newest one of that name."""
    return loop.workspace.records.corpus(loop.actor, id)


@router.get("/runs", tags=["evidence"])
def runs(loop: TheLoop) -> list[Run]:
    """All runs, newest first. Their scores are of the tune split; for the test split see the findings."""
    return loop.workspace.records.runs(loop.actor)


@router.get("/runs/{id}", tags=["evidence"])
def run(id: str, loop: TheLoop) -> Run:
    """A run by its id."""
    return loop.workspace.records.run(loop.actor, id)


@router.get("/findings", tags=["evidence"])
def findings(loop: TheLoop, run: RunId = None) -> list[Finding]:
    """What audits measured: each value with its interval, number of rows, limit and verdict."""
    return loop.workspace.records.findings(loop.actor, run)


@router.get("/skipped", tags=["evidence"])
def skipped(loop: TheLoop, run: RunId = None) -> list[Skipped]:
    """Checks that did not apply, and why: what was not measured is told, too."""
    return loop.workspace.records.skipped(loop.actor, run)


@router.get("/releases", tags=["releases"])
def releases(loop: TheLoop) -> list[Release]:
    """All releases, newest first, with their policies and signatures."""
    return loop.workspace.records.releases(loop.actor)


@router.get("/releases/{id}", tags=["releases"])
def release(id: str, loop: TheLoop) -> Release:
    """A release by its id."""
    return loop.workspace.records.release(loop.actor, id)


@router.get("/releases/{id}/drift", tags=["releases"])
def drift(id: str, loop: TheLoop) -> list[Look]:
    """Looks for drift at what a release was asked, newest first: tests against its tune rows, accuracy without labels."""
    return list(loop.looks(id)[::-1])


@router.get("/waiting", tags=["answers"])
def waiting(
    loop: TheLoop,
    release: Annotated[str | None, Query(description="only of this release")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="how many at most")] = 100,
) -> list[Prediction]:
    """Questions that were handed over to a person and that nobody has answered, the oldest first.

    Whoever answers one says so at /v1/feedback: it then leaves this list, and the next model learns from it.
    """
    return loop.workspace.records.waiting(loop.actor, release, limit)
