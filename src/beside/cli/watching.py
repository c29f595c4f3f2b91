"""After the release: whether what it is asked has drifted."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from beside.cli.frame import HERE, As, Folder, Json, command, show, working
from beside.core.errors import NotEnoughData

if TYPE_CHECKING:  # loaded by the command that needs it
    from beside.core.drift import Told


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
        stopped = loop.suspended(found.release_id)
    unsent(found.told)
    show(json, found, lambda found: look_in_words(found, stopped))
    return bool(found.alarms)


@command
def alerts(
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> bool:
    """Send a trial alarm to whom alarms are sent (table [alerts] in beside.toml). Exit code 1 if it did not leave."""
    with working(workspace, as_) as loop:
        told = loop.try_alerts()
    unsent(told)
    show(json, list(told), lambda told: print("\n".join(f"sent by {one.way}" for one in told if one.sent)))
    return not all(one.sent for one in told)


def unsent(told: Sequence[Told]) -> None:
    """Says which ways did not work, and why."""
    for one in told:
        if not one.sent:
            sys.stderr.write(f"The alarm could not be sent by {one.way}: {one.why}\n")
