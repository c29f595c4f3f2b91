"""Corpus, Recipe -> Run: what is recorded, what is refused, and what is left to go on from."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from beside.core.errors import Altered, BadInput, GateClosed, NotEnoughData, StorageFailed
from beside.core.interfaces import Silent
from beside.core.recipe import Recipe
from beside.core.types import Corpus, Example, Run, Splits
from beside.engine import truth
from beside.engine.runtime import load_subject
from beside.stages import train as stage
from beside.stages.train import cut_short, forget, requested, run_id, train, unfinished
from beside.store.artifacts import Artifacts

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LABELS = ("cancel", "deliver", "refund")


class Unseen(list[Example]):
    """Test rows that nobody may look at."""

    def __iter__(self) -> Iterator[Example]:
        raise AssertionError("training looked at the test rows")

    __getitem__ = __len__ = __iter__  # type: ignore[assignment]


def corpus_of(labels: tuple[str, ...] = LABELS) -> Corpus:
    return Corpus(id="corpus-1", name="inbox", task="classify", labels=labels, splits={}, examples="", made_at=NOW)


@pytest.fixture
def ask(tmp_path: Path, messages: Any, tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    """`ask(recipe settings..., train=, tune=)`: trains a tiny model on made-up messages."""

    def fresh(folders: list[Path], texts: list[str]) -> list[Any]:
        return [load_subject(folder).logits(texts) for folder in folders]

    def asked(rows: list[Example] | None = None, corpus: Corpus | None = None, **settings: Any) -> Run:
        made = [Example(id=str(place), text=text, target=label) for place, (text, label) in enumerate(messages(75))]
        splits = Splits(made[:45] if rows is None else rows, made[45:], Unseen())
        given = {"base": str(tiny_base), "epochs": 1, "pooling": "mean", "threads": 1, **settings}
        kept = {"artifacts": Artifacts(tmp_path / "artifacts"), "checkpoints": tmp_path / "checkpoints", "progress": Silent()}
        return train(corpus or corpus_of(), splits, Recipe(**given), now=NOW, **kept)

    monkeypatch.setattr(truth, "fresh_logits", fresh)
    return asked


def test_a_run_tells_all_that_a_repetition_needs(ask: Callable[..., Run], tmp_path: Path) -> None:
    run = ask(seed=3)
    assert (run.corpus_id, run.seed, run.recipe.seed, run.made_at) == ("corpus-1", 3, 3, NOW)
    assert None not in (run.recipe.method, run.recipe.learning_rate, run.recipe.max_length, run.recipe.threads)
    assert run.scores.keys() == {"macro_f1", "accuracy", "loss"} and len(run.history) == 1
    assert 0 < run.trainable <= run.parameters and run.seconds > 0
    assert {"beside", "python", "machine", "torch", "transformers", "tokenizers", "numpy"} <= run.versions.keys()
    folder = Artifacts(tmp_path / "artifacts").folder(run.model)
    assert load_subject(folder).labels == LABELS


def test_the_same_corpus_and_recipe_have_the_same_name_and_nothing_else_has(ask: Callable[..., Run]) -> None:
    recipe = Recipe()
    assert run_id("corpus-1", recipe) == run_id("corpus-1", Recipe())
    others = [run_id("corpus-2", recipe), run_id("corpus-1", Recipe(seed=1)), run_id("corpus-1", recipe, "run-0")]
    assert len({run_id("corpus-1", recipe), *others}) == 4


def test_rows_without_an_answer_are_not_learned(ask: Callable[..., Run], messages: Any) -> None:
    known = [Example(id=str(place), text=text, target=label) for place, (text, label) in enumerate(messages(45))]
    asked = [Example(id=f"?{place}", text=text) for place, (text, _) in enumerate(messages(45, 5))]
    assert ask(rows=known).model == ask(rows=[*known, *asked]).model


@pytest.mark.parametrize(
    "labels, missing, said",
    [(("refund",), (), "at least two labels, got 1: refund"), (LABELS, ("refund",), "No training row for: refund")],
)
def test_what_cannot_be_learned_is_refused(ask: Any, messages: Any, labels: Any, missing: Any, said: str) -> None:
    rows = [Example(id=text, text=text, target=label) for text, label in messages(30) if label not in missing]
    with pytest.raises(NotEnoughData, match=said):
        ask(rows=rows, corpus=corpus_of(labels))


def test_a_failed_truth_test_stores_nothing(ask: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        truth, "fresh_logits", lambda folders, texts: [load_subject(folder).logits(texts) + 1 for folder in folders]
    )
    with pytest.raises(GateClosed, match="Truth test failed"):
        ask()
    assert [path for path in (tmp_path / "artifacts").rglob("*") if path.is_file()] == []
    assert list((tmp_path / "checkpoints").glob("*/model-*")) == []


def test_a_place_that_takes_no_files_is_told(ask: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "checkpoints").write_text("a file where the folder should be")
    with pytest.raises(StorageFailed):
        ask()


# what was asked for, and is not over


RECIPE = Recipe(epochs=2, seed=5)


def begin(checkpoints: Path, corpus: Corpus | None = None, recipe: Recipe = RECIPE, parent: str | None = None) -> str:
    """A training that was killed."""
    with pytest.raises(KeyboardInterrupt), requested(checkpoints, corpus or corpus_of(), recipe, parent):
        raise KeyboardInterrupt
    return run_id((corpus or corpus_of()).id, recipe, parent)


def test_a_killed_training_is_found_with_all_that_was_asked(tmp_path: Path) -> None:
    begin(tmp_path, parent="run-0")
    assert unfinished(tmp_path, None) == ("corpus-1", RECIPE, "run-0") == unfinished(tmp_path, "corpus-1")


def test_the_newest_comes_first_and_a_corpus_may_be_named(tmp_path: Path) -> None:
    other = corpus_of().model_copy(update={"id": "corpus-2"})
    for age, (corpus, recipe) in enumerate([(other, Recipe(seed=1)), (corpus_of(), Recipe(seed=2)), (corpus_of(), Recipe(seed=3))]):
        file = tmp_path / begin(tmp_path, corpus, recipe) / "request.json"
        os.utime(file, (1000 - age, 1000 - age))
    assert unfinished(tmp_path, None)[0] == "corpus-2"
    assert unfinished(tmp_path, "corpus-1")[1].seed == 2


def test_a_training_that_ended_or_was_refused_leaves_nothing(tmp_path: Path) -> None:
    with requested(tmp_path, corpus_of(), RECIPE, None):
        pass
    with pytest.raises(NotEnoughData), requested(tmp_path, corpus_of(), RECIPE, None):
        raise NotEnoughData("too little")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(BadInput, match="no unfinished training to resume"):
        unfinished(tmp_path, None)
    with pytest.raises(BadInput, match="no unfinished training of 'corpus-1' to resume"):
        unfinished(tmp_path, "corpus-1")


@pytest.mark.parametrize("error", [StorageFailed("full"), GateClosed("no"), Altered("changed"), ValueError("a fault")])
def test_a_training_that_failed_otherwise_may_go_on(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(type(error)), requested(tmp_path, corpus_of(), RECIPE, None):
        raise error
    assert unfinished(tmp_path, None)[1] == RECIPE


def test_a_training_refused_after_a_checkpoint_keeps_it(tmp_path: Path) -> None:
    name = begin(tmp_path)
    (tmp_path / name / "state.json").write_text("{}")
    assert cut_short(tmp_path, name)
    with pytest.raises(BadInput), requested(tmp_path, corpus_of(), RECIPE, None):
        raise BadInput("the checkpoint does not fit")
    assert cut_short(tmp_path, name)
    forget(tmp_path, name)
    assert not cut_short(tmp_path, name) and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"corpus": "c", "recipe": {"odd": 1}, "parent": null}', None])
def test_a_request_that_is_not_what_was_written_is_refused_by_name(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / begin(tmp_path) / "request.json"
    changed = {**json.loads(file.read_text()), "corpus": "corpus-2"}
    file.write_text(json.dumps(changed) if content is None else content)
    with pytest.raises(Altered, match=f"{file.parent.name}/request.json") as refused:
        unfinished(tmp_path, None)
    assert str(file.parent) in refused.value.hint and refused.value.exit_code == 2


def test_what_a_kill_left_of_a_model_in_the_making_is_removed(tmp_path: Path) -> None:
    (tmp_path / "model-old").mkdir()
    with stage.model_folder(tmp_path) as folder:
        assert list(tmp_path.iterdir()) == [folder]
    assert list(tmp_path.iterdir()) == []
