"""Make it smaller and faster: a form made from the compressors' own options, and what a compression brought and cost."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from beside import charts
from beside.api.actor import caller, must_hold
from beside.api.starting import TRAINERS, closed, start_compressing
from beside.console.fields import LONGEST, option_fields, summary
from beside.console.home import failed
from beside.console.language import N_
from beside.console.page import language_of, render, signed_in, workspace_of
from beside.core import registry
from beside.core.compressing import FAMILY, Compression, chain_of, picture_of
from beside.core.errors import BadInput, BesideError, UnknownName
from beside.core.types import Run
from beside.loop import Loop

PAGE, RESULT = "/evidence/compress", "/evidence/compressed"
USUAL = {  # chains to start from -> what for
    "quantize": N_("Faster and smaller, with nearly the same answers. Nothing is trained, so it is done in minutes."),
    "trim_vocabulary,quantize": N_("Smaller still: words that your text never uses go."),
    "distill,trim_vocabulary,quantize": N_(
        "Smallest and fastest: a model of half the layers learns from yours. More answers change."
    ),
}
LIMITS = ("quantize.loss", "quantize.flips")  # always in sight; the other options are folded away

router = APIRouter(include_in_schema=False)


@router.get(PAGE)
def compress(request: Request, run: str = "") -> Response:
    """The form, and what was made of the run so far."""
    asked = request.query_params.get("with", "") or next(iter(USUAL))
    return page(request, run, {f"step-{at}": name for at, name in enumerate(asked.split(",")[: len(names())], 1)})


@router.post(PAGE)
async def begin(request: Request) -> Response:
    """Starts the compression as a process of its own; its progress shows on the page, as on Home."""
    form = await request.form(max_fields=100)
    typed = {name: str(value).strip()[:LONGEST] for name, value in form.items()}
    run = typed.pop("run", "")
    chain = [typed.pop(step, "") for step in steps()]
    try:
        must_hold(caller(request), TRAINERS, "compress a model")
        made = chain_of([name for name in chain if name], [f"{name}={value}" for name, value in typed.items() if value])
        start_compressing(workspace_of(request), caller(request), run, made)
    except BesideError as error:
        return page(request, run, {**typed, **dict(zip(steps(), chain, strict=True))}, error)
    return RedirectResponse(f"{PAGE}?{urlencode({'run': run, 'with': ','.join(made), 'started': 1})}", status_code=303)


@router.get(RESULT)
def compressed(request: Request, run: str = "") -> Response:
    """What a compression brought and what it cost."""
    loop = Loop(workspace_of(request), caller(request))
    made, told = of(loop, run)
    audited = bool(loop.records.findings(loop.actor, made.id))
    corpus = loop.records.corpus(loop.actor, made.corpus_id)
    return render(request, "compressed.html", run=made, told=told, corpus=corpus, audited=audited)


@router.get(RESULT + "/{run_id}.svg")
def picture(request: Request, run_id: str) -> Response:
    """Score against speed, with the words of the page's language."""
    _, told = of(Loop(workspace_of(request), caller(request)), run_id)
    drawn = charts.draw(picture_of(told), language_of(request).code)
    return Response(drawn, media_type="image/svg+xml", headers={"Cache-Control": "private, no-cache"})


def page(request: Request, run_id: str, typed: Mapping[str, str], error: BesideError | None = None) -> Response:
    """The form with what was typed and what was wrong with it; the runs that were made of this one."""
    workspace, actor = workspace_of(request), caller(request)
    loop, language = Loop(workspace, actor), language_of(request).code
    run = loop.records.run(actor, run_id)
    options = {name: option_fields(FAMILY, name, language, typed) for name in names()}
    started = "started" in request.query_params
    why = closed(loop, run)
    return render(
        request,
        "compress.html",
        status=error.status if error else 200,
        run=run,
        corpus=loop.records.corpus(actor, run.corpus_id),
        usual=USUAL,
        names=names(),
        steps={step: typed.get(step, "") for step in steps()},
        limits=[knob for knobs in options.values() for knob in knobs if knob.name in LIMITS],
        options={name: [knob for knob in knobs if knob.name not in LIMITS] for name, knobs in options.items()},
        summaries={name: summary(FAMILY, name, language) for name in names()},
        children=children_of(loop, run),
        progress=workspace.progress(),
        started=started,
        failed=failed(workspace) if started else None,
        may_compress=signed_in(actor) and any(actor.may(role) for role in TRAINERS),
        closed=BadInput(*why) if why else None,
        error=error,
    )


def names() -> list[str]:
    """All compressors, those that must be the last behind the others."""
    return sorted(registry.names(FAMILY), key=lambda name: bool(registry.load(FAMILY, name).last))


def steps() -> list[str]:
    """The form's fields of the chain: each compressor may come once."""
    return [f"step-{at}" for at in range(1, len(names()) + 1)]


def children_of(loop: Loop, run: Run) -> list[tuple[Run, Compression]]:
    """The runs that compression made of a run, the newest first, each with what it says of itself."""
    children = (one for one in loop.records.runs(loop.actor, run.corpus_id) if one.parent == run.id)
    told = ((one, loop.compression(one.id)) for one in children)
    return [(one, said) for one, said in told if said]


def of(loop: Loop, run_id: str) -> tuple[Run, Compression]:
    """A compressed run, and what it says of itself. Raises UnknownName when it was trained."""
    run, told = loop.records.run(loop.actor, run_id), loop.compression(run_id)
    if told is None:
        raise UnknownName(f"The run '{run_id[:80]}' was trained, not compressed.", "Look at its evidence.")
    return run, told
