"""From unlabelled text to a base model: pretrain."""

from __future__ import annotations

from typing import Annotated

import typer

from beside.cli.frame import HERE, As, Folder, Json, command, show, working


@command
def pretrain(
    file: Annotated[str, typer.Argument(help="Unlabelled text: .txt with one text a line, or any file that `import` reads.")],
    name: Annotated[str, typer.Option(help="Name of the base, for `beside train CORPUS --base NAME`.")],
    base: Annotated[str | None, typer.Option(help="scratch (default), embedded, a base of yours, or a folder.")] = None,
    text: Annotated[str | None, typer.Option(help="Column of the text; with it a .txt file is read as a table.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="Pre-training knob as key=value; repeatable.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with this pre-training, which was killed.")] = False,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Pre-train a base model on your own unlabelled text; it stays on this machine, as confidential as the text."""
    from beside.cli.telling import base_in_words
    from beside.core.pretraining import read_pretraining

    recipe = read_pretraining(set_ or [], base)
    with working(workspace, as_, create=True) as loop:
        made = loop.pretrain(file, name, recipe, text, resume)
        folder = loop.artifacts.folder(made.model)
    show(json, {**made.model_dump(mode="json"), "folder": str(folder)}, lambda _: base_in_words(made, folder))
