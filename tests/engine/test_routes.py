"""Which method, measured: who is tried, on which rows, what decides, and that a resumed training goes the same way."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beside.core.errors import BadInput, BadOption, NotEnoughData
from beside.core.recipe import Recipe
from beside.core.types import Example
from beside.engine import routes, training, truth
from beside.engine.checkpoint import Checkpoint
from beside.engine.keeping import Keeping
from beside.engine.routes import Route, candidates, chosen, folds, keep, kept, measured
from beside.engine.runtime import load_subject
from beside.engine.training import train_model


class Heard:
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def step(self, stage: str, done: int, total: int, note: str = "") -> None:
        pass


def examples_of(pairs: list[tuple[str, str]]) -> list[Example]:
    return [Example(id=str(place), text=text, target=label) for place, (text, label) in enumerate(pairs)]


@given(st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=80), st.integers(2, 3), st.integers(0, 3))
def test_folds_hold_out_every_row_once_but_never_all_of_a_label(targets: list[str], count: int, seed: int) -> None:
    parts = folds(targets, count, seed)
    for label, rows in Counter(targets).items():
        own = parts[np.asarray(targets) == label]
        assert (own == -1).all() if rows == 1 else (own >= 0).all()
        assert all((own != part).any() for part in range(count)), "every part's training has a row of the label"
        assert rows == 1 or max(Counter(own).values()) <= -(-rows // count)
    assert np.array_equal(parts, folds(targets, count, seed))


def answers(right: int, of: int = 100) -> np.ndarray:
    return np.arange(of) < right


@pytest.mark.parametrize(
    "right, method",
    [
        ({"lpft": answers(80), "probe": answers(60)}, "lpft"),
        ({"lpft": answers(80), "probe": answers(81)}, "lpft"),  # one row ahead is no more than the error of the difference
        ({"lpft": answers(80), "probe": answers(84), "contrastive": answers(90)}, "contrastive"),
        ({"lpft": answers(80), "contrastive": answers(20)[::-1] | answers(79)}, "contrastive"),
    ],
)
def test_the_rules_choice_stays_unless_another_is_clearly_ahead(right: dict[str, np.ndarray], method: str) -> None:
    assert chosen(right, "lpft") == method


def test_a_choice_is_kept_whole_and_refused_when_altered(tmp_path: Path) -> None:
    assert kept(tmp_path) is None
    route = Route(method="probe", rule="lpft", rows=40, shares={"lpft": 0.5, "probe": 0.75}, refused={"cloze": "no mask head"})
    keep(tmp_path, route)
    assert kept(tmp_path) == route
    file = tmp_path / routes.KEPT
    file.write_text(file.read_text().replace("0.75", "0.25"))
    with pytest.raises(BadInput, match="was altered"):
        kept(tmp_path)


def test_methods_for_few_rows_are_tried(tiny_base: Path, messages: Any, tmp_path: Path) -> None:
    assert {"probe", "lpft", "contrastive", "cloze"} <= set(candidates())
    heard = Heard()
    rows, recipe = examples_of(messages(24)), Recipe(base=str(tiny_base), method="best", epochs=1, pooling="mean", threads=1)
    route = measured(rows, ("cancel", "deliver", "refund"), "classify", recipe, tmp_path, False, heard)
    assert set(route.shares) >= {"probe", "lpft", "contrastive"} and route.rows == 24
    assert "cloze" in route.refused, "the tiny base has no mask head"
    assert all(0 <= share <= 1 for share in route.shares.values()) and route.method in route.shares
    assert any("Measured on 24 training rows, each held out once" in said for said in heard.said)
    assert any(said.startswith("Not measured: cloze.") for said in heard.said)
    assert [path.name for path in tmp_path.iterdir()] == [routes.KEPT], "the trainings of the parts leave nothing"


@pytest.fixture
def train(tmp_path: Path, messages: Any, tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(truth, "fresh_logits", lambda folders, texts: [load_subject(one).logits(texts) for one in folders])

    def trained(name: str, resume: bool = False, **settings: Any) -> tuple[training.Trained, Heard, bytes]:
        given = {"base": str(tiny_base), "epochs": 1, "pooling": "mean", "threads": 1, **settings}
        heard = Heard()
        keeping = Keeping(checkpoint=Checkpoint(tmp_path / name), resume=resume, progress=heard)
        labels = ("cancel", "deliver", "refund")
        found = train_model(tmp_path / f"{name}-model", examples_of(messages(24)), [], labels, "classify", Recipe(**given), keeping)
        return found, heard, (tmp_path / f"{name}-model" / "model.safetensors").read_bytes()

    return trained


def test_what_was_measured_stands_in_the_run_and_the_model_is_that_of_the_chosen_method(train: Any) -> None:
    best, _, weights = train("best", method="best")
    first = best.history[0]
    assert first["epoch"] == 0 and first["route_rows"] == 24 and 0 <= first["route_lpft"] <= 1
    assert best.recipe.method in {"probe", "lpft", "contrastive"}
    plain, _, alone = train("plain", method=best.recipe.method)
    assert weights == alone, "measuring leaves no trace in the weights"
    assert best.history[1:] == plain.history


def test_a_resumed_training_takes_the_choice_that_was_made(train: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, weights = train("best", method="best")
    monkeypatch.setattr(routes, "held_out", lambda *given: pytest.fail("measured again"))
    found, heard, again = train("best", resume=True, method="best")
    assert again == weights and f"Method {found.recipe.method}, as it was chosen before." in heard.said


def test_what_cannot_be_measured_is_refused(tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe, rows = Recipe(base=str(tiny_base), method="best", threads=1), examples_of([("one text", "a"), ("another", "b")])
    with pytest.raises(NotEnoughData, match="No label has two training rows"):
        measured(rows, ("a", "b"), "classify", recipe, tmp_path, False, Heard())
    monkeypatch.setattr(routes, "load", lambda family, name: object())
    with pytest.raises(BadOption, match="no answers that are right or wrong"):
        measured(rows, ("a", "b"), "grade", recipe, tmp_path, False, Heard())


def test_the_choice_is_written_as_plain_json(tmp_path: Path) -> None:
    keep(tmp_path, Route(method="probe", rule="lpft", rows=1, shares={}, refused={}))
    assert json.loads((tmp_path / routes.KEPT).read_text())["route"]["method"] == "probe"
