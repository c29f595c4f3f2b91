"""Replay brings rows of the earlier run, and says how many."""

from __future__ import annotations

from typing import Any

import pytest

from beside.core.defending import rows_to_learn
from beside.core.errors import BadOption
from beside.core.interfaces import Silent
from beside.core.recipe import Recipe
from beside.core.registry import load
from beside.core.types import Example

TASK = load("tasks", "classify")
LABELS = ("no", "yes")


class Heard(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


def rows(kind: str, count: int, target: str = "yes") -> list[Example]:
    return [Example(id=f"{kind}-{place}", text=f"{kind} {place}", target=target) for place in range(count)]


def learned(new: list[Example], old: list[Example], **settings: Any) -> list[Example]:
    recipe = Recipe(defence="replay", **settings)
    return rows_to_learn(recipe, new, old, LABELS, TASK, Silent())


@pytest.mark.parametrize(("share", "count"), [(0.5, 10), (1.0, 20), (3.0, 50)])
def test_so_many_old_rows_join_as_the_share_says_and_no_more_than_there_are(share: float, count: int) -> None:
    new, old = rows("new", 20), rows("old", 50)
    found = learned(new, old, replay_share=share)
    assert found[:20] == new and len(found) == 20 + count
    assert len({row.text for row in found}) == len(found) and all(row in old for row in found[20:])


def test_which_is_drawn_by_the_seed() -> None:
    new, old = rows("new", 20), rows("old", 50)
    assert learned(new, old) == learned(new, old) != learned(new, old, seed=1)


def test_rows_that_stand_among_the_new_ones_or_have_a_label_that_is_gone_do_not_join() -> None:
    new, old = rows("new", 20), [*rows("new", 5, "no"), *rows("old", 3), *rows("gone", 9, "maybe")]
    assert {row.text for row in learned(new, old, replay_share=10.0)[20:]} == {f"old {place}" for place in range(3)}


def test_it_says_how_many() -> None:
    heard = Heard()
    rows_to_learn(Recipe(defence="replay"), rows("new", 4), rows("old", 9), LABELS, TASK, heard)
    assert heard.said == ["Replay: 2 of 9 old rows are learned along with 4 new ones."]


def test_without_an_earlier_run_it_is_refused_with_a_way_on() -> None:
    with pytest.raises(BadOption, match="needs an earlier run whose rows are here") as refused:
        learned(rows("new", 4), [])
    assert "--base RUN" in refused.value.hint
    assert rows_to_learn(Recipe(), rows("new", 4), [], LABELS, TASK, Silent()) == rows("new", 4)
