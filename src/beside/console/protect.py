"""Protect: try it on a text, and look at what was found in the rows of a corpus. Works without scripts and without a mouse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Protocol

from anyio.to_thread import run_sync
from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from beside.api.actor import caller, loop_for
from beside.api.bodies import within_limits
from beside.console.page import render, workspace_of
from beside.core.errors import BesideError
from beside.core.protecting import REPEATABLE, WITH_KEY, plan
from beside.core.registry import names
from beside.core.span_reviews import PartSpan, part_of, places
from beside.core.types import Actor
from beside.loop import Loop
from beside.protection.acting import Protected
from beside.reviewing import Look
from beside.store.permission import EXAMPLE_READERS, PROTECTORS, REVIEWERS_OF_SPANS

FAMILIES = {  # kinds that are shown in one colour
    "people": ("person", "organisation"),
    "reach": ("email", "phone", "url", "ip", "address"),
    "number": ("resident_id", "passport", "permit", "bank_card", "credit_code", "iban", "ssn", "plate"),
    "born": ("birth_date",),
}

router = APIRouter(include_in_schema=False)
Word = Annotated[str, Form()]
Words = Annotated[list[str], Form()]


class Placed(Protocol):
    """Personal data where it stands, whoever says so."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def kind(self) -> str: ...


@dataclass(frozen=True)
class Stretch:
    """A piece of a text: personal data with its kind, or what stands between."""

    text: str
    kind: str = ""
    family: str = ""
    number: int = 0  # of the span, from 1


@router.get("/protect")
def ask(request: Request) -> Response:
    """The empty form, and the corpora."""
    return page(request)


@router.post("/protect")
async def answer(request: Request, text: Word = "", action: Word = "replace") -> Response:
    """What would happen to a text; nothing is stored, and the text is in no address."""
    made: Protected | None = None
    error: BesideError | None = None
    try:
        loop = await run_sync(loop_for, request)
        how, [given] = plan(default=action), within_limits([text])
        [made] = await request.app.state.serving.turn(lambda: loop.protect_texts([given], how))
    except BesideError as refused:
        error = refused
    return await run_sync(partial(page, request, text=text, action=action, made=made, error=error))


@router.get("/protect/{corpus_id}")
async def row(request: Request, corpus_id: str, row: int = 1) -> Response:
    """One row, with what was found in it."""
    return await run_sync(row_page, request, corpus_id, row - 1)


@router.get("/protect/{corpus_id}/next")
async def next_row(request: Request, corpus_id: str, row: int = 1) -> Response:
    """The next row in which something was found that nobody has looked at."""
    loop = await run_sync(loop_for, request)
    found = await run_sync(loop.next_found, corpus_id, row - 1)
    return RedirectResponse(
        f"/protect/{corpus_id}?row={row if found is None else found + 1}{'' if found is not None else '&end=1'}", 303
    )


@router.post("/protect/{corpus_id}")
async def say(
    request: Request,
    corpus_id: str,
    row: Annotated[int, Form()] = 1,
    kept: Words = [],  # noqa: B006, FastAPI copies it
    words: Word = "",
    kind: Word = "person",
    go: Word = "on",
) -> Response:
    """A person says what stands in the row: which spans stay, which words are one as well."""
    loop = await run_sync(loop_for, request)
    try:
        await run_sync(decide, loop, corpus_id, row - 1, kept, words, kind)
    except BesideError as error:
        return await run_sync(partial(row_page, request, corpus_id, row - 1, error=error, words=words, kind=kind))
    if go != "on":
        return RedirectResponse(f"/protect/{corpus_id}?row={row}#spans", 303)
    return RedirectResponse(f"/protect/{corpus_id}/next?row={row + 1}", 303)


def decide(loop: Loop, corpus_id: str, number: int, kept: Sequence[str], words: str, kind: str) -> None:
    """Keeps what a person says. A span is named by part, places and kind, so that nothing else is kept in its place."""
    seen = loop.look(corpus_id, number)
    stays = [span for span in seen.spans if named(span) in kept]
    more = places(seen.example, words, kind, stays) if words else []
    loop.review_spans(corpus_id, number, [*stays, *more])


def named(span: PartSpan) -> str:
    """A span as the form names it."""
    return f"{span.part}:{span.start}:{span.end}:{span.kind}"


def page(
    request: Request, *, text: str = "", action: str = "replace", made: Protected | None = None, error: BesideError | None = None
) -> Response:
    """The form, what was found in the text and what came out of it, and the corpora that may be looked at."""
    workspace, actor = workspace_of(request), caller(request)
    return render(
        request,
        "protect.html",
        status=error.status if error else 200,
        text=text,
        action=action,
        actions=[one for one in REPEATABLE if one not in WITH_KEY or may(actor, PROTECTORS)],
        made=made,
        stretches=cut(text, made.spans) if made else [],
        corpora=workspace.records.corpora(actor),
        may_look=may(actor, EXAMPLE_READERS),
        error=error,
    )


def row_page(
    request: Request, corpus_id: str, number: int, error: BesideError | None = None, words: str = "", kind: str = "person"
) -> Response:
    """A row with its marks, and the form to change them."""
    loop = loop_for(request)
    seen = loop.look(corpus_id, number)
    return render(
        request,
        "protect_row.html",
        status=error.status if error else 200,
        seen=seen,
        parts=parts_of(seen),
        marks=[(named(span), part_of(seen.example, span.part)[span.start : span.end], span.kind) for span in seen.spans],
        kinds=names("recognizers"),
        may_say=may(loop.actor, REVIEWERS_OF_SPANS),
        at_the_end="end" in request.query_params,
        typed=words,
        chosen=kind,
        error=error,
    )


def parts_of(seen: Look) -> list[list[Stretch]]:
    """The texts of a row, cut at their spans; the numbers are those of the list below them."""
    found, before = [], 0
    for part in ("text", "pair"):
        spans = [span for span in seen.spans if span.part == part]
        if part == "text" or seen.example.pair is not None:
            found.append(cut(part_of(seen.example, part), spans, before))
        before += len(spans)
    return found


def cut(text: str, spans: Sequence[Placed], before: int = 0) -> list[Stretch]:
    """A text cut at its spans."""
    found, at = [], 0
    for number, span in enumerate(spans, before + 1):
        if span.start > at:
            found.append(Stretch(text[at : span.start]))
        family = next((name for name, kinds in FAMILIES.items() if span.kind in kinds), "people")
        found.append(Stretch(text[span.start : span.end], span.kind, family, number))
        at = span.end
    return [*found, Stretch(text[at:])] if at < len(text) else found


def may(actor: Actor, roles: Sequence[str]) -> bool:
    """Whether a person holds one of the roles."""
    return any(actor.may(role) for role in roles)
