"""Contrastive fine-tuning as a whole training: with and without a tune split, resumed, saved and loaded."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beside.core.errors import BadOption
from beside.core.interfaces import Silent
from beside.core.recipe import Recipe
from beside.core.types import Example
from beside.engine import truth
from beside.engine.checkpoint import Checkpoint
from beside.engine.fit import Fit
from beside.engine.keeping import Keeping
from beside.engine.runtime import load_subject
from beside.engine.training import Trained, train_model

LABELS = ("cancel", "deliver", "refund")
Train = Callable[..., tuple[Trained, Path]]


@pytest.fixture
def train(tmp_path: Path, tiny_base: Path, messages: Any, monkeypatch: pytest.MonkeyPatch) -> Train:
    """`train(tune=rows, name=, resume=, recipe settings...)`: a training on 45 made-up messages."""
    monkeypatch.setattr(truth, "fresh_logits", lambda folders, texts: [load_subject(one).logits(texts) for one in folders])

    def trained(tune: int = 0, name: str = "m", resume: bool = False, **settings: Any) -> tuple[Trained, Path]:
        rows = [Example(id=str(place), text=text, target=label) for place, (text, label) in enumerate(messages(45))]
        held = [Example(id=f"t{place}", text=text, target=label) for place, (text, label) in enumerate(messages(max(tune, 1), 1))]
        given = {"base": str(tiny_base), "method": "contrastive", "pooling": "mean", "epochs": 3, "threads": 1, **settings}
        keeping = Keeping(checkpoint=Checkpoint(tmp_path / "left"), resume=resume, progress=Silent())
        recipe = Recipe(**{"learning_rate": 3e-3, **given})
        return train_model(tmp_path / name, rows, held[:tune], LABELS, "classify", recipe, keeping), tmp_path / name

    return trained


def accuracy(folder: Path, messages: Any) -> float:
    texts, labels = zip(*messages(60, 5), strict=True)
    return float(np.mean([said == label for said, label in zip(load_subject(folder).predict(texts), labels, strict=True)]))


def test_it_learns_what_a_head_alone_on_this_base_does_not(train: Train, messages: Any) -> None:
    _, alone = train(name="alone", method="probe", learning_rate=None)
    trained, folder = train(name="pairs", epochs=6)
    assert accuracy(folder, messages) > max(0.8, accuracy(alone, messages) + 0.1)
    assert trained.history[-1]["loss"] < trained.history[0]["loss"]


def test_with_a_tune_split_each_epoch_is_scored_with_a_head_of_its_own(train: Train) -> None:
    trained, folder = train(tune=30)
    scores = [row["tune_macro_f1"] for row in trained.history]
    assert len(scores) == 3 and trained.scores["macro_f1"] == pytest.approx(max(scores))
    assert load_subject(folder).labels == LABELS


@pytest.mark.parametrize("tune", [0, 30])
def test_stopped_and_gone_on_it_saves_the_same_model(train: Train, monkeypatch: pytest.MonkeyPatch, tune: int) -> None:
    _, whole = train(tune, name="whole", dropout=0.2)
    step = Fit.one_step

    def interrupted(fit: Fit, group: Any) -> float:
        if fit.step == 4:
            signal.raise_signal(signal.SIGINT)
        return step(fit, group)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Fit, "one_step", interrupted)
        train(tune, name="first", dropout=0.2)
    _, second = train(tune, name="second", resume=True, dropout=0.2)
    assert (second / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()


@pytest.mark.parametrize("knob", [{"loss": "focal"}, {"label_smoothing": 0.1}])
def test_a_knob_of_losses_has_no_effect_on_pairs_and_is_refused(train: Train, knob: dict[str, Any]) -> None:
    with pytest.raises(BadOption, match="has no effect with method=contrastive"):
        train(**knob)
