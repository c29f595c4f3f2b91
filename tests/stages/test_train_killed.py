"""A training that was killed, at whatever moment, goes on and ends with the same weights, bit for bit."""

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

from beside.store.workspace import Workspace

# the truth test without the seconds of a fresh process; the trainings it is compared with took the real one
QUICK = """
from beside.engine import fit, runtime, training, truth
truth.fresh_logits = lambda folders, texts: [runtime.load_subject(folder).logits(texts) for folder in folders]
"""
KILL = """
import os, signal
from beside.engine import checkpoint
from beside.stages import train
from beside.store.records import Records
kill = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
"""
EVERY_STEP = "fit.CHECKPOINT_SECONDS = -1\n"
NEVER = "fit.CHECKPOINT_SECONDS = 1e9\n"
EVERY_FOURTH = """
fit.CHECKPOINT_SECONDS = 1e9
due = fit.Fit.save_when_due
fit.Fit.save_when_due = lambda self: (due(self), self.step % 4 or self.save())
"""


def at_step(step: int) -> str:
    """Kills right after this step, before anything of it is saved."""
    return f"tell = fit.Fit.tell\nfit.Fit.tell = lambda self: (tell(self), self.step == {step} and kill())\n"


def at_call(name: str, number: int = 1) -> str:
    """Kills when this function is called for the n-th time."""
    return f"""
calls, real = [], {name}
def counted(*given, **named):
    calls.append(1)
    if len(calls) == {number}:
        kill()
    return real(*given, **named)
{name} = counted
"""


