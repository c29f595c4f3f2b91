"""Few labels, from the command line: the measured method, a label more, texts without labels; each a run like any other."""

from __future__ import annotations

import csv
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

HELLO = ["good morning to you", "good evening to you all", "good morning all", "hello and good evening", "good morning and hello"]

QUICK = """
from beside.engine import fit, routes, runtime, truth
truth.fresh_logits = lambda folders, texts: [runtime.load_subject(folder).logits(texts) for folder in folders]
fit.CHECKPOINT_SECONDS = -1
"""
KILL_WHILE_MEASURING = """
import os, signal
tell = fit.Fit.tell
fit.Fit.tell = lambda self: (tell(self), self.step == 3 and os.kill(os.getpid(), signal.SIGKILL))
"""
KILL_AFTER_THE_CHOICE = """
import os, signal
chosen, tell, keep = [], fit.Fit.tell, routes.keep
routes.keep = lambda *given: (keep(*given), chosen.append(1))
fit.Fit.tell = lambda self: (tell(self), chosen and self.step == 3 and os.kill(os.getpid(), signal.SIGKILL))
"""


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory, beside: Any, messages: Any) -> Path:
    """A workspace with a corpus of about fifteen training rows per label."""
    folder = tmp_path_factory.mktemp("few")
    with (folder / "rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["text", "label"], *messages(60)])
    assert beside("import", "rows.csv", "--name", "inbox", "--json", cwd=folder).code == 0
    return folder


@pytest.fixture(scope="module")
def options(tiny_base: Path) -> list[str]:
    knobs = ("epochs=4", "dropout=0.1", "pooling=mean", "learning_rate=0.003", "threads=1")
    return ["--base", str(tiny_base), "--json", *(word for knob in knobs for word in ("--set", knob))]


@pytest.mark.slow
@pytest.mark.parametrize("moment", [KILL_WHILE_MEASURING, KILL_AFTER_THE_CHOICE], ids=["while measuring", "after the choice"])
def test_killed_and_gone_on_it_goes_the_same_way(
    beside: Any, imported: Path, options: list[str], tmp_path: Path, moment: str
) -> None:
    quiet, killed = (Path(shutil.copytree(imported, tmp_path / name)) for name in ("quiet", "killed"))
    expected = beside("train", "inbox", "--method", "best", *options, cwd=quiet, patch=QUICK).json
    assert beside("train", "inbox", "--method", "best", *options, cwd=killed, patch=QUICK + moment).code == -signal.SIGKILL
    ended = beside("train", "--resume", "--json", cwd=killed, patch=QUICK)
    assert ended.code == 0, ended.err
    assert ("as it was chosen before" in ended.err) == (moment == KILL_AFTER_THE_CHOICE)
    assert all(ended.json[key] == expected[key] for key in ("id", "model", "history", "recipe"))
    assert expected["history"][0]["epoch"] == 0 and expected["history"][0]["route_rows"] > 30
    assert expected["recipe"]["method"] in ("lpft", "probe", "contrastive")
    assert list((killed / ".beside" / "checkpoints").iterdir()) == []


@pytest.mark.slow
def test_a_run_learns_from_texts_that_nobody_labelled(
    beside: Any, imported: Path, options: list[str], tmp_path: Path, messages: Any
) -> None:
    place = Path(shutil.copytree(imported, tmp_path / "place"))
    run = beside("train", "inbox", "--method", "contrastive", *options, cwd=place, patch=QUICK).json
    (place / "more.txt").write_text("\n".join(text for text, _ in messages(40, 9)), encoding="utf-8")
    ended = beside("self-train", run["id"], "--texts", "more.txt", "--json", cwd=place, patch=QUICK)
    assert ended.code == 0, ended.err
    assert "Sure from" in ended.err and ended.json["parent"] == run["id"]
    corpora = {one["id"]: one for one in beside("list", "corpora", "--json", cwd=place).json}
    before, after = corpora[run["corpus_id"]], corpora[ended.json["corpus_id"]]
    assert before["splits"]["train"] < after["splits"]["train"] <= before["splits"]["train"] + 40
    assert after["splits"]["test"] == before["splits"]["test"] and after["parent"] == before["id"]


@pytest.mark.slow
def test_a_run_gets_a_label_and_can_be_audited(beside: Any, make_approved: Any, tmp_path: Path) -> None:
    made = make_approved(tmp_path / "place")
    made.workspace.close()
    (tmp_path / "place" / "hello.txt").write_text("\n".join(HELLO), encoding="utf-8")
    ended = beside("add-label", "run-toy", "hello", "--texts", "hello.txt", "--json", cwd=tmp_path / "place")
    assert ended.code == 0, ended.err
    run = ended.json
    assert run["parent"] == "run-toy" and run["history"] == [{"epoch": 0.0, "label_rows": 4.0}]
    again = beside("add-label", "run-toy", "hello", "--texts", "hello.txt", "--json", cwd=tmp_path / "place")
    assert again.json["id"] == run["id"], "the same texts again give the run that is there"
    corpora = {one["id"]: one for one in beside("list", "corpora", "--json", cwd=tmp_path / "place").json}
    grown = corpora[run["corpus_id"]]
    assert grown["labels"] == ["cancel", "deliver", "hello", "refund"] and grown["parent"] == "corpus-toy"
    assert grown["splits"]["test"] == 4
    audited = beside("audit", run["id"], "--check", "utility/report", "--json", cwd=tmp_path / "place")
    assert audited.code in (0, 1), audited.err
    refused = beside("add-label", run["id"], "hello", "--texts", "hello.txt", "--json", cwd=tmp_path / "place")
    assert refused.code == 2 and "is there already" in refused.json["error"]["message"]
