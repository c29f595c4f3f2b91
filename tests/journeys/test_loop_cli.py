"""The whole loop as a person walks it: one `beside` command after the other, each in a process of its own."""

from __future__ import annotations

import csv
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from beside.core.types import Actor
from beside.loop import Loop
from beside.store.workspace import Workspace

QUICK = """
from beside.engine import fit, runtime, truth
truth.fresh_logits = lambda folders, texts: [runtime.load_subject(folder).logits(texts) for folder in folders]
"""
KILLED_AT_STEP_9 = """
import os, signal
fit.CHECKPOINT_SECONDS = -1
tell = fit.Fit.tell
fit.Fit.tell = lambda self: (tell(self), self.step == 9 and os.kill(os.getpid(), signal.SIGKILL))
"""


class Walk:
    """One workspace, and the commands given in it; every one must say one JSON document and the ids in it."""

    def __init__(self, beside: Any, folder: Path) -> None:
        self.beside, self.folder = beside, folder

    def __call__(self, *args: object, code: int = 0, patch: str = "") -> Any:
        ended = self.beside(*args, "--json", cwd=self.folder, patch=patch)
        assert ended.code == code, f"{args}: {ended.code}\n{ended.err}"
        assert "Traceback" not in ended.err
        return ended.json

    def words(self, *args: object, code: int = 0) -> Any:
        ended = self.beside(*args, cwd=self.folder)
        assert ended.code == code, ended.err
        return ended


