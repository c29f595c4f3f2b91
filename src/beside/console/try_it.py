"""Try it: a text in, the answer with its reasons out, and a person's word on whether it is right. Works without scripts."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated
from urllib.parse import urlencode

from anyio.to_thread import run_sync
from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from beside.api.actor import caller, loop_for
from beside.api.bodies import within_limits
from beside.api.hub import is_written
from beside.api.rerank import MOST_DOCUMENTS
from beside.api.serving import Among, predict_with
from beside.console.answer_forms import candidates_of, choices, lines_of, named, shares, title
from beside.console.page import render, workspace_of
from beside.core import registry
from beside.core.askable import order_of
from beside.core.asking import Neighbours
from beside.core.errors import BesideError, UnknownName
from beside.core.languages import spoken
from beside.core.pairs import joined
from beside.core.types import Actor, Answer, Explanation, Prediction, Release
from beside.loop import Loop
from beside.stages.neighbours import SEE_ROWS
from beside.store.workspace import Workspace

TOP = 5  # labels with a bar of their own; the rest share one
STEPS = 9  # strongest shade of a word, classes w0..w9
FEWEST = 0.02  # change of probability below which no word is shaded: it would be noise drawn large
CHINESE = re.compile(r"[\u3400-\u9fff]")

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Piece:
    """A stretch of the text: a word with its shade, or what stands between words."""

    text: str
    shade: int | None = None
    weight: float = 0.0


@router.get("/try")
def ask(request: Request, text: str = "", release: str = "") -> Response:
    """The empty form."""
    return page(request, text=text, release=release)


@router.post("/try")
async def answer(
    request: Request,
    text: Annotated[str, Form()] = "",
    release: Annotated[str, Form()] = "",
    before: Annotated[str, Form()] = "",
    pair: Annotated[str, Form()] = "",
    candidates: Annotated[str, Form()] = "",
) -> Response:
    """Asks the model, then shows the answer under an address of its own, which can be reloaded and read in both languages.

    `before` is the prediction whose text was edited: the page then shows both answers side by side. `pair` is the second text, for
    a release that compares two; `candidates`, one a line, are what a release that ranks puts in order.
    """
    try:
        loop = await run_sync(loop_for, request)
        given = within_limits(lines_of(candidates), MOST_DOCUMENTS) if candidates.strip() else None
        among = Among(given, len(given)) if given else None
        (prediction,) = await predict_with(request.app, loop, release or None, asked_of(text, pair), among=among)
    except BesideError as error:
        shown = partial(page, request, text=text, pair=pair, candidates=candidates, release=release, error=error)
        return await run_sync(shown)
    compared = f"?{urlencode({'before': before})}" if before else ""
    return RedirectResponse(f"/try/{prediction.id}{compared}#answer", status_code=303)


@router.get("/try/{prediction_id}")
async def answered(request: Request, prediction_id: str, before: str = "", near: bool = False) -> Response:
    """The answer with its reasons; beside the answer to `before`, and with the training rows that lie near, if asked for."""
    return await explained_page(request, prediction_id, before=before, near=near)


@router.post("/try/{prediction_id}")
async def said(
    request: Request,
    prediction_id: str,
    correct: Annotated[str, Form()] = "",
    label: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
) -> Response:
    """Stores what the person says of the answer; it is on the disk when the page says thanks."""
    try:
        loop = await run_sync(loop_for, request)
        await run_sync(loop.listen, prediction_id, correct == "yes", label or None, note)
    except UnknownName:
        raise
    except BesideError as error:
        return await explained_page(request, prediction_id, error, note)
    return RedirectResponse(f"/try/{prediction_id}#said", status_code=303)


def asked_of(text: str, pair: str) -> list[str]:
    """What the model is asked: the text, or both. Raises BadInput when one of them is too long."""
    (first,), second = within_limits([text]), within_limits([pair])[0] if pair else None
    return [joined(first, second)]


async def explained_page(
    request: Request, prediction_id: str, error: BesideError | None = None, note: str = "", before: str = "", near: bool = False
) -> Response:
    """The page of an answer. Explaining asks the model many times, so it waits its turn like any question."""
    loop = await run_sync(loop_for, request)
    read = partial(loop.workspace.records.prediction, loop.actor)
    prediction = await run_sync(read, prediction_id)
    compared = await run_sync(read, before) if before else None
    why: Explanation | BesideError | None = None
    if explainable(prediction):
        try:
            why = await explain_with(request, loop, prediction)
        except BesideError as closed:  # an answer outlives its release
            why = closed
    rows: Neighbours | BesideError | None = None
    if near:
        try:
            rows = await near_with(request, loop, prediction)
        except BesideError as refused:
            rows = refused
    shown = partial(page, request, prediction=prediction, why=why, error=error, note=note, before=compared, near=rows)
    return await run_sync(shown)


def one_label(prediction: Prediction) -> bool:
    """Whether the answer is one label, which is corrected by choosing another."""
    return prediction.answer is None or "path" in prediction.answer


def explainable(prediction: Prediction) -> bool:
    """Whether words can speak for the answer: it is one label for one text."""
    return one_label(prediction) and prediction.pair is None


def both(prediction: Prediction) -> str:
    """What was asked: the text, or both."""
    return joined(prediction.text, prediction.pair)


async def explain_with(request: Request, loop: Loop, prediction: Prediction) -> Explanation:
    """How much each word spoke for the answer, by the release that gave it."""
    serving = request.app.state.serving
    why: Explanation = await serving.turn(lambda: loop.explain(serving.served(loop, prediction.release_id), prediction.text))
    return why


async def near_with(request: Request, loop: Loop, prediction: Prediction) -> Neighbours:
    """The training rows nearest to the text, by the release that answered."""
    serving = request.app.state.serving
    rows: Neighbours = await serving.turn(lambda: loop.neighbours(serving.served(loop, prediction.release_id), both(prediction)))
    return rows


def page(
    request: Request,
    *,
    text: str = "",
    pair: str = "",
    candidates: str = "",
    release: str = "",
    prediction: Prediction | None = None,
    why: Explanation | BesideError | None = None,
    error: BesideError | None = None,
    note: str = "",
    before: Prediction | None = None,
    near: Neighbours | BesideError | None = None,
) -> Response:
    """The page in whatever state it is: empty, answered, said, or with what went wrong above what was typed."""
    workspace, actor = workspace_of(request), caller(request)
    approved = [one for one in workspace.records.releases(actor) if one.state == "approved"]
    chosen = prediction.release_id if prediction else release
    answering = next((one for one in approved if one.id == chosen), approved[0] if approved else None)
    return render(
        request,
        "try_it.html",
        status=error.status if error else 200,
        approved=approved,
        release=answering,
        conditions=loop_for(request).standing(answering.id).conditions if answering else (),
        text=prediction.text if prediction else text,
        pair=(prediction.pair or "") if prediction else pair,
        candidates=candidates_of(prediction) if prediction else candidates,
        **asked_for(loop_for(request), answering, prediction),
        **shown_as(prediction),
        form=json.dumps(prediction.answer, ensure_ascii=False, indent=1) if prediction and prediction.answer is not None else "",
        one_label=prediction is None or one_label(prediction),
        explainable=prediction is None or explainable(prediction),
        names={one.id: loop_for(request).corpus_of(one.id).name for one in approved},
        written=prediction is not None and is_written(prediction),
        prediction=prediction,
        bars=bars(prediction) if prediction else [],
        why=why,
        pieces=pieces(prediction.text, why) if prediction and isinstance(why, Explanation) else [],
        reply=reply(workspace, prediction) if prediction else None,
        said=last_answer(workspace, actor, prediction) if prediction else None,
        examples=examples(workspace, actor, answering) if answering else [],
        error=error,
        note=note,
        before=before,
        moves=moves(before, prediction) if before and prediction else [],
        near=near,
        may_see_rows=any(actor.may(role) for role in SEE_ROWS),
    )


def asked_for(loop: Loop, release: Release | None, prediction: Prediction | None) -> dict[str, bool | int]:
    """What is to be given besides a text: a second one, or candidates; and how many questions wait for a person meanwhile."""
    task = loop.task_of(loop.corpus_of(release.id)) if release else None
    must = task is not None and task.pairs == "must"
    return {
        "two_texts": bool(prediction and prediction.pair) or must,
        "ranks": task is not None and task.ranks,
        "waits": loop.records.how_many_wait(loop.actor),
    }


def shown_as(prediction: Prediction | None) -> dict[str, object]:
    """An answer of another form than one label."""
    return {
        "stretches": named(prediction) if prediction else None,
        "title": title(prediction) if prediction else "",
        "chosen": prediction.answer if prediction and isinstance(prediction.answer, list) else (),
        "ordered": order_of(prediction.answer) if prediction else [],
        "choices": choices(prediction) if prediction else [],
    }


def pieces(text: str, explanation: Explanation) -> list[Piece]:
    """The whole text, its words shaded by their weight against the heaviest."""
    heaviest = max((abs(word.weight) for word in explanation.words), default=0.0)
    cut, end = [], 0
    for word in explanation.words:
        if word.start > end:
            cut.append(Piece(text[end : word.start]))
        shade = round(STEPS * abs(word.weight) / heaviest) if heaviest >= FEWEST else 0
        cut.append(Piece(text[word.start : word.end], shade, word.weight))
        end = word.end
    return [*cut, Piece(text[end:])] if end < len(text) else cut


def bars(prediction: Prediction) -> list[tuple[str | None, float]]:
    """The most probable labels and, as None, all the others together."""
    ranked = sorted(prediction.probabilities.items(), key=lambda item: -item[1])
    alone = isinstance(prediction.answer, list)  # each label by itself: there is no sum that means anything
    rest = [] if alone else ranked[TOP:]
    top: list[tuple[str | None, float]] = list(ranked[:TOP])
    return [*top, (None, sum(share for _, share in rest))] if rest else top


def moves(before: Prediction, after: Prediction) -> list[tuple[str, float, float]]:
    """Label, its probability before and after the edit; those that moved most first."""
    was = shares(before)
    pairs = [(label, was.get(label, 0.0), share) for label, share in shares(after).items()]
    return sorted(pairs, key=lambda one: -abs(one[2] - one[1]))[:TOP]


def reply(workspace: Workspace, prediction: Prediction) -> str | None:
    """The text that the workspace's application suggests to send, in the language of the message."""
    name = workspace.settings.application
    if not name:
        return None
    language = "zh" if CHINESE.search(prediction.text) else "en"
    suggested: str | None = registry.load("applications", name).reply(prediction.label, language)
    return suggested


def examples(workspace: Workspace, actor: Actor, release: Release) -> Sequence[str]:
    """Texts to start from, in languages that the model learned; all where the person may not know what it learned from."""
    name = workspace.settings.application
    texts: Sequence[str] = registry.load("applications", name).examples if name else ()
    try:
        corpus = workspace.records.corpus(actor, workspace.records.run(actor, release.run_id).corpus_id)
    except UnknownName:
        return texts
    known = workspace.artifacts.read_json(corpus.report)["languages"] if corpus.report else {}
    return [text for text, language in zip(texts, spoken(texts), strict=True) if language in known] or texts


def last_answer(workspace: Workspace, actor: Actor, prediction: Prediction) -> Answer | None:
    """What was said last of this prediction."""
    pairs = workspace.records.answers(actor, prediction.release_id)
    return next((answer for asked, answer in reversed(pairs) if asked.id == prediction.id), None)
