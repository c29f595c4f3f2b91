"""Several processes train one model from the command line; killed and gone on, they end with the same weights."""

from __future__ import annotations

import csv
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

# the truth test without the seconds of a fresh process; the process ids of the workers in a file
TEAM = """
import os, signal, time
from pathlib import Path
from beside.engine import fit, peers, runtime, truth
truth.fresh_logits = lambda folders, texts: [runtime.load_subject(folder).logits(texts) for folder in folders]
ready = peers.Others.await_ready
def noted(self):
    Path("workers").write_text(" ".join(str(process.pid) for process in self.processes))
    ready(self)
peers.Others.await_ready = noted
tell = fit.Fit.tell
"""
EVERY_FOURTH = """
fit.CHECKPOINT_SECONDS = 1e9
due = fit.Fit.save_when_due
fit.Fit.save_when_due = lambda self: (due(self), self.step % 4 or self.save())
"""
KILLED = "fit.Fit.tell = lambda self: (tell(self), self.step == 6 and os.kill(os.getpid(), signal.SIGKILL))\n"
SLOW = "fit.Fit.tell = lambda self: (tell(self), Path('step').write_text(str(self.step)), time.sleep(0.2))\n"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory, beside: Any, messages: Any) -> Path:
    """A workspace with a corpus of 63 training rows."""
    folder = tmp_path_factory.mktemp("imported")
    with (folder / "rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["text", "label"], *messages(90)])
    assert beside("import", "rows.csv", "--name", "inbox", "--json", cwd=folder).code == 0
    return folder


@pytest.fixture
def workspace(imported: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(imported, tmp_path / "workspace"))


@pytest.fixture(scope="module")
def options(tiny_base: Path) -> list[str]:
    knobs = ("processes=2", "threads=2", "epochs=2", "batch_size=8", "dropout=0.2", "learning_rate=0.003", "precision=fp32")
    return ["--base", str(tiny_base), *(word for knob in knobs for word in ("--set", knob)), "--json"]


@pytest.fixture(scope="module")
def never_killed(imported: Path, beside: Any, options: list[str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The run of a team that nobody disturbed."""
    folder = Path(shutil.copytree(imported, tmp_path_factory.mktemp("quiet") / "workspace"))
    ended = beside("train", "inbox", *options, cwd=folder, patch=TEAM)
    assert ended.code == 0, ended.err
    assert "2 processes share the rows of every batch, 1 threads each (gloo)" in ended.err
    assert ended.json["recipe"]["processes"] == 2 and no_worker_is_left(folder)
    return dict(ended.json)


def is_running(process: int) -> bool:
    """Whether the process is there and not only waits to be counted as ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def no_worker_is_left(workspace: Path) -> bool:
    """Whether the workers that were started there end within seconds."""
    workers = [int(word) for word in (workspace / "workers").read_text().split()]
    assert len(workers) == 1
    return within(20, lambda: not any(map(is_running, workers)))


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    until = monotonic() + seconds
    while not holds():
        if monotonic() > until:
            return False
        sleep(0.05)
    return True


def outcome(run: dict[str, Any]) -> dict[str, Any]:
    """All of a run that may not depend on kills; `model` is the hash over every file of the model folder."""
    return {key: run[key] for key in ("id", "model", "scores", "history", "recipe", "trainable", "truncated", "seed")}


def test_the_first_process_killed_leaves_no_other_and_the_team_goes_on(
    beside: Any, workspace: Path, options: list[str], never_killed: dict[str, Any]
) -> None:
    killed = beside("train", "inbox", *options, cwd=workspace, patch=TEAM + EVERY_FOURTH + KILLED)
    assert killed.code == -signal.SIGKILL, killed.err
    assert no_worker_is_left(workspace)
    gone_on = beside("train", "--resume", "--json", cwd=workspace, patch=TEAM)
    assert gone_on.code == 0, gone_on.err
    assert "Resumed at step 4 of" in gone_on.err and no_worker_is_left(workspace)
    assert outcome(gone_on.json) == outcome(never_killed)


def test_ctrl_c_saves_ends_the_team_and_it_goes_on(
    beside: Any, workspace: Path, options: list[str], never_killed: dict[str, Any]
) -> None:
    started = beside.start("train", "inbox", *options, cwd=workspace, patch=TEAM + "fit.CHECKPOINT_SECONDS = 1e9\n" + SLOW)
    assert within(60, lambda: (workspace / "step").exists() and int((workspace / "step").read_text() or 0) >= 3)
    os.kill(started["pid"], signal.SIGINT)
    ended = beside.join(started)
    assert ended.code == 130 and ended.json["error"]["code"] == "stopped", ended.err
    assert "beside train --resume" in ended.err and "Traceback" not in ended.err
    assert no_worker_is_left(workspace)
    gone_on = beside("train", "--resume", "--json", cwd=workspace, patch=TEAM)
    assert "Resumed at step" in gone_on.err
    assert outcome(gone_on.json) == outcome(never_killed)
