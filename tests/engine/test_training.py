"""One training from rows to a saved model: what is chosen, refused, told and proved."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from beside.core.errors import BadOption, GateClosed, UnreadableText
from beside.core.recipe import Recipe
from beside.core.types import Example
from beside.engine import truth
from beside.engine.building import build
from beside.engine.checkpoint import Checkpoint
from beside.engine.fit import Fit
from beside.engine.keeping import Keeping
from beside.engine.runtime import load_subject
from beside.engine.telling import announcing
from beside.engine.training import Trained, train_model

CHINESE = {
    "退款": ["请把钱退给我", "我要退款", "钱什么时候退回来", "重复扣款请退钱", "退款还没有到账", "我想把这笔钱退回"],
    "快递": ["我的快递在哪里", "快递迟到了很久", "包裹没有送到", "快递员没有打电话", "包裹送错了地址", "快递什么时候到"],
}
Train = Callable[..., tuple[Trained, "Heard", Path]]


class Heard:
    """Progress that remembers what it was told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def step(self, stage: str, done: int, total: int, note: str = "") -> None:
        pass


def rows_of(pairs: list[tuple[str, str]]) -> list[Example]:
    return [Example(id=str(place), text=text, target=label) for place, (text, label) in enumerate(pairs)]


def in_this_process(folders: list[Path], texts: list[str]) -> list[np.ndarray]:
    """The truth test without the seconds that a fresh process takes."""
    return [load_subject(folder).logits(texts) for folder in folders]


@pytest.fixture
def train(
    tmp_path: Path, messages: Any, tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[Trained, Heard, Path]]:
    """`train(recipe settings..., rows=, tune=)`: what a training leaves, what it said, and its model folder."""
    monkeypatch.setattr(truth, "fresh_logits", in_this_process)

    def trained(
        rows: Any = None, tune: Any = None, name: str = "m", resume: bool = False, **settings: Any
    ) -> tuple[Trained, Heard, Path]:
        learned, chosen = rows_of(rows or messages(60)), rows_of(messages(30, 1) if tune is None else tune)
        labels = tuple(sorted({str(example.target) for example in learned}))
        given = {"base": str(tiny_base), "epochs": 2, "pooling": "mean", "learning_rate": 3e-3, "threads": 1, **settings}
        heard = Heard()
        keeping = Keeping(checkpoint=Checkpoint(tmp_path / "checkpoints"), resume=resume, progress=heard)
        found = train_model(tmp_path / name, learned, chosen, labels, "classify", Recipe(**given), keeping)
        return found, heard, tmp_path / name

    return trained


def test_it_learns_and_says_all_that_was_chosen_for_it(train: Any, messages: Any) -> None:
    trained, heard, folder = train(epochs=4)
    assert trained.scores["accuracy"] > 0.6 > 1 / 3 and list(trained.scores) == ["macro_f1", "accuracy", "loss"]
    assert load_subject(folder).predict([text for text, _ in messages(3)]) == [label for _, label in messages(3)]
    told = "\n".join(heard.said)
    assert "Sequence length 16 tokens; 0 of 60 training rows are longer" in told
    assert "method=lpft" in told and "label_names=" in told
    assert f"Trainable {trained.trainable / 1e6:.2f} M of {trained.parameters / 1e6:.2f} M parameters" in told
    assert "best score on the tune split, ties to the lower loss; no early stop" in told
    assert [row["epoch"] for row in trained.history] == [1, 2, 3, 4]


@pytest.mark.parametrize("settings", [{"pooling": "cls"}, {"method": "full"}, {"frozen_layers": 1}, {"method": "probe"}])
def test_a_local_folder_trains_every_way(train: Any, settings: dict[str, Any]) -> None:
    trained, _, folder = train(**settings)
    subject = load_subject(folder)
    assert subject.model.pooling == settings.get("pooling", "mean")
    assert trained.trainable == (99 if settings == {"method": "probe"} else trained.trainable) <= trained.parameters
    assert (trained.trainable < trained.parameters) == bool(settings.keys() & {"frozen_layers"} or settings == {"method": "probe"})


def test_the_same_seed_gives_the_same_weights_and_another_does_not(train: Any) -> None:
    files = [train(name=name, seed=seed)[2] / "model.safetensors" for name, seed in (("a", 1), ("b", 1), ("c", 2))]
    first, same, other = (file.read_bytes() for file in files)
    assert first == same != other


def test_a_resumed_training_takes_as_many_threads_as_it_began_with(train: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0})
    whole = train(name="whole", threads=None)
    step = Fit.one_step

    def interrupted(fit: Fit, group: Any) -> float:
        if fit.step == 5:
            signal.raise_signal(signal.SIGINT)
        return step(fit, group)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Fit, "one_step", interrupted)
        train(name="first", threads=None)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1})
    trained, heard, folder = train(name="second", threads=None, resume=True)
    assert "Resumed at step 6 of 8, 1 of 2 epochs done." in heard.said
    assert trained.recipe.threads == whole[0].recipe.threads == 1
    assert (folder / "model.safetensors").read_bytes() == (whole[2] / "model.safetensors").read_bytes()
    assert trained.seconds_before > 0 == whole[0].seconds_before


def test_resuming_and_beginning_again_say_what_becomes_of_earlier_work(train: Any, tmp_path: Path) -> None:
    assert any("No step of this training was saved yet" in said for said in train(resume=True)[1].said)
    (tmp_path / "checkpoints").mkdir(exist_ok=True)
    (tmp_path / "checkpoints" / "state.json").write_text("{}")
    assert any("cut short before. It starts from the beginning" in said for said in train()[1].said)


