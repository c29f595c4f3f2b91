"""Trackers hold what they were told, on this machine, and none of them can hurt a training. Their files are read back here."""

from __future__ import annotations

import importlib.util
import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from beside.core import registry
from beside.core.errors import BadOption, UnknownName
from beside.core.recipe import Recipe
from beside.engine.tracking import Trackings

ROWS = [{"epoch": float(epoch), "loss": 1.0 / epoch, "tune_accuracy": 0.5 + epoch / 10} for epoch in (1, 2, 3)]
RECIPE = Recipe(epochs=3, learning_rate=3e-4)
SCORES = {"accuracy": 0.8, "loss": 0.4}
ABOUT = {"corpus": "inbox", "seed": 0}

Told = tuple[dict[float, dict[str, float]], dict[str, Any], dict[str, Any]]  # epochs, recipe and what is known, scores


class Heard:
    """Progress that is remembered."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def step(self, stage: str, done: int, total: int, note: str = "") -> None: ...


@pytest.fixture(autouse=True)
def nothing_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WANDB_MODE", "WANDB_PROJECT", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)


def wandb_records(file: Path) -> Iterator[bytes]:
    """The records of an offline run: LevelDB's log format behind a head of seven bytes, in blocks of 32 KiB."""
    content, place, whole = file.read_bytes(), 7, b""
    while place + 7 <= len(content):
        if 32768 - place % 32768 < 7:  # too little is left of a block for a head
            place += 32768 - place % 32768
            continue
        _, size, kind = struct.unpack("<IHB", content[place : place + 7])
        whole += content[place + 7 : place + 7 + size]
        place += 7 + size
        if kind in (1, 4):  # a whole record, or the last piece of one
            yield whole
            whole = b""


def named(item: Any) -> str:
    return item.key or "/".join(item.nested_key)


def read_wandb(home: Path) -> Told:
    """Epochs, configuration and summary from the offline files."""
    from wandb.proto.wandb_internal_pb2 import Record

    epochs: dict[float, dict[str, float]] = {}
    config: dict[str, Any] = {}
    summary: dict[str, Any] = {}
    for file in sorted(home.glob("wandb/offline-run-*/*.wandb")):
        for content in wandb_records(file):
            record = Record.FromString(content)
            config |= {named(item): json.loads(item.value_json) for item in [*record.run.config.update, *record.config.update]}
            summary |= {named(item): json.loads(item.value_json) for item in record.summary.update}
            row = {named(item): json.loads(item.value_json) for item in record.history.item}
            if "epoch" in row:
                epochs[row["epoch"]] = row
    return epochs, config, summary


def read_mlflow(home: Path) -> Told:
    """Epochs, parameters and last values from the store, with MLflow's own client."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{home / 'mlflow.sqlite'}")
    (run,) = client.search_runs([client.get_experiment_by_name("beside").experiment_id])
    assert run.info.status == "FINISHED" and run.data.tags["beside.run"] == run.info.run_name == "run-7"
    epochs: dict[float, dict[str, float]] = {}
    for name in ("loss", "tune_accuracy"):
        for one in client.get_metric_history(run.info.run_id, name):
            epochs.setdefault(float(one.step), {})[name] = one.value
    return epochs, {**run.data.tags, **run.data.params}, {name.replace("kept_", "kept/"): v for name, v in run.data.metrics.items()}


READERS: dict[str, Callable[[Path], Told]] = {"wandb": read_wandb, "mlflow": read_mlflow}


def test_every_tracker_is_tested_here() -> None:
    assert registry.names("trackers") == sorted(READERS)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(READERS))
def test_epochs_recipe_and_scores_are_there_after_a_kill_too(name: str, tmp_path: Path) -> None:
    pytest.importorskip(name)
    heard = Heard()
    with Trackings([name], tmp_path, "run-7", ABOUT, heard) as cut_short:
        cut_short.watch(ROWS[0], RECIPE)  # and the process is killed here; or somebody presses Ctrl-C
    with Trackings([name, name], tmp_path, "run-7", ABOUT, heard) as gone_on:
        gone_on.watch(ROWS[2], RECIPE)
        gone_on.end(RECIPE, SCORES, ROWS)
    epochs, config, summary = READERS[name](tmp_path)
    assert {epoch: row["loss"] for epoch, row in epochs.items()} == {row["epoch"]: row["loss"] for row in ROWS}
    assert {epoch: row["tune_accuracy"] for epoch, row in epochs.items()} == {row["epoch"]: row["tune_accuracy"] for row in ROWS}
    assert float(config["learning_rate"]) == 3e-4 and int(config["epochs"]) == 3 and config["corpus"] == "inbox"
    assert summary["kept/accuracy"] == 0.8
    assert heard.said == []


@pytest.mark.parametrize("name", list(READERS))
def test_a_missing_package_is_said_before_anything_is_trained(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda package: None)
    monkeypatch.setattr(f"beside.trackers.{name}.find_spec", lambda package: None)
    with pytest.raises(BadOption, match=f"with {name} needs its package") as refused:
        Trackings([name], tmp_path, "run-7", ABOUT, Heard())
    assert refused.value.hint == f"Run: pip install 'beside[{name}]'."


def test_a_tracker_that_does_not_exist_is_refused_with_a_close_name(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="no tracker 'wandbb'") as refused:
        Trackings(["wandbb"], tmp_path, "run-7", ABOUT, Heard())
    assert "Did you mean 'wandb'?" in refused.value.hint


class Failing:
    """A tracker whose service breaks at the second epoch."""

    def __init__(self) -> None:
        self.epochs: list[float] = []

    def open(self, home: Path, name: str, about: Any) -> Failing:
        return self

    def epoch(self, row: Any) -> None:
        self.epochs.append(row["epoch"])
        if len(self.epochs) == 2:
            raise ConnectionError("the service is gone")

    def end(self, recipe: Any, scores: Any) -> None:
        raise AssertionError("it is told no more")

    def fail(self) -> None:
        raise AssertionError("it is told no more")


def test_a_tracker_that_breaks_is_told_once_and_ends_no_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing, heard = Failing(), Heard()
    monkeypatch.setattr(registry, "load", lambda family, name: failing)
    with Trackings(["broken"], tmp_path, "run-7", ABOUT, heard) as trackings:
        for row in ROWS:
            trackings.watch(row, RECIPE)
        trackings.end(RECIPE, SCORES, ROWS)
    assert failing.epochs == [1.0, 2.0]
    assert heard.said == ["The tracker broken failed: the service is gone. The training goes on without it."]
