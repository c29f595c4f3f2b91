"""A search as a stage: what it may see, how its winner is confirmed, what it leaves. Workers compute scores, none trains."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from beside.core.errors import BadOption, NotEnoughData
from beside.core.interfaces import Silent
from beside.core.pairs import joined
from beside.core.recipe import Recipe, read_recipe
from beside.core.space import Reach, Space
from beside.core.trials import Search
from beside.core.types import Corpus, Example, Run, Splits
from beside.engine.crew import Job, Outcome, Rows
from beside.stages import search as stage
from beside.stages.search import Asked, search, spread

SPACE: Space = {"learning_rate": Reach(low=1e-4, high=1e-2, log=True), "epochs": Reach(low=2, high=6)}


def quality(recipe: Recipe) -> float:
    """Grows with the learning rate, and differs a little from seed to seed."""
    return 0.5 + 20 * float(recipe.learning_rate or 2e-3) + 0.002 * (recipe.seed % 3)


class World:
    """A corpus of four rows, and everything that was trained."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.trained, self.kept = folder, list[Recipe](), list[Recipe]()
        self.seen: Rows | None = None
        made = {"id": "corpus-1", "name": "inbox", "task": "classify", "labels": ("a", "b"), "examples": "x"}
        self.corpus = Corpus(splits={"train": 2, "tune": 2, "test": 2}, made_at=datetime(2026, 1, 1, tzinfo=UTC), **made)
        rows = [Example(id=str(place), text=f"text {place}", target="ab"[place % 2]) for place in range(6)]
        self.splits = Splits(rows[:2], rows[2:4], rows[4:])

    def train(self, job: Job, report: Any, far: Any) -> Outcome:
        self.trained.append(job.recipe)
        report(1, 1, quality(job.recipe))
        return Outcome(scores={"macro_f1": quality(job.recipe)}, seconds=1.0)

    def stop(self) -> None: ...
    def close(self) -> None: ...

    def crew(self, rows: Rows, workers: int) -> list[Any]:
        self.seen = rows
        return [self] * workers

    def keep(self, recipe: Recipe) -> Run:
        self.kept.append(recipe)
        facts = {"model": "m", "trainable": 1, "parameters": 1, "truncated": 0, "seconds": 1.0, "versions": {}}
        scores = {"accuracy": 0.1, "macro_f1": quality(recipe)}  # in whatever order the store gives them back
        now = datetime(2026, 1, 1, tzinfo=UTC)
        return Run(id="run-1", corpus_id="corpus-1", recipe=recipe, scores=scores, seed=recipe.seed, made_at=now, **facts)

    def search(self, splits: Splits | None = None, **asked: Any) -> Search:
        wanted = Asked(**{"recipe": Recipe(warmup=0.2), "space": SPACE, "trials": 10, **asked})
        place = {"url": f"sqlite:///{self.folder / 'studies.sqlite'}", "home": self.folder / "searches"}
        return search(self.corpus, splits or self.splits, wanted, progress=Silent(), keep=self.keep, crew=self.crew, **place)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(stage, "space_around", lambda asked, rows, home: (asked.space, {"epochs": 3}))
    return World(tmp_path)


def test_the_winner_is_confirmed_with_seeds_that_no_trial_had(world: World) -> None:
    found = world.search()
    assert found.count("finished") == 10 and found.best and found.confirmed
    assert found.best.score == max(trial.score or 0.0 for trial in found.trials)
    assert found.confirmed.seeds == (1, 2, 3) and {recipe.seed for recipe in world.trained[:10]} == {0}
    assert [recipe.seed for recipe in world.trained[10:]] == [2, 3, 1, 2, 3] and [recipe.seed for recipe in world.kept] == [1]
    best = world.kept[0]
    assert best.learning_rate == found.best.params["learning_rate"] and best.warmup == 0.2
    assert found.confirmed.winner.scores == tuple(quality(best.model_copy(update={"seed": seed})) for seed in (1, 2, 3))
    assert found.confirmed.default.n == 3 and found.confirmed.gap.value == pytest.approx(
        found.confirmed.winner.value - found.confirmed.default.value
    )
    assert found.confirmed.verdict == "winner" and found.run_id == "run-1" and found.metric == "macro_f1"


