"""What a search may change is checked against the recipe's knobs before anything is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from beside.core.errors import BadOption
from beside.core.recipe import Recipe
from beside.core.space import SEARCHABLE, default_space, must_be_open, reach_of, read_space, size_of, values_of


def written(folder: Path, text: str) -> Path:
    file = folder / "space.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_file_gives_ranges_and_choices(tmp_path: Path) -> None:
    text = (
        "[learning_rate]\nlow = 1e-5\nhigh = 1e-3\nlog = true\n[epochs]\nlow = 1\nhigh = 3\n[method]\nchoices = ['lpft', 'full']\n"
    )
    space = read_space(written(tmp_path, text))
    assert list(space) == ["learning_rate", "epochs", "method"] and space["learning_rate"].log
    assert values_of("epochs", space["epochs"]) == [1, 2, 3] and values_of("learning_rate", space["learning_rate"]) == []
    assert size_of(space) == float("inf")
    assert size_of({knob: space[knob] for knob in ("epochs", "method")}) == 6


@pytest.mark.parametrize(
    "knob, table, said",
    [
        ("learning_rat", {}, "Did you mean 'learning_rate'?"),
        ("seed", {"low": 0, "high": 9}, "no knob to search"),
        ("learning_rate", {"low": 1e-5, "high": 2.0}, "less than or equal to 1"),
        ("epochs", {"low": 1.5, "high": 3}, "whole numbers"),
        ("epochs", {"lo": 1, "high": 3}, "Did you mean 'low'?"),
        ("epochs", {"low": 3, "high": 3}, "low must be below high"),
        ("epochs", {"low": 1}, "low must be below high"),
        ("epochs", {"low": 1, "high": 3, "step": 5}, "step must be"),
        ("warmup", {"low": 0, "high": 0.5, "log": True}, "log needs a low above 0"),
        ("method", {"low": 1, "high": 2}, "no number"),
        ("method", {"choices": ["full", "full"]}, "a choice is given twice"),
        ("schedule", {"choices": ["linear", "cosine"]}, "'linear' or 'constant'"),
        ("epochs", {"choices": [1, 2], "low": 1}, "choices alone"),
        ("epochs", 3, "cannot be 3"),
    ],
)
def test_what_cannot_be_searched_is_refused_with_the_remedy(knob: str, table: Any, said: str) -> None:
    with pytest.raises(BadOption) as refused:
        reach_of(knob, table)
    assert said in f"{refused.value.message} {refused.value.hint}" and refused.value.hint


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="empty"):
        read_space(written(tmp_path, ""))


FILLED = {"learning_rate": 2e-4, "epochs": 4, "batch_size": 16, "dropout": 0.1, "frozen_layers": 3}


@pytest.mark.parametrize(
    "given", [{}, {"base": "scratch"}, {"method": "lora"}, {"epochs": 3, "method": "full"}, {"method": "probe"}]
)
def test_the_default_space_leaves_alone_what_the_recipe_sets(given: dict[str, Any]) -> None:
    recipe = Recipe(**given)
    space = default_space(recipe, Recipe(**{**FILLED, **given}), 6)
    assert space and not given.keys() & space.keys()
    for knob, reach in space.items():
        reach_of(knob, {key: value for key, value in reach.model_dump(exclude_defaults=True).items() if value is not None})
    must_be_open(space, recipe)


def test_the_default_space_lies_around_what_a_training_would_choose() -> None:
    space = default_space(Recipe(), Recipe(**FILLED), 6)
    assert (space["learning_rate"].low, space["learning_rate"].high) == (2e-5, pytest.approx(1e-3))
    assert values_of("epochs", space["epochs"]) == [2, 3, 4, 5, 6, 7, 8] and space["method"].choices == ("lpft", "full")
    assert values_of("frozen_layers", space["frozen_layers"]) == [0, 1, 2, 3, 4, 5]
    assert "frozen_layers" not in default_space(Recipe(), Recipe(**{**FILLED, "frozen_layers": 0}), 6)
    assert "learning_rate" not in default_space(Recipe(method="probe"), Recipe(**FILLED), 6), "a probe takes no steps"


def test_a_knob_is_not_fixed_and_searched_at_once() -> None:
    with pytest.raises(BadOption, match="'epochs' is set to 3 and searched at once"):
        must_be_open({"epochs": reach_of("epochs", {"low": 1, "high": 5})}, Recipe(epochs=3))


def test_what_cannot_help_is_not_searched() -> None:
    assert not {"seed", "threads", "epoch_report"} & set(SEARCHABLE) and "base" in SEARCHABLE
