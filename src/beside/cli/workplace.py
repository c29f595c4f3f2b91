"""Around the loop: people, lists, the health of this machine, the demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from beside.cli.frame import HERE, As, Folder, Json, command, login_name, show, working
from beside.core.errors import UnknownName


@command
def list_(
    what: Annotated[str, typer.Argument(help="corpora, bases, runs, findings, releases, erasures, waiting or capabilities")],
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """List what is in the workspace, or what Beside can do."""
    from beside.cli.telling import LISTS, capabilities, table_of

    if what == "capabilities":
        show(json, capabilities(), lambda rows: table_of(what, rows))
        return
    if what not in LISTS:
        raise UnknownName(f"There is no list '{what}'.", f"There are: {', '.join(LISTS)}, capabilities.")
    with working(workspace, as_) as loop:
        rows = getattr(loop.records, what)(loop.actor)
    show(json, rows, lambda rows: table_of(what, rows))


@command
def doctor(workspace: Folder = HERE, json: Json = False) -> bool:
    """Look at this machine and workspace: what works, what does not, what to do."""
    from beside.cli.starting import diagnose
    from beside.cli.telling import diagnosis_in_words

    found = diagnose(workspace)
    show(json, found, diagnosis_in_words)
    return any(not one["ok"] for one in found)


@command
def demo(
    no_serve: Annotated[bool, typer.Option("--no-serve", help="End after the evidence.")] = False,
    language: Annotated[str, typer.Option(help="en, or zh (trains a small model from scratch).")] = "en",
    workspace: Annotated[Path | None, typer.Option("--workspace", "-w", help="Default: demo/ in the current folder.")] = None,
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8321,
    json: Json = False,
) -> None:
    """The whole loop on the embedded model and the built-in support data, then the console."""
    from beside.cli.starting import run_demo

    made = run_demo(workspace or Path("demo"), language, login_name())
    show(json, made, lambda _: None)
    if not no_serve:
        serve_demo(workspace or Path("demo"), port)


def serve_demo(workspace: Path, port: int) -> None:
    """The console over the demo's workspace."""
    from beside.cli.serving import serve as start
    from beside.store.workspace import Workspace

    start(Workspace.open(workspace), "127.0.0.1", port, login_name())
