"""More out of few labels: a new label without training, texts without labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from beside.cli.frame import HERE, As, Folder, Json, command, show, working


@command
def add_label(
    run: str,
    label: Annotated[str, typer.Argument(help="Name of the new label.")],
    texts: Annotated[Path, typer.Option(help="Its texts, one per line; every fifth is kept for testing.")],
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Give a trained model one more label without training it: a child run, to be audited like any other."""
    from beside.cli.telling import lines_of, run_in_words

    given = lines_of(texts)
    with working(workspace, as_) as loop:
        made = loop.add_label(run, label, given)
    show(json, made, run_in_words)


@command
def self_train(
    run: str,
    texts: Annotated[Path, typer.Option(help="Texts without labels, one per line.")],
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Train again with those texts that the model itself is sure of; how sure it must be is measured on rows held out."""
    from beside.cli.telling import lines_of, run_in_words

    given = lines_of(texts)
    with working(workspace, as_) as loop:
        made = loop.self_train(run, given)
    show(json, made, run_in_words)
