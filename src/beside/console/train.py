"""Train: a corpus, and a form made from the recipe itself, so that no knob is typed twice."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from beside.api.actor import caller, must_hold
from beside.api.starting import TRAINERS, start_training
from beside.cards.details import knobs
from beside.cards.words import Words
from beside.console.fields import LONGEST, Knob, choices
from beside.console.page import language_of, render, signed_in, workspace_of
from beside.core import registry
from beside.core.errors import BesideError
from beside.core.options import written
from beside.core.recipe import BEST, Recipe, read_recipe

FIRST = ("base", "method", "epochs", "batch_size", "learning_rate", "max_length", "seed")  # the others are folded away
BASES = ("embedded", "scratch")

router = APIRouter(include_in_schema=False)


@router.get("/train")
def train(request: Request, corpus: str = "") -> Response:
    """The page."""
    return page(request, corpus, {})


@router.post("/train")
async def begin(request: Request) -> Response:
    """Starts the training as a process of its own; its progress shows on Home."""
    form = await request.form(max_fields=len(Recipe.model_fields) + 1)
    typed = {name: str(value).strip()[:LONGEST] for name, value in form.items()}
    corpus = typed.pop("corpus", "")
    try:
        must_hold(caller(request), TRAINERS, "train a model")
        recipe = read_recipe(settings=[f"{name}={value}" for name, value in typed.items() if value])
        start_training(workspace_of(request), caller(request), corpus, recipe)
    except BesideError as error:
        return page(request, corpus, typed, error)
    return RedirectResponse("/?started=train", status_code=303)


def page(request: Request, corpus: str, typed: dict[str, str], error: BesideError | None = None) -> Response:
    """The form, with what was typed and what was wrong with it."""
    workspace, actor = workspace_of(request), caller(request)
    fields = form_fields(language_of(request).code, typed)
    return render(
        request,
        "train.html",
        status=error.status if error else 200,
        corpora=workspace.records.corpora(actor),
        corpus=corpus,
        first=[knob for knob in fields if knob.name in FIRST],
        others=[knob for knob in fields if knob.name not in FIRST],
        unfolded=any(typed.get(knob.name) for knob in fields if knob.name not in FIRST),
        may_train=signed_in(actor) and any(actor.may(role) for role in TRAINERS),
        error=error,
    )


def form_fields(language: str, typed: dict[str, str]) -> list[Knob]:
    """Every knob of the recipe, in its order, with its unit and reason in the language of the page."""
    words = Words(language)
    shown = []
    for told in knobs(Recipe(), words):
        field = Recipe.model_fields[told.name]
        shown.append(
            Knob(
                name=told.name,
                unit=told.unit,
                reason=told.reason,
                choices=choices_of(told.name, field.annotation),
                offered=offered(told.name),
                default="" if field.default is None else written(field.default),
                typed=typed.get(told.name, ""),
            )
        )
    return shown


def offered(name: str) -> tuple[str, ...]:
    """Values to start from where anything may be written."""
    return BASES if name == "base" else tuple(registry.names("defences")) if name == "defence" else ()


def choices_of(name: str, kind: Any) -> tuple[str, ...]:
    """The values that a knob may have, where they can be counted."""
    if name == "method":
        return (*registry.names("methods"), BEST)
    return choices(kind)
