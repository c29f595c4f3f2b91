"""Several processes that share a training take the steps of one, and end together."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from beside.core.errors import BadOption, WorkerLost
from beside.core.interfaces import Silent
from beside.core.recipe import Recipe
from beside.core.types import Example
from beside.engine import peers
from beside.engine.checkpoint import Checkpoint
from beside.engine.fit import Fit
from beside.engine.keeping import Keeping
from beside.engine.peers import Job, Others, must_be_enough, together
from beside.engine.team import Alone
from beside.engine.training import Learned, learn


class Heard(Silent):
    """Progress that remembers the last step of the training and all that was said."""

    def __init__(self) -> None:
        self.steps, self.said = (0, 0), ""

    def say(self, text: str) -> None:
        self.said += text + "\n"

    def step(self, stage: str, done: int, total: int, note: str = "") -> None:
        if stage == "train":
            self.steps = (done, total)


@pytest.fixture
def learned(tmp_path: Path, messages: Any, tiny_base: Path) -> Callable[..., tuple[Learned, Heard]]:
    """`learned(processes, folder=, resume=, recipe settings...)`: a training of 40 rows, and what it told."""

    def made(processes: int, folder: str = "checkpoint", resume: bool = False, **settings: Any) -> tuple[Learned, Heard]:
        rows, tune = (
            [Example(id=str(place), text=text, target=label) for place, (text, label) in enumerate(messages(count, seed))]
            for count, seed in ((40, 0), (12, 1))
        )
        heard = Heard()
        given = {"base": str(tiny_base), "method": "full", "epochs": 2, "batch_size": 7, "learning_rate": 3e-3, "dropout": 0.0}
        recipe = Recipe(**{**given, "precision": "fp32", "device": "cpu", "threads": 2, "processes": processes, **settings})
        keeping = Keeping(checkpoint=Checkpoint(tmp_path / folder), resume=resume, progress=heard)
        return learn(rows, tune, tuple(sorted({str(row.target) for row in rows})), "classify", recipe, keeping), heard

    return made


def answers(found: Learned, messages: Any) -> np.ndarray:
    return found.subject.logits([text for text, _ in messages(30, 2)])


def weights(found: Learned) -> dict[str, torch.Tensor]:
    return found.subject.model.state_dict()


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Others]:
    """The processes of every team that is started."""
    found: list[Others] = []
    ready = Others.await_ready
    monkeypatch.setattr(Others, "await_ready", lambda self: (found.append(self), ready(self)))
    return found


def all_ended(started: list[Others]) -> bool:
    """Whether every process that was started is gone and waited for, so that none of them is left behind."""
    return bool(started) and all(process.returncode is not None for others in started for process in others.processes)


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"method": "full", "accumulation": 2, "clip_norm": 0.5},
        {"method": "lora", "frozen_layers": 1},
        {"method": "adalora", "clip_norm": 1.0},
        {"method": "full", "defence": "fgm", "optimizer": "sgd"},
    ],
    ids=lambda settings: settings["method"],
)
def test_two_processes_take_the_steps_of_one(learned: Any, messages: Any, started: list[Others], settings: dict[str, Any]) -> None:
    one, told_one = learned(1, "one", **settings)
    assert not started
    two, told_two = learned(2, "two", **settings)
    assert told_one.steps == told_two.steps and told_one.steps[0] == told_one.steps[1] > 0
    assert "2 processes share the rows of every batch, 1 threads each (gloo)" in told_two.said
    assert np.abs(answers(one, messages) - answers(two, messages)).max() <= 1e-5
    assert [row["epoch"] for row in two.fitted.history] == [row["epoch"] for row in one.fitted.history]
    assert all_ended(started)
    assert torch.get_num_threads() == 2 and not torch.distributed.is_initialized()


@pytest.mark.slow
def test_vectors_are_compared_across_processes(learned: Any, started: list[Others]) -> None:
    # hardly any learning: Adam makes any rounding as large as a step where gradients vanish, and along a vector they do
    one, two = (learned(size, str(size), method="contrastive", learning_rate=1e-6)[0].fitted.history for size in (1, 2))
    assert [row["loss"] for row in two] == pytest.approx([row["loss"] for row in one], rel=1e-5)
    assert all_ended(started)


@pytest.mark.slow
def test_a_killed_process_ends_the_training_in_words_and_it_goes_on(
    learned: Any, started: list[Others], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = learned(2, "whole", dropout=0.2)
    tell = Fit.tell

    def killing(fit: Fit) -> None:
        tell(fit)
        if fit.step == 5:
            os.kill(started[-1].processes[0].pid, signal.SIGKILL)

    with monkeypatch.context() as patch, pytest.raises(WorkerLost, match="worker process 1 ended with SIGKILL") as lost:
        patch.setattr(Fit, "tell", killing)
        learned(2, dropout=0.2)
    assert "--resume" in lost.value.hint and "processes=1" in lost.value.hint
    assert all_ended(started)
    gone_on, heard = learned(2, resume=True, dropout=0.2)
    assert "Resumed at step" in heard.said and "Resumed at step 0" not in heard.said
    assert all(torch.equal(weights(whole)[name], tensor) for name, tensor in weights(gone_on).items())


@pytest.mark.slow
def test_ctrl_c_saves_ends_every_process_and_it_goes_on(
    learned: Any, started: list[Others], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = learned(2, "whole", dropout=0.2)
    tell = Fit.tell
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Fit, "tell", lambda fit: (tell(fit), signal.raise_signal(signal.SIGINT) if fit.step == 4 else None))
        learned(2, dropout=0.2)
    assert all_ended(started) and not torch.distributed.is_initialized()
    gone_on, heard = learned(2, resume=True, dropout=0.2)
    assert "Resumed at step 4 of " in heard.said
    assert all(torch.equal(weights(whole)[name], tensor) for name, tensor in weights(gone_on).items())


def test_a_process_that_does_not_start_is_told(learned: Any, monkeypatch: pytest.MonkeyPatch, started: list[Others]) -> None:
    start = partial(peers.subprocess.Popen)
    broken = [sys.executable, "-c", "raise SystemExit('no room left')"]
    monkeypatch.setattr(peers.subprocess, "Popen", lambda command, **given: start(broken, **given))
    with pytest.raises(WorkerLost, match="worker process 1 ended with exit code 1: no room left") as lost:
        learned(2)
    assert "No step was taken" in lost.value.hint
    assert all_ended(started)


def test_where_nothing_learns_by_steps_one_process_does_it(learned: Any, started: list[Others]) -> None:
    _, heard = learned(2, method="probe")
    assert "Nothing learns by gradient steps: one process does it all." in heard.said and not started


def test_one_process_starts_no_other(tmp_path: Path, started: list[Others]) -> None:
    job = Job(recipe=Recipe(base="scratch"), examples=[], labels=("a", "b"), task="classify", folder=tmp_path, resume=False)
    with together(job, True, Silent()) as team:
        assert type(team) is Alone and not started


@pytest.mark.parametrize("device, there", [("mps", 1), ("cuda", 2)])
def test_more_processes_than_gpus_are_refused(device: Any, there: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    must_be_enough(Recipe(base="scratch", device=device, processes=there))
    with pytest.raises(BadOption, match=f"processes={there + 1} with device={device}") as refused:
        must_be_enough(Recipe(base="scratch", device=device, processes=there + 1))
    assert f"Set processes to {there} or less" in refused.value.hint


@pytest.mark.parametrize("size", [2, 3, 8])
def test_shares_hold_every_row_of_a_batch_once(size: int) -> None:
    shares = []
    for rank in range(size):
        one = Alone()
        one.rank, one.size = rank, size
        shares.append(one.share(np.arange(100, 107)))
    assert sorted(np.concatenate(shares)) == list(range(100, 107))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
