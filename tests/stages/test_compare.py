"""Several methods side by side: same rows, intervals, distances from the best, and what a base forgets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from beside.core.recipe import Recipe
from beside.core.types import Run
from beside.stages.compare import Contest, Memory, Trial, contest, picture_of

TARGETS = ["yes", "no"] * 100


def accuracy(answers: Sequence[str], targets: Sequence[str]) -> float:
    return float(np.mean([answer == target for answer, target in zip(answers, targets, strict=True)]))


def trial(wrong: Sequence[int], name: str = "run-1", **facts: Any) -> Trial:
    """A run that answers these rows wrongly."""
    given: dict[str, Any] = {"trainable": 10, "parameters": 1000, "seconds": 2.0, "seed": 0, **facts}
    run = Run(
        id=name, corpus_id="corpus-1", recipe=Recipe(), model="", scores={}, truncated=0, versions={},
        made_at=datetime(2026, 1, 1, tzinfo=UTC), **given,
    )  # fmt: skip
    return Trial(run=run, answers=["maybe" if place in wrong else target for place, target in enumerate(TARGETS)])


def test_the_best_comes_first_and_every_gap_is_from_it() -> None:
    trials = {"weak": [trial(range(60))], "strong": [trial(range(10))], "middle": [trial(range(20))]}
    found = contest(trials, TARGETS, accuracy, np.random.default_rng(0))
    assert [one.method for one in found] == ["strong", "middle", "weak"]
    assert [one.score.value for one in found] == [0.95, 0.9, 0.7]
    assert all(one.score.low < one.score.value < one.score.high for one in found)
    assert (found[0].gap.value, found[0].gap.low, found[0].gap.high) == (0, 0, 0)
    assert found[1].gap.value == pytest.approx(-0.05) and found[1].gap.high < 0


def test_a_gap_is_measured_on_the_same_rows() -> None:
    """Two methods that fail on the same rows but for one: each score is uncertain, their difference is not."""
    found = contest({"a": [trial(range(50))], "b": [trial(range(51))]}, TARGETS, accuracy, np.random.default_rng(0))
    assert found[1].score.high - found[1].score.low > 0.08
    assert found[1].gap.high - found[1].gap.low < 0.03


def test_seeds_are_averaged_and_shown() -> None:
    tried = [
        trial(range(10), "run-1", seconds=2.0, peak_memory=None),
        trial(range(30), "run-2", seconds=4.0, peak_memory=2**20, seed=1),
    ]
    (found,) = contest({"lora": tried}, TARGETS, accuracy, np.random.default_rng(0))
    assert found.runs == ("run-1", "run-2") and found.by_seed == (0.95, 0.85)
    assert found.score.value == pytest.approx(0.9) and found.seconds == 3.0 and found.peak_memory == 2**20
    assert found.share == 0.01


class Turned:
    """A subject whose vectors say one label or the other, by the sign of the first number; `sign` turns them round."""

    def __init__(self, sign: float) -> None:
        self.sign = sign

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([[self.sign if text.startswith("yes") else -self.sign, 1.0] for text in texts], dtype=np.float32)


@pytest.mark.parametrize("sign, lost", [(1.0, 0.0), (0.5, 0.0), (-1.0, 1.0)])
def test_what_was_forgotten_is_what_the_old_head_gets_wrong(sign: float, lost: float) -> None:
    rows = [(f"{target} {place}", target) for place, target in enumerate(TARGETS)]
    base: Any = Turned(1.0)
    memory = Memory.of(base, rows[:100], [*rows[100:], ("unheard", "of")])
    assert len(memory.texts) == 100 and memory.right_N.all(), "a label that the head never saw is no memory"
    found = memory.forgotten(Turned(sign), np.random.default_rng(0))  # type: ignore[arg-type]
    assert found.value == lost


def test_the_picture_shows_every_method_with_its_interval() -> None:
    trials = {"lora": [trial(range(10))], "full": [trial(range(12), trainable=1000)]}
    ranked = contest(trials, TARGETS, accuracy, np.random.default_rng(0))
    found = Contest(corpus_id="corpus-1", metric="accuracy", n=200, seeds=(0,), contenders=tuple(ranked))
    picture = picture_of(found)
    points: Any = picture["points"]
    assert [(point["name"], point["x"]) for point in points] == [("lora", 0.01), ("full", 1.0)]
    assert all(point["low"] <= point["y"] <= point["high"] for point in points)

    from beside.charts import draw

    svg = draw(picture)
    assert svg.startswith("<svg") and "lora: 0.950" in svg and "full: 0.940" in svg and "n = 200" in svg
