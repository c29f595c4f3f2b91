"""What training needs to go on after a kill: every tensor and every state, written whole or not at all, read only if unaltered.

One safetensors file holds weights, optimiser moments, the best weights so far and the random state; one JSON file names it, its
SHA-256 and the plain numbers, under a hash of its own. No pickle.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, load_file, save, save_file
from torch import Tensor

from beside.core.at_rest import guard_of
from beside.core.errors import Altered, StorageFailed


@dataclass(frozen=True, kw_only=True)
class State:
    """Tensors by name and plain numbers, among them `step`."""

    tensors: dict[str, Tensor]
    facts: dict[str, Any]


class Checkpoint:
    """The newest state of one training, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.index = folder / "state.json"

    def save(self, state: State) -> None:
        """Replaces the state; a failed write leaves the earlier one.

        Raises:
            StorageFailed: the disk does not take it.
        """
        stem = f"state-{state.facts['step']}"
        fresh, note = self.folder / f"{stem}.partial", self.index.with_suffix(".partial")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_tensors({name: tensor.contiguous() for name, tensor in state.tensors.items()}, fresh)
            digest = sync_and_hash(fresh)
            # the hash in the name: no write ever touches the file that the index still names
            target = fresh.with_name(f"{stem}-{digest[:12]}.safetensors")
            fresh.replace(target)
            content = {"facts": state.facts, "file": target.name, "sha256": digest}
            note.write_text(json.dumps({**content, "seal": seal(content)}), encoding="utf-8")
            sync_and_hash(note)
            note.replace(self.index)
            sync(self.folder)
        except (OSError, SafetensorError) as error:
            for half in (fresh, note):
                with suppress(OSError):
                    half.unlink(missing_ok=True)
            raise StorageFailed(
                f"Cannot write the checkpoint: {error}. The earlier one is untouched.",
                "Free disk space, then go on with --resume.",
            ) from error
        for old in self.folder.glob("state-*"):
            if old != target:
                old.unlink(missing_ok=True)

    def facts(self) -> dict[str, Any] | None:
        """The plain numbers of the newest state, or None when there is none. Raises as `load` does."""
        note = self.note()
        return None if note is None else note["facts"]

    def load(self) -> State | None:
        """The newest state, or None when there is none.

        Raises:
            Altered: the bytes are not those that were written.
        """
        note = self.note()
        if note is None:
            return None
        file = self.folder / Path(note["file"]).name
        try:
            intact = sync_and_hash(file) == note["sha256"]
        except OSError as error:
            raise self.altered(f"The checkpoint file {file.name} cannot be read: {error.strerror or error}.") from error
        if not intact:
            raise self.altered(f"The checkpoint file {file.name} was altered after it was written.")
        return State(tensors=read_tensors(file), facts=note["facts"])

    def note(self) -> dict[str, Any] | None:
        """What the index says, or None when there is none. Raises as `load` does."""
        if not self.index.exists():
            return None
        try:
            note: dict[str, Any] = json.loads(self.index.read_text(encoding="utf-8"))
            intact = note.pop("seal") == seal(note)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise self.altered(f"The checkpoint file {self.index.name} cannot be read: {error}.") from error
        if not intact:
            raise self.altered(f"The checkpoint file {self.index.name} was altered after it was written.")
        return note

    def altered(self, what: str) -> Altered:
        """The error for a state that is not what was written."""
        return Altered(what, f"Nothing of it is used. Delete the folder {self.folder}, then train from the beginning.")

    def clear(self) -> None:
        """Forgets the training: it has ended."""
        shutil.rmtree(self.folder, ignore_errors=True)


def write_tensors(tensors: dict[str, Tensor], file: Path) -> None:
    """A safetensors file, guarded where it lies. Raises OSError and SafetensorError."""
    guard = guard_of(file)
    if not guard.guards():
        return save_file(tensors, file)
    with guard.create(file) as sealed:  # in memory first, so that no plain byte is on the disk
        sealed.write(save(tensors))


def read_tensors(file: Path) -> dict[str, Tensor]:
    """What `write_tensors` wrote."""
    guard = guard_of(file)
    if not guard.is_sealed(file):
        return load_file(file)
    with guard.open(file) as content:
        return load(content.read())


def seal(content: dict[str, Any]) -> str:
    """SHA-256 of plain data, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def sync_and_hash(file: Path) -> str:
    """SHA-256 of what a file holds, after its bytes have reached the disk."""
    with file.open("rb") as content:
        os.fsync(content.fileno())
    with guard_of(file).open(file) as plain:
        return hashlib.file_digest(plain, "sha256").hexdigest()  # type: ignore[arg-type]


def sync(folder: Path) -> None:
    """Waits until the names in a folder have reached the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