HALF_A_FILE = """
calls, whole = [], checkpoint.save_file
def half(tensors, file):
    whole(tensors, file)
    calls.append(1)
    if len(calls) == 7:
        os.truncate(file, os.path.getsize(file) // 2)
        kill()
checkpoint.save_file = half
"""
MOMENTS = {
    "before the first checkpoint": NEVER + at_step(7),
    "some steps after a checkpoint": EVERY_FOURTH + at_step(19),
    "after the last step of an epoch": EVERY_FOURTH + at_step(22),
    "while a checkpoint is written": EVERY_STEP + HALF_A_FILE,
    "between a checkpoint's two files": EVERY_FOURTH + at_call("checkpoint.seal", 4),
    "after the model is saved": NEVER + at_call("training.prove"),
    "before the run is recorded": EVERY_FOURTH + at_call("Records.add_run"),
    "after the run is recorded": NEVER + at_call("train.forget"),
}


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory, beside: Any, messages: Any) -> Path:
    """A workspace with a corpus of 168 training rows: eleven steps an epoch."""
    folder = tmp_path_factory.mktemp("imported")
    with (folder / "rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["text", "label"], *messages(240)])
    assert beside("import", "rows.csv", "--name", "inbox", "--json", cwd=folder).code == 0
    return folder


@pytest.fixture
def workspace(imported: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(imported, tmp_path / "workspace"))


@pytest.fixture(scope="module")
def options(tiny_base: Path) -> list[str]:
    knobs = ("epochs=3", "dropout=0.2", "pooling=mean", "learning_rate=0.003", "frozen_layers=1", "threads=1")
    return ["--base", str(tiny_base), *(word for knob in knobs for word in ("--set", knob)), "--json"]


@pytest.fixture(scope="module")
def never_killed(imported: Path, beside: Any, options: list[str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The run of a training that nobody disturbed, with the real truth test."""
    folder = Path(shutil.copytree(imported, tmp_path_factory.mktemp("quiet") / "workspace"))
    ended = beside("train", "inbox", *options, cwd=folder)
    assert ended.code == 0, ended.err
    return dict(ended.json)


def outcome(run: dict[str, Any]) -> dict[str, Any]:
    """All of a run that may not depend on kills; `model` is the hash over every file of the model folder."""
    return {key: run[key] for key in ("id", "model", "scores", "history", "recipe", "trainable", "truncated", "seed")}


def left_over(workspace: Path) -> list[str]:
    return [path.name for path in (workspace / ".beside" / "checkpoints").iterdir()]


@pytest.mark.slow
@pytest.mark.parametrize("moment", list(MOMENTS))
def test_killed_and_gone_on_it_ends_with_the_same_weights(
    moment: str, beside: Any, workspace: Path, options: list[str], never_killed: dict[str, Any]
) -> None:
    killed = beside("train", "inbox", *options, cwd=workspace, patch=QUICK + KILL + MOMENTS[moment])
    assert killed.code == -signal.SIGKILL, killed.err
    assert left_over(workspace) == [never_killed["id"]]
    gone_on = beside("train", "--resume", "--json", cwd=workspace, patch=QUICK)
    assert gone_on.code == 0, gone_on.err
    assert outcome(gone_on.json) == outcome(never_killed)
    assert left_over(workspace) == [], "an ended training leaves no checkpoint"
    assert [run["id"] for run in beside("list", "runs", "--json", cwd=workspace).json] == [never_killed["id"]]


@pytest.mark.slow
def test_killed_again_and_again_it_ends_with_the_same_weights(
    beside: Any, workspace: Path, options: list[str], never_killed: dict[str, Any]
) -> None:
    for step in (3, 12, 30):
        words = ["train", "--resume", "--json"] if step > 3 else ["train", "inbox", *options]
        assert beside(*words, cwd=workspace, patch=QUICK + KILL + EVERY_FOURTH + at_step(step)).code == -signal.SIGKILL
    assert outcome(beside("train", "--resume", "--json", cwd=workspace, patch=QUICK).json) == outcome(never_killed)


@pytest.mark.slow
def test_a_model_from_scratch_goes_on_with_its_own_words(beside: Any, workspace: Path) -> None:
    words = ["train", "inbox", "--base", "scratch", "--set", "epochs=1", "--set", "threads=1", "--json"]
    other = Path(shutil.copytree(workspace, workspace.parent / "other"))
    expected = beside(*words, cwd=other, patch=QUICK).json
    assert beside(*words, cwd=workspace, patch=QUICK + KILL + EVERY_FOURTH + at_step(7)).code == -signal.SIGKILL
    assert outcome(beside("train", "--resume", "--json", cwd=workspace, patch=QUICK).json) == outcome(expected)


@pytest.mark.slow
def test_a_model_that_writes_goes_on_with_the_same_weights(beside: Any, tmp_path: Path) -> None:
    rows = "".join(
        f"which {thing} {asked},the {thing} is {asked}\n" for thing in ("card", "loan", "fee") for asked in ("lost", "late")
    )
    (tmp_path / "rows.csv").write_text("text,label\n" + rows)
    assert beside("import", "rows.csv", "--name", "written", "--task", "generate", cwd=tmp_path).code == 0
    words = ["train", "written", "--base", "scratch", "--set", "threads=1", "--set", "epochs=9", "--set", "batch_size=2", "--json"]
    other = Path(shutil.copytree(tmp_path, tmp_path.parent / f"{tmp_path.name}-other"))
    expected = beside(*words, cwd=other, patch=QUICK)
    assert expected.code == 0, expected.err
    assert beside(*words, cwd=tmp_path, patch=QUICK + KILL + EVERY_FOURTH + at_step(11)).code == -signal.SIGKILL
    gone_on = beside("train", "--resume", "--json", cwd=tmp_path, patch=QUICK)
    assert "Resumed at step" in gone_on.err
    assert outcome(gone_on.json) == outcome(expected.json)


@pytest.mark.slow
def test_ctrl_c_saves_and_ends_with_130_and_what_to_do(
    beside: Any, workspace: Path, options: list[str], never_killed: dict[str, Any]
) -> None:
    slow = "import time\ntell = fit.Fit.tell\nfit.Fit.tell = lambda self: (tell(self), time.sleep(0.1))\n"
    started = beside.start("train", "inbox", *options, cwd=workspace, patch=QUICK + NEVER + slow)
    wait_for(lambda: progress_of(workspace).get("stage") == "train" and progress_of(workspace)["done"] >= 3)
    os.kill(started["pid"], signal.SIGINT)
    ended = beside.join(started)
    assert ended.code == 130
    assert ended.json["error"]["code"] == "stopped" and "beside train --resume" in ended.err
    assert "Traceback" not in ended.err
    (folder,) = (workspace / ".beside" / "checkpoints").iterdir()
    assert (folder / "state.json").exists() and not list(folder.glob("model-*"))
    gone_on = beside("train", "inbox", "--resume", "--json", cwd=workspace, patch=QUICK)
    assert "Resumed at step" in gone_on.err
    assert outcome(gone_on.json) == outcome(never_killed)


def progress_of(workspace: Path) -> dict[str, Any]:
    """What any other process sees of the work."""
    opened = Workspace.open(workspace, create=False)
    try:
        return opened.progress() or {}
    finally:
        opened.close()


def wait_for(ready: Callable[[], bool]) -> None:
    until = monotonic() + 60
    while not ready():
        assert monotonic() < until
        sleep(0.05)


@pytest.mark.slow
def test_a_full_disk_ends_it_in_words_and_loses_nothing(
    beside: Any, workspace: Path, options: list[str], never_killed: dict[str, Any]
) -> None:
    assert beside("train", "inbox", *options, cwd=workspace, patch=QUICK + KILL + EVERY_STEP + at_step(6)).code == -signal.SIGKILL
    (folder,) = (workspace / ".beside" / "checkpoints").iterdir()
    before = {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}
    largest = max(map(len, before.values()))
    full = beside("train", "--resume", "--json", cwd=workspace, patch=QUICK + EVERY_STEP, fsize=largest - 1000)
    assert (full.code, full.json["error"]["code"]) == (2, "storage_failed") and "Traceback" not in full.err
    assert "Free disk space" in full.err
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    gone_on = beside("train", "--resume", "--json", cwd=workspace, patch=QUICK)
    assert "Resumed at step 5 of 33" in gone_on.err
    assert outcome(gone_on.json) == outcome(never_killed)


@pytest.mark.slow
def test_a_checkpoint_with_an_altered_byte_is_refused_by_name(beside: Any, workspace: Path, options: list[str]) -> None:
    assert beside("train", "inbox", *options, cwd=workspace, patch=QUICK + KILL + EVERY_STEP + at_step(4)).code == -signal.SIGKILL
    (file,) = (workspace / ".beside" / "checkpoints").glob("*/*.safetensors")
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    refused = beside("train", "--resume", "--json", cwd=workspace, patch=QUICK)
    assert (refused.code, refused.json["error"]["code"]) == (2, "altered")
    assert file.name in refused.err and str(file.parent) in refused.err and "Traceback" not in refused.err
    shutil.rmtree(file.parent)
    nothing = beside("train", "--resume", cwd=workspace)
    assert nothing.code == 2 and "There is no unfinished training to resume." in nothing.err