@pytest.fixture(scope="module")
def walk(beside: Any, tmp_path_factory: pytest.TempPathFactory, messages: Any) -> Walk:
    folder = tmp_path_factory.mktemp("helpdesk")
    with (folder / "messages.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["message", "queue"], *messages(600)])
    return Walk(beside, folder)


@pytest.fixture(scope="module")
def corpus(walk: Walk) -> Any:
    return walk("import", "messages.csv", "--name", "inbox", "--text", "message", "--label", "queue")


@pytest.fixture(scope="module")
def run(walk: Walk, corpus: Any, tiny_base: Path) -> Any:
    shutil.copytree(tiny_base, walk.folder / "tiny")
    knobs = ("epochs=3", "pooling=mean", "learning_rate=0.003", "threads=1")
    return walk("train", "inbox", "--base", "tiny", *(word for knob in knobs for word in ("--set", knob)), patch=QUICK)


@pytest.fixture(scope="module")
def findings(walk: Walk, run: Any) -> Any:
    first = walk("audit", run["id"], "--policy", "sandbox")
    second = walk("audit", run["id"], code=0)
    return first, second


@pytest.fixture(scope="module")
def release(walk: Walk, run: Any, findings: Any) -> Any:
    return walk("release", run["id"])


@pytest.fixture(scope="module")
def approved(walk: Walk, release: Any) -> Any:
    return walk("review", release["id"], "approve", "--as", "maria", "--reason", "The confusions left are harmless.")


@pytest.mark.slow
def test_text_becomes_a_corpus_and_a_run(corpus: Any, run: Any) -> None:
    assert corpus["id"].startswith("corpus-") and corpus["labels"] == ["cancel", "deliver", "refund"]
    assert sum(corpus["splits"].values()) == corpus["report"]["kept"] == 600
    assert run["id"].startswith("run-") and run["corpus_id"] == corpus["id"]
    assert run["scores"]["accuracy"] > 0.9 and run["recipe"]["base"] == "tiny"


@pytest.mark.slow
def test_the_same_recipe_is_not_trained_twice(walk: Walk, run: Any) -> None:
    knobs = ("epochs=3", "pooling=mean", "learning_rate=0.003", "threads=1")
    again = walk("train", "inbox", "--base", "tiny", *(word for knob in knobs for word in ("--set", knob)))
    assert again == run


@pytest.mark.slow
def test_an_audit_measures_under_any_policy(walk: Walk, findings: Any, run: Any) -> None:
    sandbox, default = findings
    assert {one["run_id"] for one in sandbox + default} == {run["id"]}
    assert {one["verdict"] for one in sandbox if "verdict" in one} == {"no limit"}
    judged = {one["metric"]: one["verdict"] for one in default if one.get("limit") is not None}
    assert judged.keys() >= {"accuracy", "gain_over_tfidf", "ece", "flip_rate", "brier_skill", "membership_auc"}
    assert judged["accuracy"] == "pass"
    assert all(one["low"] <= one["value"] <= one["high"] and one["n"] > 0 for one in default if "value" in one)
    values = [{(one["check"], one["metric"]): one["value"] for one in audit if "value" in one} for audit in findings]
    assert values[0] == values[1], "the same seed measures the same"


@pytest.mark.slow
def test_people_read_findings_in_80_columns(walk: Walk, run: Any) -> None:
    ended = walk.words("audit", run["id"], "--check", "utility/report")
    lines = ended.err.splitlines()
    assert "utility/report" in lines, "the name of the check stands on a line of its own, whole"
    assert all(len(line) <= 80 for line in lines if line.startswith("  ")), ended.err
    assert any(line.split()[0] == "accuracy" and "pass" in line and ">= 0.8" in line for line in lines if line.startswith("  "))
    assert any(line.startswith("not measured: utility/report") or "macro_f1" in line for line in lines)


@pytest.mark.slow
def test_a_release_is_sealed_served_only_when_signed_and_then_answers(walk: Walk, release: Any, run: Any, findings: Any) -> None:
    assert release["id"].startswith("release-") and (release["run_id"], release["state"]) == (run["id"], "draft")
    assert len(release["finding_ids"]) == len([one for one in findings[1] if "value" in one])
    assert Path(release["card"]).is_file() and len(release["seal"]) == 64
    refused = walk("predict", release["id"], "money back", code=1)
    assert refused["error"]["code"] == "gate_closed"
    assert walk("verify", release["bundle"], code=1)["state"] == "draft"


@pytest.mark.slow
def test_approved_it_answers_explains_and_verifies(walk: Walk, approved: Any) -> None:
    assert approved["state"] == "approved" and approved["signatures"][0]["who"] == "maria"
    assert approved["signatures"][0]["over"] == approved["seal"]
    (walk.folder / "texts.txt").write_text("refund my money\n\nwhere is my parcel\n", encoding="utf-8")
    one = walk("predict", approved["id"], "please give my money back refund charged twice")
    assert [answer["label"] for answer in one] == ["refund"] and one[0]["id"].startswith("prediction-")
    assert sum(one[0]["probabilities"].values()) == pytest.approx(1.0, abs=1e-4)
    assert len(walk("predict", approved["id"], "--file", "texts.txt")) == 2
    assert walk("explain", approved["id"], "refund my money")["words"]
    assert walk("verify", approved["bundle"])["objections"] == []


@pytest.mark.slow
def test_the_lists_name_everything_that_was_made(walk: Walk, corpus: Any, run: Any, approved: Any, findings: Any) -> None:
    assert [one["id"] for one in walk("list", "corpora")] == [corpus["id"]]
    assert [one["id"] for one in walk("list", "runs")] == [run["id"]]
    assert [(one["id"], one["state"]) for one in walk("list", "releases")] == [(approved["id"], "approved")]
    measured = {one["id"] for audit in findings for one in audit if "id" in one}
    assert measured <= {one["id"] for one in walk("list", "findings")}
    assert {"family": "methods", "name": "full", "summary": "Train every weight, starting from a fresh head."} in walk(
        "list", "capabilities"
    )
    for what, id in (("corpora", corpus["id"]), ("runs", run["id"]), ("releases", approved["id"])):
        assert id in walk.words("list", what).out


@pytest.mark.slow
def test_corrections_train_a_challenger_also_after_a_kill(walk: Walk, approved: Any, run: Any, corpus: Any) -> None:
    nothing = walk("improve", approved["id"], code=2)
    assert nothing["error"]["code"] == "not_enough_data"
    correct(walk, approved["id"], ["stop the parcel plan", "my plan is to leave", "courier charged me", "van money", "track it"])
    killed = walk.beside("improve", approved["id"], "--json", cwd=walk.folder, patch=QUICK + KILLED_AT_STEP_9)
    assert killed.code == -signal.SIGKILL
    busy = [one["id"] for one in walk("list", "corpora")]
    ended = walk.beside("improve", approved["id"], "--json", cwd=walk.folder, patch=QUICK)
    assert ended.code == 0 and "Resumed at step 8" in ended.err, ended.err
    made = ended.json
    assert made["corpus"]["id"] in busy and made["corpus"]["parent"] == corpus["id"]
    assert made["corpus"]["splits"]["train"] == corpus["splits"]["train"] + 5
    assert made["run"]["parent"] == run["id"] == made["comparison"]["champion"]
    assert made["comparison"]["challenger"] == made["run"]["id"] and made["comparison"]["n"] == corpus["splits"]["test"]
    again = walk("improve", approved["id"])
    assert again == made, "the same corrections give the same ids, and nothing is trained twice"
    assert {one["id"] for one in walk("list", "runs")} == {run["id"], made["run"]["id"]}
    assert walk("audit", made["run"]["id"], "--check", "utility/report")


def correct(walk: Walk, release_id: str, texts: list[str]) -> None:
    """People say what would have been right."""
    workspace = Workspace.open(walk.folder, create=False)
    loop = Loop(workspace, Actor(name="maria", roles=("reviewer", "user")))
    for prediction in loop.predict(loop.serve(release_id), texts):
        right = next(label for label in sorted(prediction.probabilities) if label != prediction.label)
        loop.listen(prediction.id, False, right, "so it is")
    workspace.close()


@pytest.mark.slow
def test_every_look_at_the_test_rows_was_counted(walk: Walk, corpus: Any, approved: Any) -> None:
    before = looks(walk, corpus["id"])
    run = approved["run_id"]
    walk("audit", run, "--check", "utility/report")
    assert looks(walk, corpus["id"]) == before, "what is known from before is no new look"
    walk("audit", run, "--check", "utility/report", "--fresh")
    assert looks(walk, corpus["id"]) == before + 1
    assert walk("audit", run, "--check", "utility/reports", code=2)["error"]["code"] == "unknown_name"
    assert walk("audit", run, "--policy", "defaults", code=2)["error"]["code"] == "bad_option"
    assert looks(walk, corpus["id"]) == before + 1, "a slip of the pen is no look"
    kill = "import os, signal\nfrom beside.stages import audit\naudit.measured = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
    assert walk.beside("audit", run, "--fresh", cwd=walk.folder, patch=kill).code == -signal.SIGKILL
    assert looks(walk, corpus["id"]) == before + 2, "a kill hides no look"


def looks(walk: Walk, corpus_id: str) -> int:
    workspace = Workspace.open(walk.folder, create=False)
    count = workspace.records.test_uses(Actor(name="olga", roles=("admin",)), corpus_id)
    workspace.close()
    return count
