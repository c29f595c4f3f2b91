"""Every defence with every task and method that it claims to fit: trained, saved, reloaded; the others say why not."""

from __future__ import annotations

from pathlib import Path
from re import search
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
from beside.engine.runtime import load_subject
from beside.engine.training import train_model

DEFENCES = registry.names("defences")
METHODS = ["full", "lpft", "lora", "adalora", "adapter", "prefix"]
PAIRS = [(defence, task, "full") for defence in DEFENCES for task in registry.names("tasks")]
PAIRS += [(defence, "classify", method) for defence in DEFENCES for method in METHODS[1:]]
NEW = {"lora", "adalora", "adapter", "prefix"}  # methods with parts that an earlier run does not have


@pytest.fixture(autouse=True)
def unproven(monkeypatch: pytest.MonkeyPatch) -> None:
    """A training does not start a process of its own for each truth test."""
    monkeypatch.setattr(truth, "fresh_logits", lambda folders, texts: [load_subject(folder).logits(texts) for folder in folders])


def rows_of(task: Any) -> tuple[list[Example], tuple[str, ...]]:
    """The worked example of a task as intake hands it on, and its labels."""
    rows, book = [row for row in task.example if row.keys() >= {"text", "label"}], task.book()
    targets = [book.names()[number] for number in [book.read(row["label"], row["text"], row["text"]) for row in rows]]
    texts = [joined(row["text"], row.get("pair")) for row in rows]
    examples = [Example(id=str(at), text=text, target=target) for at, (text, target) in enumerate(zip(texts, targets, strict=True))]
    return examples, task.labels(targets)


def keeping_in(folder: Path) -> Keeping:
    return Keeping(checkpoint=Checkpoint(folder), progress=Silent())


@pytest.mark.parametrize("name", DEFENCES)
def test_it_says_in_one_line_and_in_both_languages_what_it_does(name: str) -> None:
    defence = registry.load("defences", name)
    assert 10 < len(registry.summary("defences", name)) < 140
    assert search("[一-鿿]", defence.zh) and defence.touches in ("loss", "weights", "rows")


@pytest.mark.parametrize(("defence", "task", "method"), PAIRS)
def test_it_trains_what_it_claims_to_fit_and_says_why_it_does_not_fit_the_rest(
    defence: str, task: str, method: str, tmp_path: Path, tiny_base: Path
) -> None:
    loaded = registry.load("tasks", task)
    examples, labels = rows_of(loaded)
    base = "scratch" if loaded.writes else str(tiny_base)  # an encoder writes nothing
    given = {"base": base, "method": method, "epochs": 1, "threads": 1, "ranker": "cross-encoder", "dropout": 0.1}
    loaded_defence, old = registry.load("defences", defence), []
    if loaded_defence.of_old and not loaded.writes:
        before = Recipe(**{**given, "method": "full"})
        train_model(tmp_path / "before", examples, examples, labels, task, before, keeping_in(tmp_path / "first"))
        given, old = {**given, "base": str(tmp_path / "before")}, examples
    if defence in ("adversarial_examples", "near_words"):
        given["attack_edits"] = "typos"  # a handful of rows has no near words
    recipe = Recipe(defence=defence, **given, **({"max_new_tokens": 8} if loaded.writes else {}))
    keeping = keeping_in(tmp_path / "second")
    claims = loaded_defence.why_not(loaded.configured(recipe), recipe) is None and not loaded.writes
    if not claims:
        assert task != "classify" or method in NEW, "every defence fits one label per text"
        with pytest.raises(BadOption, match=f"[Dd]efen.* {defence}") as refused:
            train_model(tmp_path / "model", examples, examples, labels, task, recipe, keeping, old=old)
        assert refused.value.hint
        return
    train_model(tmp_path / "model", examples, examples, labels, task, recipe, keeping, old=old)
    subject, texts = load_subject(tmp_path / "model"), [example.text for example in examples][:4]
    assert np.isfinite(subject.logits(texts)).all() and len(subject.answers(texts)) == len(texts)
