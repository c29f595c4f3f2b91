"""`beside pretrain` from the command line: made, listed, trained from; killed at whatever moment, it ends with the same base."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from transformers import AutoModel

from beside.store.workspace import Workspace

KILL = """
import os, signal
from beside.engine import fit, pretraining
from beside.stages import pretrain
from beside.store.records import Records
kill = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
"""
EVERY_STEP = "fit.CHECKPOINT_SECONDS = -1\n"
NEVER = "fit.CHECKPOINT_SECONDS = 1e9\n"
MOMENTS = {
    "before the first checkpoint": NEVER
    + "tell = fit.Fit.tell\nfit.Fit.tell = lambda self: (tell(self), self.step == 4 and kill())\n",
    "between two checkpoints": EVERY_STEP
    + "tell = fit.Fit.tell\nfit.Fit.tell = lambda self: (tell(self), self.step == 13 and kill())\n",
    "before the base is proved": EVERY_STEP + "pretraining.prove = kill\n",
    "before the base is recorded": EVERY_STEP + "Records.add_base = kill\n",
    "after the base is recorded": NEVER + "pretrain.forget = kill\n",
}
KNOBS = ("layers=1", "width=64", "vocabulary=300", "epochs=2", "batch_size=16", "max_length=32", "threads=1")


@pytest.fixture(scope="module")
def words() -> list[str]:
    given = [word for knob in KNOBS for word in ("--set", knob)]
    return ["pretrain", "notes.txt", "--name", "notes", *given, "--json"]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, messages: Any) -> Path:
    folder = tmp_path_factory.mktemp("written")
    (folder / "notes.txt").write_text("\n".join(text for text, _ in messages(160)), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def never_killed(
    written: Path, words: list[str], beside: Any, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any]]:
    """A workspace with a base that nobody disturbed the making of, and that base."""
    folder = Path(shutil.copytree(written, tmp_path_factory.mktemp("quiet") / "workspace"))
    ended = beside(*words, cwd=folder)
    assert ended.code == 0, ended.err
    assert "may repeat it" in ended.err and "Truth test" in ended.err and "one text a line" in ended.err
    return folder, dict(ended.json)


@pytest.fixture
def workspace(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "workspace"))


def outcome(base: dict[str, Any]) -> dict[str, Any]:
    """All of a base that may not depend on kills; `model` is the hash over every file of its folder."""
    return {key: base[key] for key in base if key not in ("seconds", "made_at", "folder")}


@pytest.mark.slow
@pytest.mark.parametrize("moment", list(MOMENTS))
def test_killed_and_gone_on_it_is_the_same_base(
    moment: str, beside: Any, workspace: Path, words: list[str], never_killed: tuple[Path, dict[str, Any]]
) -> None:
    assert beside(*words, cwd=workspace, patch=KILL + MOMENTS[moment]).code == -signal.SIGKILL
    gone_on = beside(*words, "--resume", cwd=workspace)
    assert gone_on.code == 0, gone_on.err
    assert outcome(gone_on.json) == outcome(never_killed[1])
    assert list((workspace / ".beside" / "checkpoints").iterdir()) == [], "an ended pre-training leaves no checkpoint"


@pytest.mark.slow
def test_ctrl_c_saves_and_says_how_to_go_on(
    beside: Any, workspace: Path, words: list[str], never_killed: tuple[Path, dict[str, Any]]
) -> None:
    slow = "import time\nfrom beside.engine import fit\ntell = fit.Fit.tell\n"
    slow += "fit.Fit.tell = lambda self: (tell(self), time.sleep(0.2))\n"
    started = beside.start(*words, cwd=workspace, patch=slow)
    until = monotonic() + 60
    while (progress_of(workspace) or {}).get("done", 0) < 2 or progress_of(workspace).get("stage") != "train":
        assert monotonic() < until
        sleep(0.05)
    os.kill(started["pid"], signal.SIGINT)
    ended = beside.join(started)
    assert ended.code == 130 and "--resume" in ended.err and "Traceback" not in ended.err
    gone_on = beside(*words, "--resume", cwd=workspace)
    assert "Resumed at step" in gone_on.err and outcome(gone_on.json) == outcome(never_killed[1])


def progress_of(workspace: Path) -> dict[str, Any]:
    if not (workspace / ".beside").is_dir():  # the process has only just begun
        return {}
    opened = Workspace.open(workspace, create=False)
    try:
        return opened.progress() or {}
    finally:
        opened.close()


def test_the_same_again_is_the_base_that_is_there(beside: Any, words: list[str], never_killed: tuple[Path, dict[str, Any]]) -> None:
    folder, base = never_killed
    again = beside(*words, cwd=folder)
    assert again.json == base and "Already pre-trained" in again.err


def test_bases_are_listed_with_what_was_measured(beside: Any, never_killed: tuple[Path, dict[str, Any]]) -> None:
    folder, base = never_killed
    (listed,) = beside("list", "bases", "--json", cwd=folder).json
    assert listed == {key: value for key, value in base.items() if key != "folder"}
    assert listed["low"] < listed["perplexity"] < listed["high"] and (listed["n"], listed["steps"]) == (30, 18)
    shown = beside("list", "bases", cwd=folder).out
    assert base["id"] in shown and "notes" in shown and f"{base['perplexity']:.3f}" in shown


def test_its_folder_is_for_anybody(never_killed: tuple[Path, dict[str, Any]]) -> None:
    assert AutoModel.from_pretrained(never_killed[1]["folder"]).config.hidden_size == 64


def test_a_corpus_is_trained_from_it_by_name_and_the_run_keeps_its_id(
    beside: Any, never_killed: tuple[Path, dict[str, Any]], messages: Any, tmp_path: Path
) -> None:
    folder, base = Path(shutil.copytree(never_killed[0], tmp_path / "workspace")), never_killed[1]
    rows = [json.dumps({"text": text, "label": label}) for text, label in messages(90, 1)]
    (folder / "rows.jsonl").write_text("\n".join(rows), encoding="utf-8")
    assert beside("import", "rows.jsonl", "--name", "inbox", cwd=folder).code == 0
    words = ["train", "inbox", "--base", "notes", "--set", "epochs=1", "--set", "threads=1", "--json"]
    ended = beside(*words, cwd=folder)
    assert ended.code == 0, ended.err
    assert ended.json["recipe"]["base"] == base["id"] and ended.json["recipe"]["pooling"] == "mean"
    assert f"The base 'notes' is {base['id']}" in ended.err
    by_id = beside(*[base["id"] if word == "notes" else word for word in words], cwd=folder)
    assert by_id.json["id"] == ended.json["id"], "the same training, whichever way the base is called"
    audited = beside("audit", ended.json["id"], "--check", "memory/forgetting", "--json", cwd=folder)
    assert audited.code == 0 and "Traceback" not in audited.err


@pytest.mark.parametrize(
    "args, code, said",
    [
        (("nowhere.txt", "--name", "a"), "bad_input", "nowhere.txt"),
        (("few.txt", "--name", "a"), "not_enough_data", "100 different texts, got 2"),
        (("notes.txt", "--name", "scratch"), "bad_option", "cannot be called 'scratch'"),
        (("notes.txt", "--name", "a/b"), "bad_option", "cannot be called 'a/b'"),
        (("notes.txt", "--name", "a", "--set", "epoch=3"), "bad_option", "Did you mean 'epochs'"),
        (("notes.txt", "--name", "a", "--set", "width=100"), "bad_option", "multiple of 64"),
        (("notes.txt", "--name", "a", "--set", "mask_share=1.5"), "bad_option", "mask_share"),
        (("notes.txt", "--name", "a", "--base", "no-such-folder/x"), "bad_input", "no-such-folder/x"),
    ],
)
def test_wrong_use_is_refused_in_words(
    beside: Any, written: Path, tmp_path: Path, args: tuple[str, ...], code: str, said: str
) -> None:
    shutil.copy(written / "notes.txt", tmp_path)
    (tmp_path / "few.txt").write_text("one text\ntwo texts\n")
    ended = beside("pretrain", *args, "--json", cwd=tmp_path)
    assert ended.code == 2 and ended.json["error"]["code"] == code and "Traceback" not in ended.err, ended.err
    assert said in f"{ended.json['error']['message']} {ended.json['error']['hint']}"
