"""A training in a workspace that encrypts: nothing of it is on the disk as it is, also after a kill; the weights are the same."""

from __future__ import annotations

import csv
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beside.core.interfaces import Silent
from beside.core.types import Actor
from beside.loop import Loop
from beside.store.conversion import switch_on
from beside.store.key_source import environment
from beside.store.sealer import SEALERS
from beside.store.workspace import Workspace

OWNER = Actor(name="olga", roles=("admin",))
PLANTED = "qiuyueplanted"  # often enough to become a word of the tokenizer
KILLED = """
import os, signal
from beside.engine import fit
from beside.engine.checkpoint import Checkpoint
saved = Checkpoint.save
def killed(self, state):
    saved(self, state)
    os.kill(os.getpid(), signal.SIGKILL)
Checkpoint.save, fit.CHECKPOINT_SECONDS = killed, -1
"""
KNOBS = ("epochs=2", "max_length=16", "batch_size=16", "threads=1", "seed=3")
WORDS = ["train", "inbox", "--base", "scratch", "--method", "full", *(word for knob in KNOBS for word in ("--set", knob))]


def found(folder: Path, *words: bytes) -> list[str]:
    """Files below a folder with any of the words in their bytes, whatever the case."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return [path.name for path in files if any(word in path.read_bytes().lower() for word in words)]


@pytest.fixture
def rows(tmp_path: Path, messages: Callable[..., list[tuple[str, str]]]) -> Path:
    with (tmp_path / "rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["text", "label"], *((f"{text} {PLANTED}", label) for text, label in messages(90))])
    return tmp_path / "rows.csv"


def workplace(folder: Path, rows: Path, key: Path | None) -> Path:
    workspace = Workspace.open(folder)
    if key:
        switch_on(workspace, OWNER, f"file:{key}", environment, Silent())
    Loop(workspace, OWNER).intake(str(rows), "inbox")
    workspace.close()
    return folder


@pytest.mark.slow
def test_a_killed_training_leaves_nothing_plain_and_ends_with_the_weights_of_a_plain_one(
    beside: Any, rows: Path, tmp_path: Path
) -> None:
    plain, sealed = workplace(tmp_path / "plain", rows, None), workplace(tmp_path / "sealed", rows, tmp_path / "master.key")
    told = (PLANTED.encode(), b'"architectures"', b"__metadata__", b'"dtype"')  # none so short that chance writes it
    assert found(sealed, *told) == []
    killed = beside(*WORDS, cwd=sealed, patch=KILLED)
    assert killed.code == -signal.SIGKILL, killed.err
    assert [path.name for path in (sealed / ".beside" / "checkpoints").glob("*/state-*.safetensors")]
    assert found(sealed, *told) == []
    resumed, other = beside("train", "--resume", "--json", cwd=sealed), beside(*WORDS, "--json", cwd=plain)
    assert resumed.code == other.code == 0, resumed.err + other.err
    assert "Resumed at step" in resumed.err
    assert resumed.json["model"] == other.json["model"]  # one hash of every file of the model, sealed or not
    assert found(sealed, *told) == [] and found(plain, *told)
    SEALERS.clear()
    workspace = Workspace.open(sealed)
    loop = Loop(workspace, OWNER)
    (run,) = workspace.records.runs(OWNER)
    assert loop.subject(run).predict([f"money back {PLANTED}"])
    workspace.close()


@pytest.mark.slow
def test_switching_it_on_takes_a_training_along_that_was_cut_short(beside: Any, rows: Path, tmp_path: Path) -> None:
    folder = workplace(tmp_path / "work", rows, None)
    assert beside(*WORDS, cwd=folder, patch=KILLED).code == -signal.SIGKILL
    assert found(folder / ".beside", PLANTED.encode())
    workspace = Workspace.open(folder)
    switch_on(workspace, OWNER, f"file:{tmp_path / 'master.key'}", environment, Silent())
    workspace.close()
    assert found(folder / ".beside", PLANTED.encode(), b'"dtype"') == []
    resumed = beside("train", "--resume", cwd=folder)
    assert resumed.code == 0 and "Resumed at step" in resumed.err, resumed.err
