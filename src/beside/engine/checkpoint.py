"""What training needs to go on after a kill: every tensor and every state, written whole or not at all, read only if unaltered.

One safetensors file holds weights, optimiser moments, the best weights so far and the random state; one JSON file names it, its
SHA-256 and the plain numbers. No pickle.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from beside.core.errors import Altered, StorageFailed


@dataclass(frozen=True, kw_only=True)
class State:
    """Tensors by name and plain numbers."""

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
        target = self.folder / f"state-{state.facts['step']}.safetensors"
        fresh = target.with_suffix(".partial")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            save_file({name: tensor.contiguous() for name, tensor in state.tensors.items()}, fresh)
            digest = sync_and_hash(fresh)
            fresh.replace(target)
            note = self.index.with_suffix(".partial")
            note.write_text(json.dumps({**state.facts, "file": target.name, "sha256": digest}), encoding="utf-8")
            sync_and_hash(note)
            note.replace(self.index)
        except (OSError, SafetensorError) as error:
            fresh.unlink(missing_ok=True)
            raise StorageFailed(
                f"Cannot write the checkpoint: {error}.", "Free disk space, then run the same command with --resume."
            ) from error
        for old in self.folder.glob("state-*.safetensors"):
            if old != target:
                old.unlink()

    def load(self) -> State | None:
        """The newest state, or None when there is none.

        Raises:
            Altered: the bytes are not those that were written.
        """
        if not self.index.exists():
            return None
        hint = f"Delete the folder {self.folder} and train again without --resume."
        try:
            facts = json.loads(self.index.read_text(encoding="utf-8"))
            file = self.folder / facts.pop("file")
            digest = facts.pop("sha256")
            intact = file.parent == self.folder and sync_and_hash(file) == digest
        except (OSError, ValueError, KeyError) as error:
            raise Altered(f"The checkpoint {self.folder.name} cannot be read: {error}.", hint) from error
        if not intact:
            raise Altered(f"The checkpoint file {file.name} was altered after it was written.", hint)
        return State(tensors=load_file(file), facts=facts)

    def clear(self) -> None:
        """Forgets the training: it has ended."""
        shutil.rmtree(self.folder, ignore_errors=True)


def sync_and_hash(file: Path) -> str:
    """SHA-256 of a file, after its bytes have reached the disk."""
    with file.open("rb") as content:
        os.fsync(content.fileno())
        return hashlib.file_digest(content, "sha256").hexdigest()
