"""Judge: attacked rows one by one, both texts side by side, and what comes of it. Works without scripts and without a mouse."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from beside.api.actor import loop_for
from beside.api.routes_judge import MOST_ROWS
from beside.api.starting import start_attacking
from beside.console.page import render, workspace_of
from beside.core.differences import differences
from beside.core.errors import BadInput, BesideError
from beside.core.judging import AttackedRow, Opinion
from beside.core.pairs import shown
from beside.judging import FIRST, Desk
from beside.store.permission import EXAMPLE_READERS, JUDGES, demand_role

MEANINGS = ("kept", "changed", "unsure")  # in the order of the buttons and of their keys
FEW = 8  # labels that stand side by side; more are a list
LISTED = 200  # judged rows shown at the end

router = APIRouter(include_in_schema=False)
Word = Annotated[str, Form()]


@router.get("/judge/{release_id}")
def judge(request: Request, release_id: str, row: str = "") -> Response:
    """The next row that this person has yet to judge, or the one that is named."""
    return page(request, release_id, row)


@router.post("/judge/{release_id}")
async def say(
    request: Request, release_id: str, row: Word = "", meaning: Word = "", label: Word = "", comment: Word = ""
) -> Response:
    """Stores what the person says; then comes the next row."""
    loop = await run_sync(loop_for, request)
    try:
        opinion = Opinion.model_validate(
            {"attacked_id": row, "meaning": chosen(meaning), "label": label or None, "comment": comment}
        )
        await run_sync(loop.judge, release_id, [opinion])
    except BesideError as error:
        return await run_sync(partial(page, request, release_id, row, error=error, label=label, comment=comment))
    return RedirectResponse(f"/judge/{release_id}", 303)


@router.post("/judge/{release_id}/attack")
async def attack(request: Request, release_id: str, rows: Annotated[int, Form()] = FIRST) -> Response:
    """Starts an attack as a process of its own; its progress shows on Home."""
    loop = await run_sync(loop_for, request)
    try:
        if not 1 <= rows <= MOST_ROWS:
            raise BadInput(f"{rows} rows cannot be attacked at once.", f"Give a number from 1 to {MOST_ROWS}.")
        await run_sync(start_attacking, workspace_of(request), loop.actor, release_id, rows)
    except BesideError as error:
        return await run_sync(partial(page, request, release_id, "", error=error))
    return RedirectResponse("/?started=attack", 303)


def chosen(meaning: str) -> str:
    """The answer in a form. Raises BadInput: there is none."""
    if meaning not in MEANINGS:
        raise BadInput("Nobody said whether the meaning stayed.", "Press one of the three buttons.")
    return meaning


def page(
    request: Request, release_id: str, row: str, error: BesideError | None = None, label: str = "", comment: str = ""
) -> Response:
    """The page, with what was typed and what was wrong with it."""
    loop = loop_for(request)
    demand_role(loop.actor, EXAMPLE_READERS, "read attacked rows")
    desk, corpus = loop.desk(release_id), loop.corpus_of(release_id)
    now = row_of(desk, row)
    said = desk.mine.get(now.id) if now else None
    return render(
        request,
        "judge.html",
        status=error.status if error else 200,
        release_id=release_id,
        corpus=corpus,
        desk=desk,
        row=now,
        sides=differences(shown(now.text), shown(now.edited)) if now else (),
        said=said,
        last=max(desk.mine.values(), key=lambda one: one.made_at, default=None),
        labels=corpus.labels,
        few=FEW,
        typed=(label or (said.label if said else None) or "", comment or (said.comment if said else "")),
        rates=loop.rates(release_id),
        listed=[(one, desk.mine[one.id]) for one in desk.rows[:LISTED]] if desk.open else (),
        shown=shown,
        first=FIRST,
        most=MOST_ROWS,
        may_judge=any(loop.actor.may(role) for role in JUDGES),
        error=error,
    )


def row_of(desk: Desk, id: str) -> AttackedRow | None:
    """The row that was asked for, else the first that waits."""
    asked = next((row for row in desk.rows if row.id == id), None)
    return asked or next(iter(desk.waiting), None)
