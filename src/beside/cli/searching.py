"""Many trainings for a better recipe, and one more to see that a run can be had again: search, rerun."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from beside.cli.frame import HERE, As, Folder, Json, Settings, command, show, working


@command
def search(
    corpus: Annotated[str, typer.Argument(help="Id or name.")],
    trials: Annotated[int, typer.Option(min=1, help="Trials that are to end, those of an earlier call among them.")] = 30,
    workers: Annotated[int, typer.Option(min=1, help="Processes that train at once; the cores are divided among them.")] = 1,
    timeout: Annotated[float | None, typer.Option(help="Seconds after which no new trial begins.")] = None,
    seeds: Annotated[int, typer.Option(min=2, help="Fresh seeds that the winner is confirmed with.")] = 3,
    space: Annotated[Path | None, typer.Option(help="TOML file of what may change: [learning_rate] low, high, log.")] = None,
    base: Annotated[str | None, typer.Option(help="embedded, scratch, a folder, or a Hugging Face id.")] = None,
    method: Annotated[str | None, typer.Option(help="Only this one; left out, it is searched.")] = None,
    recipe: Annotated[Path | None, typer.Option(help="TOML file of recipe knobs that stay as they are.")] = None,
    set_: Settings = None,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Search for a better recipe; the same command again goes on where it was."""
    from beside.cli.search_telling import search_in_words
    from beside.core.recipe import read_recipe

    read = read_recipe(recipe, set_ or [], base=base, method=method)
    with working(workspace, as_) as loop:
        found = loop.search(corpus, read, space, trials=trials, workers=workers, timeout=timeout, seeds=seeds)
    show(json, found, lambda one: search_in_words(one, corpus))


@command
def rerun(
    run: Annotated[str, typer.Argument(help="Id of a run.")],
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> bool:
    """Train a run again from its stored recipe and compare. Exit code 1 if it comes out differently; nothing is replaced."""
    from beside.cli.search_telling import repetition_in_words

    with working(workspace, as_) as loop:
        again = loop.rerun(run)
    show(json, again, repetition_in_words)
    return again.verdict == "differs"
