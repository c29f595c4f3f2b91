"""Which method suits a corpus: compare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from beside.cli.frame import HERE, As, Folder, Json, Settings, command, show, working

if TYPE_CHECKING:  # heavy
    from beside.stages.compare import Contender, Contest, Interval


@command
def compare(
    corpus: Annotated[str, typer.Argument(help="Id or name.")],
    methods: Annotated[str | None, typer.Option(help="Names with commas between, for example full,lora; default: all.")] = None,
    seeds: Annotated[int, typer.Option(help="Trainings of each method, each with another seed.")] = 1,
    base: Annotated[str | None, typer.Option(help="embedded, scratch, a folder, or a Hugging Face id.")] = None,
    probe: Annotated[str | None, typer.Option(help="Another corpus: how much of it does the base forget in each training?")] = None,
    set_: Settings = None,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Train several methods on equal terms; one table and one picture of the tune split."""
    from beside.core.recipe import read_recipe

    names = [name.strip() for name in (methods or "").split(",") if name.strip()]
    recipe = read_recipe(None, set_ or [], base=base)
    with working(workspace, as_) as loop:
        found = loop.compare(corpus, names, seeds, recipe, probe)
    show(json, found, contest_in_words)


def contest_in_words(found: Contest) -> None:
    """The table, best score first."""
    from beside.cli.terminal import Terminal

    out, remembers = Terminal(), found.probe is not None
    seeds = f"seeds {', '.join(map(str, found.seeds))}" if len(found.seeds) > 1 else f"seed {found.seeds[0]}"
    out.say(f"{found.metric} on {found.n} tune rows, {seeds}; 95 % intervals; best first")
    heads = ["method", found.metric, "against the best", "trainable", "seconds", "peak memory"]
    rows = [row_of(one, remembers) for one in found.contenders]
    out.table([*heads, "forgetting"] if remembers else heads, rows)
    for name, why in found.refused.items():
        out.say(f"left out: {name}: {why}")
    if remembers:
        out.say(f"forgetting: accuracy lost on {found.probe_n} tune rows of {found.probe} by a head fitted on the untouched base")
    out.say("The tune split chose each run's epoch: good for choosing a method; `beside audit` has the honest numbers.")
    out.say(f"picture: {found.picture}")


def row_of(one: Contender, remembers: bool) -> list[str]:
    """One method in columns."""
    memory = "-" if one.peak_memory is None else f"{one.peak_memory / 2**20:.0f} MiB"
    cells = [one.method, told(one.score), told(one.gap, "+"), f"{one.share:.2%}", f"{one.seconds:.0f}", memory]
    return [*cells, told(one.forgetting, "+") if one.forgetting else "-"] if remembers else cells


def told(one: Interval, sign: str = "") -> str:
    """A value with its interval."""
    return f"{one.value:{sign}.3f} ({one.low:{sign}.3f} to {one.high:{sign}.3f})"