def test_without_a_tune_split_nothing_is_scored_and_the_temperature_stays(train: Any) -> None:
    trained, heard, folder = train(tune=[])
    assert trained.scores == {} and load_subject(folder).temperature == 1.0
    assert any("the last: there are no tune scores" in said for said in heard.said)


def test_the_temperature_is_fitted_on_enough_tune_rows_only(train: Any, messages: Any) -> None:
    assert load_subject(train(tune=messages(49, 1))[2]).temperature == 1.0
    assert load_subject(train(tune=messages(60, 1), name="n")[2]).temperature != 1.0


def test_the_table_after_each_epoch_changes_nothing_else(train: Any) -> None:
    plain, reported = train(name="a"), train(name="b", epoch_report=True)
    assert (plain[2] / "model.safetensors").read_bytes() == (reported[2] / "model.safetensors").read_bytes()
    assert sum("support" in said and "refund" in said for said in reported[1].said) == 2
    assert not any("support" in said for said in plain[1].said)


def test_scratch_trains_on_chinese_and_reads_it(train: Any) -> None:
    rows = [(text, label) for label, texts in CHINESE.items() for text in texts]
    trained, _, folder = train(rows=rows, tune=rows, base="scratch", epochs=12, pooling="auto", learning_rate=None)
    assert trained.recipe.method == "full" and trained.scores["accuracy"] == 1.0
    subject = load_subject(folder)
    assert subject.predict(["我要退款", "快递迟到了"]) == ["退款", "快递"]
    assert subject.tokens.unknown_share([text for text, _ in rows]) == 0.0


@pytest.mark.slow
def test_the_embedded_base_refuses_chinese_with_the_remedy(train: Any) -> None:
    rows = [(text, label) for label, texts in CHINESE.items() for text in texts]
    with pytest.raises(UnreadableText, match=r"'embedded' cannot read this text: \d\d% of its tokens") as refused:
        train(rows=rows, tune=[], base="embedded")
    assert "--base scratch" in refused.value.hint and "bert-base-chinese" in refused.value.hint


def test_longer_rows_are_cut_counted_and_told(train: Any, messages: Any) -> None:
    long = [(f"{text} " * 4, label) for text, label in messages(60)]
    trained, heard, _ = train(rows=long, max_length=20)
    assert trained.truncated == 60 and trained.recipe.max_length == 20
    assert any("Sequence length 20 tokens; 60 of 60 training rows are longer" in said for said in heard.said)


@pytest.mark.parametrize(
    "settings, said",
    [
        ({"max_length": 65}, "takes up to 64 tokens"),
        ({"frozen_layers": 3}, "shows 2"),
        ({"method": "loar"}, "no method 'loar'"),
    ],
)
def test_what_the_base_cannot_do_is_refused(train: Any, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(Exception, match=said) as refused:
        train(**settings)
    assert refused.value.hint and refused.value.exit_code == 2  # type: ignore[attr-defined]


def test_the_bound_itself_is_taken(train: Any) -> None:
    assert train(max_length=64, frozen_layers=2, epochs=1)[0].recipe.max_length == 64


def test_class_weights_and_label_names_are_used(train: Any, messages: Any) -> None:
    few = [row for row in messages(200) if row[1] != "refund"] + [row for row in messages(200) if row[1] == "refund"][:4]
    asked = [{}, {"class_weights": "balanced"}, {"label_names": True}]
    files = [train(rows=few, name=str(place), **settings)[2] / "model.safetensors" for place, settings in enumerate(asked)]
    assert len({file.read_bytes() for file in files}) == 3


@pytest.mark.parametrize("off", [0.01, float("nan")])
def test_a_model_that_answers_otherwise_when_reloaded_is_refused(train: Any, monkeypatch: pytest.MonkeyPatch, off: float) -> None:
    monkeypatch.setattr(truth, "fresh_logits", lambda folders, texts: [in_this_process(folders, texts)[0] + off])
    with pytest.raises(GateClosed, match="Truth test failed") as refused:
        train(epochs=1)
    assert refused.value.exit_code == 1 and "Nothing was stored" in refused.value.hint


def test_curves_that_cannot_be_written_end_no_training(train: Any, tmp_path: Path) -> None:
    heard = Heard()

    def full(row: dict[str, float]) -> None:
        raise OSError("No space left on device")

    on_epoch = announcing(heard, full)
    on_epoch({"epoch": 1.0, "loss": 0.5})
    on_epoch({"epoch": 2.0, "loss": 0.4})
    assert sum("TensorBoard" in said for said in heard.said) == 1 and sum("loss" in said for said in heard.said) == 2


def test_curves_are_written_for_tensorboard(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    from beside.engine.tracking import tensorboard

    write = tensorboard(tmp_path / "run")
    write({"epoch": 1.0, "loss": 0.5, "tune_accuracy": 0.25})
    write({"epoch": 2.0, "loss": 0.25, "tune_accuracy": 0.5})
    found = EventAccumulator(str(tmp_path / "run"))
    found.Reload()
    assert [(one.step, one.value) for one in found.Scalars("loss")] == [(1, 0.5), (2, 0.25)]
    assert set(found.Tags()["scalars"]) == {"loss", "tune_accuracy"}


def test_a_head_may_have_other_outputs_than_labels(tiny_base: Path, tmp_path: Path) -> None:
    texts = ["where is my parcel"]
    model, *_ = build(Recipe(base=str(tiny_base), threads=1), texts, ("a", "b"), tmp_path, Heard(), outputs=5)
    assert model.head.out_features == 5
    assert torch.get_num_threads() == 1
    with pytest.raises(BadOption):
        build(Recipe(base=str(tiny_base), max_length=100), texts, ("a", "b"), tmp_path, Heard())
