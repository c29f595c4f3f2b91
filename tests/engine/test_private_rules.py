"""What would tell of a row in a way that no noise covers is refused, in words."""

from __future__ import annotations

from typing import Any

import pytest

from beside.core.errors import BadInput, BadOption
from beside.core.recipe import Recipe
from beside.engine.private_rules import must_be_private, units_of


def test_rows_of_nobody_cannot_be_protected_as_persons() -> None:
    with pytest.raises(BadInput, match="1 of 3 training rows name none"):
        units_of(["a", None, "b"], 3, "person")
    with pytest.raises(BadInput, match="3 of 3"):
        units_of(None, 3, "person")
    assert units_of(["a", "b", "a"], 3, "person") == [[0, 2], [1]]


@pytest.mark.parametrize(
    "settings, told",
    [
        ({"method": "lpft"}, "method=lpft"),
        ({"method": "contrastive"}, "method=contrastive"),
        ({"method": "adalora"}, "method=adalora"),
        ({"method": "best"}, "method=best"),
        ({"sampling": "balanced"}, "sampling=balanced"),
        ({"class_weights": "balanced"}, "counted from"),
        ({"label_names": True}, "label_names"),
        ({"head_start": "prototype"}, "head_start"),
        ({"accumulation": 2}, "accumulation"),
        ({"processes": 2}, "processes"),
        ({"compile": True}, "compile"),
        ({"clip_norm": 0.5}, "clip_norm"),
        ({"precision": "fp16"}, "fp16"),
        ({"base": "scratch"}, "its words are learned"),
    ],
)
def test_what_would_tell_of_rows_is_refused(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(BadOption, match=told):
        must_be_private(Recipe(epsilon=3, **settings), False)


def test_knobs_of_privacy_mean_nothing_without_epsilon() -> None:
    must_be_private(Recipe(), False)
    for knob, value in (("delta", 1e-6), ("privacy_unit", "person"), ("clip", 1.0), ("accountant", "rdp")):
        with pytest.raises(BadOption, match=f"{knob} has no effect without epsilon"):
            must_be_private(Recipe(**{knob: value}), False)
    with pytest.raises(BadOption, match="task that writes"):
        must_be_private(Recipe(epsilon=3), True)
