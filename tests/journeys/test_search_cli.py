"""Searching as a person does: killed, gone on with, on several processes; and a run that is had again."""

from __future__ import annotations

import csv
import os
import shutil
import signal
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

QUICK = """
from beside.engine import fit, hunt, runtime, search, truth
truth.fresh_logits = lambda folders, texts: [runtime.load_subject(folder).logits(texts) for folder in folders]
"""
KILL = """
import os, signal
kill = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
"""
AFTER_ASKING = """
ask = search.Study.ask
def asked(self, limit):
    trial = ask(self, limit)
    return kill() if trial is not None and trial.number == NUMBER else trial
search.Study.ask = asked
"""
IN_STEPS_OF = """
tell = fit.Fit.tell
fit.Fit.tell = lambda self: (tell(self), self.checkpoint.folder.name == "trial-NUMBER" and self.step == 3 and kill())
"""
SPACE = "[learning_rate]\nlow = 1e-4\nhigh = 1e-1\nlog = true\n[epochs]\nlow = 1\nhigh = 3\n[batch_size]\nchoices = [16, 32]\n"


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory, beside: Any, messages: Any, tiny_base: Path) -> Path:
    """A workspace with a corpus, a base and a space."""
    folder = tmp_path_factory.mktemp("imported")
    with (folder / "rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["text", "label"], *messages(150)])
    assert beside("import", "rows.csv", "--name", "inbox", "--json", cwd=folder).code == 0
    shutil.copytree(tiny_base, folder / "tiny")
    (folder / "space.toml").write_text(SPACE)
    return folder


@pytest.fixture
def workspace(imported: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(imported, tmp_path / "workspace"))


def words(trials: int, *more: object) -> list[str]:
    fixed = ["--base", "tiny", "--set", "pooling=mean", "--set", "threads=1", "--space", "space.toml", "--seeds", "2", "--json"]
    return ["search", "inbox", "--trials", str(trials), *fixed, *map(str, more)]


def tried(found: Any) -> list[Any]:
    return [{key: trial[key] for key in ("number", "params", "state", "score")} for trial in found["trials"]]


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_thirty_trials_killed_twice_are_the_thirty_of_a_search_that_was_not(beside: Any, workspace: Path, imported: Path) -> None:
    quiet = Path(shutil.copytree(imported, workspace.parent / "quiet"))
    expected = beside(*words(30), cwd=quiet, patch=QUICK)
    assert expected.code == 0, expected.err
    for moment in (IN_STEPS_OF.replace("NUMBER", "7"), AFTER_ASKING.replace("NUMBER", "19")):
        killed = beside(*words(30), cwd=workspace, patch=QUICK + KILL + moment)
        assert killed.code == -signal.SIGKILL, killed.err
    gone_on = beside(*words(30), cwd=workspace, patch=QUICK)
    assert gone_on.code == 0 and "Going on: 19 trials are there." in gone_on.err, gone_on.err
    assert tried(gone_on.json) == tried(expected.json)
    assert len({str(trial["params"]) for trial in gone_on.json["trials"]}) == 30 == len(gone_on.json["trials"])
    assert gone_on.json["confirmed"] == expected.json["confirmed"] and gone_on.json["run_id"] == expected.json["run_id"]
    assert list((workspace / ".beside" / "checkpoints").iterdir()) == []
    assert {path.name for path in Path(gone_on.json["folder"]).iterdir() if path.is_dir()} == set(), "no checkpoint is left"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_winner_is_a_stored_run_that_its_recipe_gives_again_and_rerun_repeats(
    beside: Any, workspace: Path, imported: Path
) -> None:
    from safetensors.torch import load_file, save_file

    found = beside(*words(4), cwd=workspace, patch=QUICK).json
    winner = Path(found["folder"]) / "winner.toml"
    again = beside("train", "inbox", "--recipe", winner, "--json", cwd=workspace, patch=QUICK)
    assert again.json["id"] == found["run_id"] and "Already trained" in again.err
    model = again.json["model"]
    repeated = beside("rerun", found["run_id"], "--json", cwd=workspace, patch=QUICK)
    assert (repeated.code, repeated.json["verdict"]) == (0, "same weights"), repeated.err
    assert repeated.json["scores"] == repeated.json["again"] and repeated.json["changed_files"] == []
    assert [run["model"] for run in beside("list", "runs", "--json", cwd=workspace).json] == [model]
    # another base under the same name: the run cannot be had again
    weights = load_file(imported / "tiny" / "model.safetensors")
    changed = {name: tensor * 1.01 for name, tensor in weights.items()}
    save_file(changed, workspace / "tiny" / "model.safetensors", {"format": "pt"})
    differs = beside("rerun", found["run_id"], "--json", cwd=workspace, patch=QUICK)
    assert (differs.code, differs.json["verdict"]) == (1, "differs"), differs.err
    assert "model.safetensors" in differs.json["changed_files"] and differs.json["largest"] > 0
    said = beside("rerun", found["run_id"], cwd=workspace, patch=QUICK)
    assert said.code == 1 and "other bytes in: " in said.err and "logits differ by up to" in said.err
    assert [run["model"] for run in beside("list", "runs", "--json", cwd=workspace).json] == [model], "nothing is replaced"


@pytest.mark.slow
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="two workers need two cores")
@pytest.mark.timeout(400)
def test_two_processes_on_one_study_killed_and_gone_on_with(beside: Any, workspace: Path) -> None:
    started = beside.start(*words(6, "--workers", 2), cwd=workspace, patch=QUICK)
    wait_for(lambda: "trial " in beside.heard(started))
    os.kill(started["pid"], signal.SIGKILL)
    assert beside.join(started).code == -signal.SIGKILL
    wait_for(lambda: not workers_of(workspace))
    found = beside(*words(6, "--workers", 2), cwd=workspace, patch=QUICK)
    assert found.code == 0, found.err
    # a number is skipped when the kill came while its values were asked for
    assert len({trial["number"] for trial in found.json["trials"]}) == len(found.json["trials"]) == 6
    assert len({str(trial["params"]) for trial in found.json["trials"]}) == 6 and not workers_of(workspace)


