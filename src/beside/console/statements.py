"""Statements: what only people can say of a model, who wrote it when, and the form to write it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from beside.api.actor import loop_for
from beside.console.page import language_of, render, signed_in
from beside.core.errors import BesideError
from beside.core.questions import QUESTIONS, Question
from beside.core.statements import LONGEST, Statement, answer
from beside.core.types import Actor

WRITERS = ("builder", "privacy_officer")  # whoever may write; the store has the last word

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form()]


@dataclass(frozen=True)
class Asked:
    """A question as the page shows it."""

    question: Question
    current: Statement | None  # in the language of the page if there is one
    earlier: tuple[Statement, ...]  # the newest first


@router.get("/statements")
def statements(request: Request) -> Response:
    """The page."""
    return page(request)


@router.post("/statements")
def write(request: Request, key: Text = "", text: Text = "") -> Response:
    """Writes an answer in the language of the page, in the name of the person signed in."""
    language = language_of(request).code
    try:
        loop_for(request).state(key, text, language)
    except BesideError as error:
        return page(request, error, key, text)
    return RedirectResponse(f"/statements?lang={language}#{key}", status_code=303)


def page(request: Request, error: BesideError | None = None, key: str = "", text: str = "") -> Response:
    """Every question with what was written; with what went wrong and what was typed, when writing did."""
    loop, language = loop_for(request), language_of(request).code
    said = loop.statements()
    shown = [of(question, said, language) for question in QUESTIONS]
    return render(
        request,
        "statements.html",
        status=error.status if error else 200,
        asked=shown,
        open=sum(one.current is None for one in shown),
        may_write=may_write(loop.actor),
        longest=LONGEST,
        error=error,
        key=key,
        typed=text,
    )


def of(question: Question, said: list[Statement], language: str) -> Asked:
    """A question with its answers."""
    mine = [one for one in said if one.key == question.key]
    current = answer(mine, question.key, language)
    return Asked(question, current, tuple(one for one in mine if one != current))


def may_write(actor: Actor) -> bool:
    """Whether this person sees the form."""
    return signed_in(actor) and any(actor.may(role) for role in WRITERS)
