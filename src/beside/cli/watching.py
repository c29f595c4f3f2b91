"""After the release: whether what it is asked has drifted."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from beside.cli.frame import HERE, As, Folder, Json, command, show, working
from beside.core.errors import NotEnoughData


@command
def drift(
    release: str,
    last: Annotated[bool, typer.Option("--last", help="Show what the last look found instead of looking again.")] = False,
    budget: Annotated[float, typer.Option(min=0.001, help="False alarms per 30 days, all looks and tests together.")] = 1.0,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> bool:
    """Look whether what a release is asked differs from its tune rows. Exit code 1 on an alarm."""
    from beside.cli.watching_telling import look_in_words

    with working(workspace, as_) as loop:
        if last:
            found = next(iter(loop.looks(release)[::-1]), None)
            if found is None:
                raise NotEnoughData(f"Nobody has looked at '{release}' yet.", f"First: beside drift {release}")
        else:
            found = loop.drift(release, budget)
    for one in found.told:
        if not one.sent:
            sys.stderr.write(f"The alarm could not be sent by {one.way}: {one.why}\n")
    show(json, found, look_in_words)
    return bool(found.alarms)
