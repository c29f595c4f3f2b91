"""What a running server does once a day by itself: remove what was kept for its whole period."""

from __future__ import annotations

import logging
import threading

from beside.core.errors import BesideError, Busy
from beside.core.types import Actor
from beside.loop import Loop
from beside.store.workspace import Workspace

DAY = 86_400.0  # seconds
SOON = 600.0  # seconds until the next try, while something else is at work in the workspace
SERVER = Actor(name="server", roles=("privacy_officer",))
log = logging.getLogger("beside.api")


def enforce(workspace: Workspace) -> float:
    """Removes what is due; in how many seconds to look again. What goes wrong is logged, and no reason to end the server."""
    try:
        done = Loop(workspace, SERVER).enforce_retention()
    except Busy:
        return SOON
    except BesideError as error:
        log.warning("Retention: %s", error.message)
        return DAY
    if done is not None:
        told = ", ".join(f"{count} {kind}" for kind, count in done.removed.items())
        log.info("Retention: %s removed %s.", done.id, told or "nothing")
    return DAY


def watch(workspace: Workspace, stop: threading.Event) -> None:
    """Enforces the periods at once, and each day until `stop` is set."""
    wait = 0.0
    while not stop.wait(wait):
        wait = enforce(workspace)
