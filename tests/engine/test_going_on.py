"""A training may go on from a model made here: its encoder and words, and with the same labels its head."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beside.core.errors import BadOption
from beside.core.recipe import Recipe
from beside.core.types import Example
from beside.engine import truth
from beside.engine.checkpoint import Checkpoint
from beside.engine.keeping import Keeping
from beside.engine.runtime import load_subject
from beside.engine.training import train_model

LABELS = ("cancel", "deliver", "refund")


class Heard:
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def step(self, stage: str, done: int, total: int, note: str = "") -> None:
        pass


@pytest.fixture
def train(tmp_path: Path, messages: Any, tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """`train(name, base=, rename=, old=, recipe settings...)`: the model folder, and what was said."""
    monkeypatch.setattr(truth, "fresh_logits", lambda folders, texts: [load_subject(folder).logits(texts) for folder in folders])

    def trained(name: str, base: str = "", seed: int = 0, rename: Any = None, old: Any = (), **settings: Any) -> tuple[Path, Heard]:
        rows = [
            Example(id=str(place), text=text, target=(rename or {}).get(label, label))
            for place, (text, label) in enumerate(messages(45, seed))
        ]
        given = {"base": base or str(tiny_base), "method": "full", "epochs": 2, "learning_rate": 5e-3, "threads": 1, **settings}
        heard = Heard()
        keeping = Keeping(checkpoint=Checkpoint(tmp_path / f"c-{name}"), progress=heard)
        labels = tuple(sorted({str(row.target) for row in rows}))
        train_model(tmp_path / name, rows, [], labels, "classify", Recipe(**given), keeping, old=old)
        return tmp_path / name, heard

    return trained


def logits(folder: Path, texts: list[str]) -> np.ndarray:
    return load_subject(folder).logits(texts)


@pytest.mark.parametrize("method", ["full", "lpft"])
@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_with_the_same_labels_it_begins_with_the_same_answers(train: Any, messages: Any, method: str, pooling: str) -> None:
    texts = [text for text, _ in messages(10, 5)]
    before, _ = train("before", pooling=pooling)
    still, heard = train("still", str(before), seed=1, method=method, learning_rate=1e-12, head_learning_rate=1e-12)
    assert np.abs(logits(still, texts) - logits(before, texts)).max() < 1e-5
    assert any("its head is kept" in said for said in heard.said)
    assert load_subject(still).facts.pooling == pooling
    on, _ = train("on", str(before), seed=1, method=method)
    assert np.abs(logits(on, texts) - logits(before, texts)).max() > 1e-3


def test_with_other_labels_the_head_begins_anew(train: Any) -> None:
    before, _ = train("before")
    after, heard = train("after", str(before), seed=1, rename={"cancel": "stop"})
    assert any("its head begins anew" in said for said in heard.said)
    assert load_subject(after).labels == ("deliver", "refund", "stop")


def test_ewc_needs_the_same_labels(train: Any, messages: Any) -> None:
    before, _ = train("before")
    old = [Example(id="1", text="where is my parcel", target="deliver")]
    with pytest.raises(BadOption, match="the very same task and labels"):
        train("after", str(before), rename={"cancel": "stop"}, defence="ewc", old=old)


def test_what_was_merged_goes_on_and_added_parts_do_not(train: Any) -> None:
    merged, _ = train("merged", method="lora", frozen_layers=0)
    train("on", str(merged), seed=1, method="lora", frozen_layers=0)
    added, _ = train("added", method="adapter", frozen_layers=0)
    with pytest.raises(BadOption, match="its method put parts into the base"):
        train("refused", str(added), seed=1)


def test_it_gives_no_promise_of_privacy(train: Any) -> None:
    before, _ = train("before")
    with pytest.raises(BadOption, match="went on learning here"):
        train("private", str(before), epsilon=3.0)


def test_both_against_forgetting_go_together(train: Any, messages: Any) -> None:
    before, _ = train("before")
    old = [Example(id=f"o{place}", text=text, target=label) for place, (text, label) in enumerate(messages(30, 0))]
    _, heard = train("after", str(before), seed=1, defence="fgm,ewc,replay", ewc_rows=8, old=old)
    assert any(said.startswith("Replay: ") for said in heard.said)
