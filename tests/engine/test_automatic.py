"""What a recipe leaves open is chosen by rule; what it says is left alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from beside.core.errors import BadInput
from beside.core.recipe import Recipe
from beside.engine.automatic import FEW_PER_LABEL, LARGE, Situation, fill, is_spoken, spoken

LABELS = ("card_arrival", "lost-card")


def situation(**changed: Any) -> Situation:
    given = {"rows": 1000, "labels": LABELS, "longest": 40, "limit": 256, "layers": 6, "threads": 2}
    return Situation(**{**given, **changed})


@pytest.mark.parametrize("base", ["embedded", "scratch", "bert-base-chinese"])
@pytest.mark.parametrize("rows", [10, 1000])
def test_nothing_that_training_needs_stays_open(base: str, rows: int) -> None:
    filled = fill(Recipe(base=base), situation(rows=rows))
    may_stay_open = {"dropout", "patience", "lora_alpha", "max_new_tokens", "gradient_checkpointing", "compile", "epsilon", "delta"}
    may_stay_open |= {"augment", "defence", "defence_step_size"}
    assert {key for key, value in filled.model_dump().items() if value is None} <= may_stay_open
    assert "auto" not in (filled.pooling, filled.head_start)
    assert Recipe.model_validate(filled.model_dump()) == filled, "what was chosen is within the bounds of a recipe"


@pytest.mark.parametrize(("method", "alpha"), [("lora", 16), ("adalora", 32)])
def test_updates_are_scaled_as_their_method_says(method: str, alpha: int) -> None:
    assert fill(Recipe(method=method), situation()).lora_alpha == alpha


@pytest.mark.parametrize("base", ["embedded", "scratch", "some/encoder"])
def test_what_was_asked_for_stays(base: str) -> None:
    asked = Recipe(
        base=base, method="full", epochs=3, batch_size=7, learning_rate=0.1, head_learning_rate=0.2, max_length=9, pooling="cls",
        frozen_layers=1, head_start="logistic", label_names=False, threads=1, precision="fp32",
    )  # fmt: skip
    assert fill(asked, situation(rows=4)) == asked


def test_choosing_twice_changes_nothing() -> None:
    once = fill(Recipe(), situation())
    assert fill(once, situation(rows=7, longest=99, threads=8)) == once


def test_rows_fit_within_what_the_base_takes() -> None:
    assert fill(Recipe(), situation(longest=40)).max_length == 40
    assert fill(Recipe(), situation(longest=4)).max_length == 16
    assert fill(Recipe(), situation(longest=900, limit=256)).max_length == 256


def test_a_folder_of_a_sentence_encoder_is_known_by_its_modules(tmp_path: Path) -> None:
    assert fill(Recipe(base=str(tmp_path)), situation()).pooling == "cls"
    (tmp_path / "modules.json").write_text("[]")
    assert fill(Recipe(base=str(tmp_path)), situation()).pooling == "unit"


@pytest.mark.parametrize("origin, method, frozen", [("scratch", "probe", 0), ("embedded", "lpft", 1), ("some/encoder", "lpft", 0)])
def test_a_base_of_ones_own_is_neither_a_sentence_encoder_nor_untrained(
    tmp_path: Path, origin: str, method: str, frozen: int
) -> None:
    (tmp_path / "beside-base.json").write_text(json.dumps({"origin": origin}))
    filled = fill(Recipe(base=str(tmp_path)), situation())
    assert (filled.pooling, filled.method, filled.frozen_layers, filled.head_start) == ("mean", method, frozen, "logistic")
    assert filled.label_names is False and filled.learning_rate is not None
    (tmp_path / "beside-base.json").write_text("{}")
    with pytest.raises(BadInput, match="beside-base.json"):
        fill(Recipe(base=str(tmp_path)), situation())


def test_many_rows_teach_every_layer_of_a_base_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "beside-base.json").write_text(json.dumps({"origin": "scratch"}))
    assert fill(Recipe(base=str(tmp_path)), situation(rows=LARGE - 1)).method == "probe"
    assert fill(Recipe(base=str(tmp_path)), situation(rows=LARGE)).method == "full"
    assert fill(Recipe(base=str(tmp_path)), situation(per_token=True)).method == "full"


def test_few_rows_per_label_learn_the_names_of_the_labels_when_they_say_something() -> None:
    few, many = situation(rows=2 * FEW_PER_LABEL - 1), situation(rows=2 * FEW_PER_LABEL)
    assert fill(Recipe(), few).label_names is True
    assert fill(Recipe(), many).label_names is False
    assert fill(Recipe(), situation(rows=10, labels=("0", "1"))).label_names is False


@pytest.mark.parametrize("label, says", [("card_arrival", True), ("A1", False), ("退款", True), ("退", False), ("1-2", False)])
def test_a_label_says_something_when_it_holds_a_word(label: str, says: bool) -> None:
    assert is_spoken(label) is says


@pytest.mark.parametrize("label, words", [("card_arrival", "card arrival"), ("a/b.c-d", "a b c d"), ("退款", "退款")])
def test_a_label_is_said_without_its_joints(label: str, words: str) -> None:
    assert spoken(label) == words


@pytest.mark.parametrize("precision", ["bf16", "fp16", "fp32"])
def test_products_have_the_fastest_precision_of_the_device(precision: str) -> None:
    assert fill(Recipe(), situation(precision=precision)).precision == precision
    assert fill(Recipe(precision="fp32"), situation(precision=precision)).precision == "fp32"
