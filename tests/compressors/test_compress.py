"""The verb compress: a new run that is compared with its parent, and released, served and refused like any other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from beside.core.errors import BadInput, BadOption, GateClosed
from beside.core.interfaces import Silent
from beside.core.types import Run
from beside.loop import Loop
from beside.store.conversion import switch_on
from beside.store.key_source import environment
from beside.store.sealer import SEALERS
from beside.store.workspace import Workspace


class Heard(Silent):
    """What is said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


Made = Callable[[Path], tuple[Loop, Run]]
FORM = ["quantize=int8_tokens", "quantize.flips=1", "quantize.loss=1"]


@pytest.fixture(scope="module")
def made(make_loop: Made, tmp_path_factory: pytest.TempPathFactory) -> tuple[Loop, Run]:
    """One workspace for all of it: the second compression with the same options gives the first one's run."""
    return make_loop(tmp_path_factory.mktemp("compress"))


@pytest.mark.slow
def test_a_compressed_run_is_a_child_that_tells_how_it_compares(made: tuple[Loop, Run]) -> None:
    loop, parent = made
    run = loop.compress(parent.id, ["quantize"], FORM)
    told = loop.compression(run.id)
    assert run.parent == parent.id and run.corpus_id == parent.corpus_id and run.id != parent.id
    assert told and told.chosen == "int8_tokens" and told.against_parent.score.n == 12
    assert told.against_parent.flips and told.against_parent.flips.n == 12  # the tune rows
    assert loop.compression(parent.id) is None
    assert loop.subject(run).predict(["where is my parcel"]) == loop.subject(parent).predict(["where is my parcel"])


def test_it_never_looks_at_the_test_split(made: tuple[Loop, Run]) -> None:
    loop, parent = made
    loop.compress(parent.id, ["quantize"], FORM)
    assert loop.records.test_uses(loop.actor, parent.corpus_id) == 0


def test_the_same_again_gives_the_run_that_is_there(made: tuple[Loop, Run]) -> None:
    loop, parent = made
    first = loop.compress(parent.id, ["quantize"], FORM)
    assert loop.compress(parent.id, ["quantize"], FORM) == first
    assert not list((loop.workspace.checkpoints / "compress").iterdir())


@pytest.mark.slow
def test_other_code_compresses_anew_and_says_which_run_was_made_before(
    made: tuple[Loop, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, parent = made
    first, said = loop.compress(parent.id, ["quantize"], FORM), Heard()
    monkeypatch.setattr("beside.stages.compress.code_behind", lambda *_: "the code of another version")
    second = Loop(loop.workspace, loop.actor, said).compress(parent.id, ["quantize"], FORM)
    assert second.id != first.id and second.parent == parent.id
    assert any(first.id in line and "anew" in line for line in said.lines)
    assert second.versions["onnxruntime"]


def test_its_form_is_final_and_that_is_said(made: tuple[Loop, Run]) -> None:
    loop, parent = made
    run = loop.compress(parent.id, ["quantize"], FORM)
    with pytest.raises(BadInput, match="form that is final"):
        loop.compress(run.id, ["quantize"], FORM)
    with pytest.raises(BadInput, match="was compressed"):
        loop.rerun(run.id)
    with pytest.raises(BadInput, match="compressed"):
        loop.add_label(run.id, "other", ["one text", "another text", "a third text", "a fourth text", "a fifth text"])


@pytest.mark.slow
def test_it_is_audited_released_and_served_like_any_other(made: tuple[Loop, Run]) -> None:
    loop, parent = made
    run = loop.compress(parent.id, ["quantize"], FORM)
    loop.audit(run.id, ["utility/report"], policy="sandbox")
    release = loop.release(run.id, policy="sandbox")
    assert (Path(release.bundle) / "model" / "model.onnx").is_file()
    with pytest.raises(GateClosed):
        loop.serve(release.id)  # the parent's approval would not be its own
    loop.review(release.id, "approve", "It holds what it promises.")
    served = loop.serve(release.id)
    assert loop.predict(served, ["where is my parcel"])[0].label == "deliver"


def test_a_mistake_is_told_before_anything_is_loaded(made: tuple[Loop, Run]) -> None:
    loop, parent = made
    with pytest.raises(BadOption, match="no option"):
        loop.compress(parent.id, ["quantize"], ["quantize.bits=4"])


def test_the_comparison_lies_in_the_model_folder_without_a_text(made: tuple[Loop, Run]) -> None:
    loop, parent = made
    run = loop.compress(parent.id, ["quantize"], FORM)
    told = (loop.artifacts.folder(run.model) / "compression.json").read_text(encoding="utf-8")
    assert json.loads(told)["parent"] == parent.id and "parcel" not in told


@pytest.mark.slow
def test_the_card_says_how_it_was_compressed_and_what_that_cost(made: tuple[Loop, Run]) -> None:
    loop, parent = made
    run = loop.compress(parent.id, ["quantize"], FORM)
    loop.audit(run.id, ["utility/report"], policy="sandbox")
    bundle = Path(loop.release(run.id, policy="sandbox").bundle)
    card = "".join(file.read_text(encoding="utf-8") for file in bundle.glob("card*.md")).replace("\\", "")
    assert "quantize (int8_tokens)" in card and "answered otherwise than by the model before" in card and "- onnx" in card


def test_its_picture_is_kept_with_it_and_shown_from_the_workspace(made: tuple[Loop, Run]) -> None:
    loop, parent = made
    run = loop.compress(parent.id, ["quantize"], FORM)
    file = loop.picture(run.id)
    assert file.parent == loop.workspace.folder and "int8_tokens" in file.read_text(encoding="utf-8")


@pytest.mark.slow
def test_in_a_workspace_that_encrypts_no_byte_of_the_model_is_left_plain(make_loop: Made, tmp_path: Path) -> None:
    loop, parent = make_loop(tmp_path / "work")
    switch_on(loop.workspace, loop.actor, f"file:{tmp_path / 'key'}", environment, Silent())
    loop.workspace.close()
    SEALERS.clear()
    loop = Loop(Workspace.open(tmp_path / "work", create=False), loop.actor)
    run = loop.compress(parent.id, ["trim_vocabulary", "quantize"], FORM)
    assert loop.subject(run).predict(["where is my parcel"]) == ["deliver"]
    content = (loop.artifacts.folder(run.model) / "model.onnx").read_bytes()
    some = content[len(content) // 2 : len(content) // 2 + 64]
    on_disk = [file for file in (tmp_path / "work").rglob("*") if file.is_file() and not file.is_symlink()]
    assert on_disk and not [file.name for file in on_disk if some in file.read_bytes()]
