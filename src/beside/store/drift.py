"""Looks for drift, one file for each release: figures alone, no word of a text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from beside.core.drift import Look
from beside.core.errors import Busy, StorageFailed
from beside.store.files import storage_errors, whole_file

FOLDER = "drift"
KEPT = 400  # looks: a year of days
LOOKS = TypeAdapter(tuple[Look, ...])
COMPUTED: Any = {"__all__": {"alarms": True, "shifts": {"__all__": {"alarm"}}}}


def looks(state: Path, release_id: str) -> tuple[Look, ...]:
    """The looks at a release, the oldest first.

    Raises:
        StorageFailed: the file cannot be read.
    """
    file = state / FOLDER / f"{release_id}.json"
    try:
        return LOOKS.validate_json(file.read_bytes())
    except FileNotFoundError:
        return ()
    except (OSError, ValidationError) as error:
        raise StorageFailed(f"'{file}' cannot be read.", "Move it away; the next look begins a new one.") from error


def add_look(state: Path, look: Look, before: tuple[Look, ...]) -> None:
    """Keeps a look behind those before it, on the disk when this returns.

    Raises:
        Busy: somebody else's look has come between: both would spend the same days.
        StorageFailed: the disk does not take it.
    """
    file = state / FOLDER / f"{look.release_id}.json"
    if looks(state, look.release_id) != before:
        raise Busy("Somebody else looked for drift meanwhile.", "Their look is kept; read it.")
    with storage_errors(f"'{file}'"):
        file.parent.mkdir(exist_ok=True)
    with whole_file(file) as path:
        path.write_bytes(LOOKS.dump_json((*before, look)[-KEPT:], exclude=COMPUTED))


def newest(state: Path) -> Iterator[Look]:
    """The last look at each release that was looked at."""
    for file in sorted((state / FOLDER).glob("*.json")):
        yield from looks(state, file.stem)[-1:]
