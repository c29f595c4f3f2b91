"""Every task trained by every method that claims to fit it, saved, and reloaded in a fresh process; the others say why not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beside.core import registry
from beside.core.errors import BadOption
from beside.core.interfaces import Silent
from beside.core.pairs import joined
from beside.core.recipe import Recipe
from beside.core.types import Example
from beside.engine import truth
from beside.engine.checkpoint import Checkpoint
from beside.engine.keeping import Keeping
from beside.engine.runtime import fresh_logits, load_subject
from beside.engine.training import train_model

# cloze needs a base with a mask head: tests/methods/test_cloze.py has one
METHODS = [name for name in registry.names("methods") if name != "cloze"]
WRITES = [name for name in METHODS if getattr(registry.load("methods", name), "writes", False)]
REFUSED = {  # what does not fit, and a word of the reason
    **{("generate", method): "does not fit the task 'generate'" for method in METHODS if method not in WRITES},
    **{(task, "contrastive"): "one label per row" for task in ("grade", "multilabel", "rank", "tag")},
    ("rank", "probe"): "has no head",
    **{("tag", method): "each token" for method in ("lpft", "probe")},
}
WAYS: list[tuple[str, dict[str, Any]]] = [(task, {}) for task in registry.names("tasks")]
WAYS.append(("rank", {"ranker": "cross-encoder"}))  # this one has a head, so a probe fits


def rows_of(task: Any) -> tuple[list[Example], tuple[str, ...]]:
    """The worked example of a task as intake hands it on, and its labels."""
    rows, book = [row for row in task.example if row.keys() >= {"text", "label"}], task.book()
    numbers = [book.read(row["label"], row["text"], row["text"]) for row in rows]
    targets = [book.names()[number] for number in numbers]
    texts = [joined(row["text"], row.get("pair")) for row in rows]
    examples = [Example(id=str(at), text=text, target=target) for at, (text, target) in enumerate(zip(texts, targets, strict=True))]
    return examples, task.labels(targets)


def trained(folder: Path, task: str, method: str, base: str, **knobs: Any) -> None:
    """One pass over the worked example, the model saved in the folder; the truth test comes later, for all at once."""
    examples, labels = rows_of(registry.load("tasks", task))
    base = "scratch" if registry.load("tasks", task).writes else base  # an encoder writes nothing
    recipe = Recipe(base=base, method=method, epochs=1, threads=1, **knobs)
    keeping = Keeping(checkpoint=Checkpoint(folder.with_suffix(".checkpoint")), progress=Silent())
    train_model(folder, examples, examples, labels, task, recipe, keeping)


@pytest.fixture
def unproven(monkeypatch: pytest.MonkeyPatch) -> None:
    """A training does not start a process of its own for each truth test."""
    monkeypatch.setattr(truth, "fresh_logits", lambda folders, texts: [load_subject(folder).logits(texts) for folder in folders])


@pytest.mark.slow
@pytest.mark.parametrize(("task", "knobs"), WAYS, ids=[" ".join([task, *map(str, knobs.values())]) for task, knobs in WAYS])
def test_what_was_trained_answers_the_same_in_a_fresh_process(
    task: str, knobs: dict[str, Any], tmp_path: Path, tiny_base: Path, unproven: None
) -> None:
    texts = [example.text for example in rows_of(registry.load("tasks", task))[0]][:6]
    fitting = [method for method in METHODS if (task, method) not in REFUSED or (knobs and method == "probe")]
    folders = [tmp_path / method for method in fitting]
    for method, folder in zip(fitting, folders, strict=True):
        trained(folder, task, method, str(tiny_base), **knobs)
    for folder, fresh in zip(folders, fresh_logits(folders, texts), strict=True):
        subject = load_subject(folder)
        assert np.abs(fresh - subject.logits(texts)).max() < 1e-5, folder.name
        assert len(subject.answers(texts)) == len(texts) and np.isfinite(fresh).all()


def test_there_are_methods_for_models_that_write() -> None:
    assert set(WRITES) >= {"full", "lora"}


@pytest.mark.parametrize(("pair", "why"), REFUSED.items(), ids=[f"{task}-{method}" for task, method in REFUSED])
def test_what_does_not_fit_is_refused_with_the_reason_and_a_way_on(
    pair: tuple[str, str], why: str, tmp_path: Path, tiny_base: Path
) -> None:
    with pytest.raises(BadOption, match=why) as refused:
        trained(tmp_path / "model", *pair, str(tiny_base))
    assert "method" in refused.value.hint
