"""A run that goes on from an earlier run of the workspace: found by its id, with its rows at hand, and erased with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from beside.core.erasure import Asked
from beside.core.errors import BadOption, Erased, UnknownName
from beside.core.recipe import Recipe
from beside.engine import truth
from beside.engine.runtime import load_subject
from beside.loop import Loop

WORDS = "cancel the subscription now"  # a training row of the earlier run
NEW = """text,label
cancel my newspaper,cancel
please cancel that,cancel
where is the letter,deliver
the letter is late,deliver
money for the letter back,refund
a refund for this,refund
"""


@pytest.fixture
def world(make_approved: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loop]:
    """A loop over a workspace with the run `run-toy`, and a second corpus with the same labels."""
    monkeypatch.setattr(truth, "fresh_logits", lambda folders, texts: [load_subject(folder).logits(texts) for folder in folders])
    made = make_approved(tmp_path / "bank")
    loop = Loop(made.workspace, made.owner)
    (tmp_path / "new.csv").write_text(NEW, encoding="utf-8")
    loop.intake(str(tmp_path / "new.csv"), name="new")
    yield loop
    made.workspace.close()


def going_on(**settings: Any) -> Recipe:
    return Recipe(**{"base": "run-toy", "method": "full", "epochs": 1, "threads": 1, "ewc_rows": 256, **settings})


def test_it_keeps_the_id_of_the_earlier_run_and_learns_some_of_its_rows(world: Loop) -> None:
    said: list[str] = []
    world.progress.say = said.append  # type: ignore[method-assign]
    run = world.train("new", going_on(defence="ewc,replay", replay_share=1.0))
    assert run.recipe.base == "run-toy" and run.recipe.pooling == "mean"
    assert any(line.startswith("Replay: ") and "of 9 old rows" in line for line in said)
    assert any("its head is kept" in line for line in said)
    assert world.rerun(run.id).verdict == "same weights", "with the same old rows again"


def test_a_base_without_rows_of_its_own_is_refused(world: Loop) -> None:
    with pytest.raises(BadOption, match="needs an earlier run whose rows are here"):
        world.train("new", going_on(base="scratch", defence="replay"))
    with pytest.raises(UnknownName):
        world.train("new", going_on(base="run-nowhere"))


def test_who_is_erased_from_the_earlier_run_is_erased_from_the_later_one(world: Loop) -> None:
    later = world.train("new", going_on())
    asked = Asked(words=(WORDS,))
    done = world.erase(asked, retrain=True)
    assert {one.id for one in done.tombstones if one.thing == "run"} == {"run-toy", later.id}
    with pytest.raises(Erased):
        world.train("new", going_on(seed=1))
