"""`beside compare` from the command line: ordinary runs, one table, one picture; a second call trains nothing again."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

METHODS = "probe,lora,full"
# the truth test without the seconds of a fresh process
QUICK = """
from beside.engine import runtime, truth
truth.fresh_logits = lambda folders, texts: [runtime.load_subject(folder).logits(texts) for folder in folders]
"""


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory, beside: Any, messages: Any, tiny_base: Path) -> tuple[Path, list[str], Any]:
    """A workspace with a corpus, the command, and what it found."""
    folder = tmp_path_factory.mktemp("compared")
    with (folder / "rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["text", "label"], *messages(150)])
    assert beside("import", "rows.csv", "--name", "inbox", "--json", cwd=folder).code == 0
    knobs = [word for knob in ("epochs=1", "pooling=mean", "threads=1") for word in ("--set", knob)]
    words = ["compare", "inbox", "--base", str(tiny_base), "--probe", "inbox", *knobs]
    ended = beside(*words, "--methods", METHODS, "--json", cwd=folder, patch=QUICK)
    assert ended.code == 0, ended.err
    return folder, words, ended.json


@pytest.mark.slow
def test_every_training_is_an_ordinary_run_on_the_same_terms(compared: Any, beside: Any) -> None:
    folder, _, found = compared
    runs = {run["id"]: run for run in beside("list", "runs", "--json", cwd=folder).json}
    assert {one["method"] for one in found["contenders"]} == set(METHODS.split(","))
    assert {run for one in found["contenders"] for run in one["runs"]} == set(runs)
    for one in found["contenders"]:
        run = runs[one["runs"][0]]
        assert run["recipe"]["method"] == one["method"] and run["recipe"]["epochs"] == 1
        assert one["score"]["value"] == pytest.approx(run["scores"]["macro_f1"])
        assert one["score"]["low"] <= one["score"]["value"] <= one["score"]["high"]
        assert (one["trainable"], one["peak_memory"]) == (run["trainable"], run["peak_memory"])
        assert 50 * 2**20 < run["peak_memory"] < 50 * 2**30
    assert {runs[one["runs"][0]]["recipe"]["batch_size"] for one in found["contenders"]} == {16}


@pytest.mark.slow
def test_the_probe_forgets_nothing_and_the_test_split_is_not_used(compared: Any, beside: Any) -> None:
    folder, _, found = compared
    by_method = {one["method"]: one for one in found["contenders"]}
    assert by_method["probe"]["forgetting"]["value"] == 0.0 and found["probe_n"] > 0
    assert all(-1 <= one["forgetting"]["low"] <= one["forgetting"]["high"] <= 1 for one in found["contenders"])
    from beside.core.types import Actor
    from beside.store.workspace import Workspace

    workspace = Workspace.open(folder, create=False)
    try:
        assert workspace.records.test_uses(Actor(name="olga", roles=("admin",)), found["corpus_id"]) == 0
    finally:
        workspace.close()


@pytest.mark.slow
def test_the_same_again_trains_nothing_and_a_method_that_refuses_is_left_out(compared: Any, beside: Any) -> None:
    folder, words, found = compared
    again = beside(*words, "--methods", METHODS, cwd=folder, patch=QUICK)
    assert again.code == 0 and again.err.count("Already trained with this very recipe") == 3
    assert "macro_f1" in again.err and "against the best" in again.err and found["picture"] in again.err
    svg = Path(found["picture"]).read_text(encoding="utf-8")
    assert svg.startswith("<svg") and all(f">{name}: 0." in svg for name in METHODS.split(","))
    frozen = beside(*words, "--methods", "probe,adapter", "--set", "frozen_layers=2", "--json", cwd=folder, patch=QUICK)
    assert frozen.code == 0, frozen.err
    assert [one["method"] for one in frozen.json["contenders"]] == ["probe"]
    assert "every layer is frozen" in frozen.json["refused"]["adapter"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "more, said",
    [
        (["--methods", "lora,loar"], "no method 'loar'"),
        (["--seeds", "0"], "one seed or more"),
        (["--set", "method=lora"], "leaves the method open"),
    ],
)
def test_what_cannot_be_compared_is_refused(compared: Any, beside: Any, more: list[str], said: str) -> None:
    folder, words, _ = compared
    refused = beside(*words, *more, "--json", cwd=folder)
    assert refused.code == 2 and said in refused.json["error"]["message"] and refused.json["error"]["hint"]