def test_trials_read_both_texts_of_a_pair() -> None:
    made = {"id": "corpus-1", "name": "inbox", "task": "match", "labels": ("a", "b"), "examples": "x", "splits": {}}
    rows = [Example(id=str(place), text=f"text {place}", pair=f"pair {place}", target="ab"[place % 2]) for place in range(6)]
    seen = stage.rows_of(Corpus(made_at=datetime(2026, 1, 1, tzinfo=UTC), **made), Splits(rows[:2], rows[2:4], rows[4:]))
    assert [row.text for row in (*seen.train, *seen.tune)] == [joined(f"text {place}", f"pair {place}") for place in range(4)]


def test_trials_never_see_a_test_row(world: World) -> None:
    world.search()
    assert world.seen and {row.id for row in world.seen.train} == {"0", "1"} and {row.id for row in world.seen.tune} == {"2", "3"}


def test_the_same_call_again_trains_nothing_and_more_trials_go_on(world: World) -> None:
    first = world.search()
    trained = len(world.trained)
    assert world.search().model_copy(update={"seconds": 0.0}) == first.model_copy(update={"seconds": 0.0})
    assert len(world.trained) == trained
    more = world.search(trials=13)
    assert more.id == first.id and more.trials[:10] == first.trials and len(more.trials) == 13


def test_another_recipe_or_space_is_another_search(world: World) -> None:
    others: list[dict[str, Any]] = [{}, {"recipe": Recipe(seed=1)}, {"space": {"epochs": SPACE["epochs"]}}]
    assert len({world.search(trials=2, **given).id for given in others}) == 3


def test_what_it_leaves_can_be_trained_with_and_looked_at(world: World) -> None:
    found = world.search()
    folder = Path(found.folder)
    assert read_recipe(folder / "winner.toml") == world.kept[0], "beside train --recipe winner.toml gives the stored run"
    for name in ("history.svg", "history.zh.svg", "importance.svg", "importance.zh.svg"):
        assert ElementTree.fromstring((folder / name).read_text(encoding="utf-8")).tag.endswith("svg")
    assert "learning_rate" in (folder / "importance.svg").read_text(encoding="utf-8")
    assert json.loads((folder / "search.json").read_text(encoding="utf-8")) == found.model_dump(mode="json")


def test_without_a_tune_split_it_is_refused_with_the_remedy(world: World) -> None:
    with pytest.raises(NotEnoughData, match="no tune split") as refused:
        world.search(Splits(world.splits.train, [], world.splits.test))
    assert "--split" in refused.value.hint and world.trained == []


@pytest.mark.parametrize(
    "given, said",
    [
        ({"trials": 0}, "trials=0"),
        ({"workers": 0}, "workers=0"),
        ({"workers": 4096}, "cores for 4096 workers"),
        ({"seeds": 1}, "seeds=1"),
        ({"timeout": 0.0}, "0.0 seconds"),
        ({"recipe": Recipe(epochs=3)}, "'epochs' is set to 3 and searched at once"),
    ],
)
def test_what_makes_no_sense_is_refused_before_any_training(world: World, given: dict[str, Any], said: str) -> None:
    with pytest.raises(BadOption, match=said) as refused:
        world.search(**given)
    assert refused.value.hint and world.trained == []


def test_when_the_time_was_up_before_any_trial_there_is_no_winner(world: World) -> None:
    found = world.search(timeout=1e-9)
    assert found.trials == () and found.best is None and found.confirmed is None and found.run_id is None
    assert [path.name for path in Path(found.folder).iterdir()] == ["search.json"]


def test_killed_while_it_confirms_it_trains_only_what_is_missing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    train: Callable[..., Outcome] = world.train

    def killed(job: Job, report: Any, far: Any) -> Outcome:
        if len(world.trained) == 12:
            raise KeyboardInterrupt
        return train(job, report, far)

    with monkeypatch.context() as patch:
        patch.setattr(world, "train", killed)
        with pytest.raises(KeyboardInterrupt):
            world.search()
    world.search()
    assert [recipe.seed for recipe in world.trained[10:]] == [2, 3, 1, 2, 3]


def test_a_mean_over_seeds_has_students_interval() -> None:
    found = spread([0.8, 0.9, 1.0])
    assert (found.value, found.n) == (pytest.approx(0.9), 3)
    assert found.high - found.value == pytest.approx(4.303 * 0.1 / 3**0.5, rel=1e-3)
