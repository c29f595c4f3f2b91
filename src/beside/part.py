"""What every part of `Loop` works with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from beside.core.interfaces import Progress
from beside.core.types import Actor
from beside.store.artifacts import Artifacts
from beside.store.records import Records
from beside.store.workspace import Workspace


class Part:
    """The fields of `Loop` that its parts share; one that needs more of it declares that beside."""

    workspace: Workspace
    records: Records
    artifacts: Artifacts
    actor: Actor
    progress: Progress
    clock: Callable[[], datetime]
