"""Private runs: what is spent is stored, and no verb breaks the promise or spends it again in silence."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from beside.cli.telling import run_in_words
from beside.core.errors import BadInput, BadOption
from beside.core.interfaces import Silent
from beside.core.recipe import Recipe
from beside.core.registry import load
from beside.core.space import Reach
from beside.core.types import Corpus, Example, Run, Splits
from beside.engine import truth
from beside.engine.runtime import load_subject
from beside.stages.add_label import add_label
from beside.stages.rerun import rerun
from beside.stages.search import Asked, must_be_possible
from beside.stages.train import train
from beside.store.artifacts import Artifacts

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LABELS = ("cancel", "deliver", "refund")


class Heard(Silent):
    """Progress that remembers what was said."""

    def __init__(self) -> None:
        self.said = ""

    def say(self, text: str) -> None:
        self.said += text + "\n"


@pytest.fixture
def world(tmp_path: Path, messages: Any, tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Trains on 45 rows of 15 persons; `artifacts`, `corpus` and `heard` beside it."""
    monkeypatch.setattr(truth, "fresh_logits", lambda folders, texts: [load_subject(one).logits(texts) for one in folders])

    class World:
        artifacts, checkpoints, heard = Artifacts(tmp_path / "artifacts"), tmp_path / "checkpoints", Heard()
        corpus = Corpus(id="corpus-1", name="inbox", task="classify", labels=LABELS, splits={}, examples="", made_at=NOW)
        rows = [Example(id=str(p), text=text, target=label, person=f"p{p % 15}") for p, (text, label) in enumerate(messages(75))]
        splits = Splits(rows[:45], rows[45:], [])

        def train(self, **settings: Any) -> Run:
            given = {"base": str(tiny_base), "epochs": 1, "pooling": "mean", "threads": 1, "epsilon": 3.0, **settings}
            kept = {"artifacts": self.artifacts, "checkpoints": self.checkpoints, "progress": self.heard}
            return train(self.corpus, self.splits, Recipe(**given), now=NOW, **kept)

    return World()


@pytest.mark.parametrize("method", ["full", "lora", "adapter", "probe"])
def test_a_private_run_tells_what_it_spent(world: Any, method: str, capsys: pytest.CaptureFixture[str]) -> None:
    run = world.train(method=method, privacy_unit="person" if method == "lora" else "row")
    assert run.spent is not None and 2.9 < run.spent["epsilon"] <= 3.0
    assert (run.spent["delta"], run.spent["accountant"]) == (1e-5, "pld")
    assert (run.spent["unit"], run.spent["units"]) == (("person", 15) if method == "lora" else ("row", 45))
    assert "Gradients of 4 units agree" in world.heard.said and "tune and test rows are not" in world.heard.said
    assert load_subject(world.artifacts.folder(run.model)).labels == LABELS
    run_in_words(run)
    assert "at delta 1.0e-05 for each" in capsys.readouterr().err


def test_nothing_is_chosen_by_the_text_of_a_row(world: Any) -> None:
    run = world.train()
    assert (run.recipe.method, run.recipe.label_names, run.recipe.head_start) == ("lora", False, "auto")
    assert run.recipe.max_length == 64  # what the base takes, not the longest row
    assert "occur in the training rows" not in world.heard.said and "Fitting the head" not in world.heard.said
    assert all("loss" not in row for row in run.history)
    assert world.train(**{**run.recipe.model_dump(), "seed": 1}).spent is not None  # as trained, the recipe can be given again


def test_without_epsilon_nothing_is_spent(world: Any) -> None:
    assert world.train(epsilon=None, method="full").spent is None


def test_training_it_again_to_compare_is_refused_because_it_would_spend_again(world: Any) -> None:
    run = world.train(method="probe")
    kept = {"artifacts": world.artifacts, "checkpoints": world.checkpoints, "versions": {}, "progress": Silent()}
    with pytest.raises(BadInput, match="spend epsilon 3 once more on every row"):
        rerun(run, world.corpus, world.splits, **kept)


def test_a_label_is_not_added_without_noise(world: Any, tmp_path: Path) -> None:
    run = world.train(method="probe")
    with pytest.raises(BadInput, match="private model"):
        add_label(
            run, world.corpus, world.splits, "new", widen=lambda *given: None, artifacts=world.artifacts, home=tmp_path, now=NOW
        )


def test_searching_with_epsilon_is_refused() -> None:
    with pytest.raises(BadOption, match="every trial would spend it"):
        must_be_possible(Asked(recipe=Recipe(epsilon=3)))
    with pytest.raises(BadOption, match="every trial would spend it"):
        must_be_possible(Asked(recipe=Recipe(), space={"epsilon": Reach(choices=(1.0, 3.0))}))


@pytest.mark.parametrize("settings, told", [
    ({"method": "lpft"}, "method=lpft"), ({"base": "scratch"}, "words are learned"), ({"processes": 2}, "processes"),
    ({"epsilon": None, "clip": 1.0}, "no effect without epsilon"),
])  # fmt: skip
def test_what_would_break_the_promise_is_refused_before_a_step(world: Any, settings: dict[str, Any], told: str) -> None:
    with pytest.raises(BadOption, match=told):
        world.train(**settings)


def test_a_task_that_counts_its_targets_is_refused(world: Any) -> None:
    labels = load("tasks", "grade").labels(map(str, range(45)))
    world.corpus = world.corpus.model_copy(update={"task": "grade", "labels": labels})
    world.splits = Splits([row.model_copy(update={"target": str(place)}) for place, row in enumerate(world.rows[:45])], [], [])
    with pytest.raises(BadOption, match="counted from the training targets"):
        world.train()
