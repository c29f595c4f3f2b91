"""Stops that hold before the database has them: a file beside it, which no other writer can delay.

Whoever answers looks for the file at every use. It goes once the stop is in the database; when the database does not take it,
the file stays and the stop holds all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from beside.core.committee import Halt, Proceedings
from beside.core.errors import StorageFailed
from beside.store.files import storage_errors, whole_file

FOLDER = "stops"


@contextmanager
def held(state: Path, halt: Halt) -> Iterator[None]:
    """The stop holds from the first line of the block on; its file goes at the end, or stays when the block fails.

    Args:
        state: the folder of the workspace's state.

    Raises:
        StorageFailed: the disk does not take the file.
    """
    file = file_of(state, halt.release_id)
    with storage_errors(f"'{file}'"):
        file.parent.mkdir(exist_ok=True)
        with whole_file(file) as path:
            path.write_text(halt.model_dump_json(), encoding="utf-8")
    yield
    file.unlink(missing_ok=True)


def pending(state: Path, release_id: str) -> Halt | None:
    """The stop of a release that the database may not have yet; none when there is no file.

    Look here first and into the database afterwards: the file goes only when the database has the stop.

    Raises:
        StorageFailed: the file cannot be read; it must not open what somebody stopped.
    """
    try:
        return Halt.model_validate_json(file_of(state, release_id).read_bytes())
    except FileNotFoundError:
        return None
    except (ValidationError, OSError) as error:
        told = f"'{file_of(state, release_id)}' tells that a release was stopped, and cannot be read."
        raise StorageFailed(told, "Look at it; nothing is served meanwhile.") from error


def joined(halt: Halt | None, proceedings: Proceedings) -> Proceedings:
    """The proceedings with a stop that the database does not have yet."""
    if halt is None or any(one.id == halt.id for one in proceedings.halts):
        return proceedings
    return proceedings.model_copy(update={"halts": (*proceedings.halts, halt)})


def file_of(state: Path, release_id: str) -> Path:
    """Where the stop of a release is kept."""
    return state / FOLDER / f"{release_id}.json"