@pytest.mark.slow
def test_ctrl_c_ends_it_with_130_and_what_to_do(beside: Any, workspace: Path) -> None:
    slow = "import time\ntell = fit.Fit.tell\nfit.Fit.tell = lambda self: (tell(self), time.sleep(0.1))\n"
    started = beside.start(*words(4), cwd=workspace, patch=QUICK + slow)
    wait_for(lambda: "trial 0:" in beside.heard(started))
    os.kill(started["pid"], signal.SIGINT)
    ended = beside.join(started)
    assert ended.code == 130 and "The same command again goes on from here." in ended.err and "Traceback" not in ended.err
    found = beside(*words(4), cwd=workspace, patch=QUICK)
    assert found.code == 0 and len(found.json["trials"]) == 4


@pytest.mark.parametrize(
    "space, said",
    [
        ("[learning_rat]\nlow = 1\nhigh = 2\n", "Did you mean 'learning_rate'?"),
        ("[epochs]\nlow = 0\nhigh = 2\n", "greater than or equal to 1"),
        ("[epochs\n", "as TOML"),
        ("[pooling]\nchoices = ['mean', 'cls']\n", "'pooling' is set to 'mean' and searched at once"),
    ],
)
def test_a_space_that_cannot_be_is_refused_before_anything_is_trained(beside: Any, workspace: Path, space: str, said: str) -> None:
    (workspace / "space.toml").write_text(space)
    ended = beside(*words(4), cwd=workspace)
    assert (ended.code, ended.json["error"]["code"]) == (2, "bad_option") and said in ended.err and "Traceback" not in ended.err


def workers_of(workspace: Path) -> list[str]:
    """Worker processes that work in this folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if b"beside.engine.trial" in (process / "cmdline").read_bytes() and (process / "cwd").resolve() == workspace:
                found.append(process.name)
        except OSError:
            continue
    return found


def wait_for(ready: Any) -> None:
    until = monotonic() + 120
    while not ready():
        assert monotonic() < until
        sleep(0.05)


@pytest.mark.slow
def test_a_model_from_scratch_is_had_again_from_what_was_chosen_for_it(beside: Any, workspace: Path) -> None:
    words = ["train", "inbox", "--base", "scratch", "--set", "epochs=1", "--set", "threads=1", "--json"]
    run = beside(*words, cwd=workspace, patch=QUICK)
    assert run.code == 0 and run.json["recipe"]["max_length"] < 256, "a length was chosen from the rows"
    again = beside("rerun", run.json["id"], "--json", cwd=workspace, patch=QUICK)
    assert (again.code, again.json["verdict"]) == (0, "same weights"), again.err


@pytest.mark.slow
def test_trackers_hold_the_training_and_change_nothing_of_it(beside: Any, workspace: Path) -> None:
    import sqlite3

    words = ["train", "inbox", "--base", "tiny", *(w for k in ("epochs=2", "pooling=mean", "threads=1") for w in ("--set", k))]
    quiet = Path(shutil.copytree(workspace, workspace.parent / "quiet"))
    plain = beside(*words, "--json", cwd=quiet, patch=QUICK).json
    tracked = beside(*words, "--track", "wandb", "--track", "mlflow", "--json", cwd=workspace, patch=QUICK)
    assert tracked.code == 0 and "failed" not in tracked.err, tracked.err
    assert (tracked.json["id"], tracked.json["model"]) == (plain["id"], plain["model"])
    home = workspace / ".beside" / "tracking"
    with sqlite3.connect(home / "mlflow.sqlite") as store:
        losses = [value for (value,) in store.execute("SELECT value FROM metrics WHERE key = 'loss' ORDER BY step")]
        params = dict(store.execute("SELECT key, value FROM params"))
    assert losses == [row["loss"] for row in plain["history"]] and params["epochs"] == "2"
    (kept,) = home.glob("wandb/offline-run-*/*.wandb")
    assert b"tune_macro_f1" in kept.read_bytes() and plain["id"] in kept.name
    refused = beside(*words, "--set", "seed=1", "--track", "wandbb", "--json", cwd=workspace)
    assert refused.code == 2 and "Did you mean 'wandb'?" in refused.err
