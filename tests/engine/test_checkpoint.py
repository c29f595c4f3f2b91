"""What training goes on from: whole or not at all, and never anything else than what was written."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from beside.core.errors import Altered, StorageFailed
from beside.engine.checkpoint import Checkpoint, State


def state(step: int, size: int = 500) -> State:
    return State(
        tensors={"weights": torch.arange(size) * 1.0 + step, "scalar": torch.tensor(step)}, facts={"step": step, "loss": 0.1}
    )


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    return Checkpoint(tmp_path / "run-1")


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """No file may grow beyond `size` bytes: what a write meets on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_was_saved_is_what_is_loaded(checkpoint: Checkpoint) -> None:
    assert checkpoint.load() is None and checkpoint.facts() is None
    saved = state(3)
    checkpoint.save(saved)
    found = checkpoint.load()
    assert found is not None and found.facts == saved.facts == checkpoint.facts()
    assert found.tensors.keys() == saved.tensors.keys()
    assert all(torch.equal(found.tensors[name], saved.tensors[name]) for name in saved.tensors)


def test_only_the_newest_is_kept(checkpoint: Checkpoint) -> None:
    for step in (1, 2, 10, 10):
        checkpoint.save(state(step))
    assert (checkpoint.facts() or {})["step"] == 10
    assert len(list(checkpoint.folder.iterdir())) == 2


def test_the_end_of_the_training_forgets_it(checkpoint: Checkpoint) -> None:
    checkpoint.save(state(1))
    checkpoint.clear()
    assert not checkpoint.folder.exists() and checkpoint.load() is None


@pytest.mark.parametrize("place", [0, 40, -1], ids=["first byte", "a byte inside", "last byte"])
def test_one_altered_byte_is_refused_by_name(checkpoint: Checkpoint, place: int) -> None:
    checkpoint.save(state(1))
    (file,) = checkpoint.folder.glob("*.safetensors")
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)
    with pytest.raises(Altered, match=file.name) as refused:
        checkpoint.load()
    assert str(checkpoint.folder) in refused.value.hint and refused.value.exit_code == 2


@pytest.mark.parametrize(
    "altered",
    [
        b"",
        b"not json",
        b"[]",
        b"\xff\xfe",
        b'{"facts": {"step": 5}, "file": "state.safetensors", "sha256": "0"}',
    ],
    ids=["empty", "words", "a list", "bytes", "no seal"],
)
def test_an_index_that_is_not_what_was_written_is_refused(checkpoint: Checkpoint, altered: bytes) -> None:
    checkpoint.save(state(1))
    checkpoint.index.write_bytes(altered)
    with pytest.raises(Altered, match=r"state\.json"):
        checkpoint.load()


def test_a_changed_number_in_the_index_is_refused(checkpoint: Checkpoint) -> None:
    checkpoint.save(state(1))
    note = json.loads(checkpoint.index.read_text())
    note["facts"]["step"] = 0
    checkpoint.index.write_text(json.dumps(note))
    with pytest.raises(Altered, match="was altered"):
        checkpoint.facts()


def test_an_index_cannot_lead_out_of_its_folder(checkpoint: Checkpoint, tmp_path: Path) -> None:
    checkpoint.save(state(1))
    (file,) = checkpoint.folder.glob("*.safetensors")
    file.rename(tmp_path / file.name)
    with pytest.raises(Altered, match="cannot be read"):
        checkpoint.load()


def test_a_full_disk_keeps_the_earlier_state(checkpoint: Checkpoint) -> None:
    checkpoint.save(state(1))
    with full_disk(1000), pytest.raises(StorageFailed, match="earlier one is untouched") as failed:
        checkpoint.save(state(2))
    assert "--resume" in failed.value.hint
    found = checkpoint.load()
    assert found is not None and found.facts["step"] == 1 and torch.equal(found.tensors["weights"], state(1).tensors["weights"])
    assert len(list(checkpoint.folder.iterdir())) == 2, "nothing half-written stays"
    checkpoint.save(state(3))
    assert (checkpoint.facts() or {})["step"] == 3


def test_a_disk_that_is_full_just_before_the_index_keeps_the_earlier_state(checkpoint: Checkpoint) -> None:
    checkpoint.save(state(1, size=2))
    long = State(tensors=state(2, size=2).tensors, facts={"step": 2, "history": list(range(2000))})
    with full_disk(1000), pytest.raises(StorageFailed):
        checkpoint.save(long)
    found = checkpoint.load()
    assert found is not None and found.facts["step"] == 1
    checkpoint.save(state(3))
    assert len(list(checkpoint.folder.iterdir())) == 2


def test_what_a_kill_left_half_written_is_ignored_and_then_removed(checkpoint: Checkpoint) -> None:
    checkpoint.save(state(1))
    (checkpoint.folder / "state-9.partial").write_bytes(b"half of it")
    (checkpoint.folder / "state-9-0123456789ab.safetensors").write_bytes(b"whole, but the index does not name it")
    assert (checkpoint.facts() or {})["step"] == 1 and checkpoint.load() is not None
    checkpoint.save(state(2))
    assert len(list(checkpoint.folder.iterdir())) == 2
