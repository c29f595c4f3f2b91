"""Guessing what protection took out: a model that learned the values helps, one that never saw them does not."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zlib import crc32

import numpy as np
import pytest

from beside.checks.privacy.reconstruction import INSTEAD, Reconstruction, told
from beside.core.errors import NotEnoughData
from beside.core.interfaces import Silent
from beside.core.pairs import apart
from beside.core.recipe import Recipe
from beside.core.types import Example, Splits
from beside.engine.checkpoint import Checkpoint
from beside.engine.keeping import Keeping
from beside.engine.runtime import load_subject
from beside.engine.training import train_model

NAMES = [first + last for first in ("Ann", "Bob", "Cleo", "Dirk", "Emma", "Finn", "Gina", "Hugo") for last in "abcdefgh"]
PHONES = [f"+44 20 7946 {number:04d}" for number in range(40)]
LABELS = ("refund", "lost")


def rows(*texts: tuple[str, str]) -> list[Example]:
    return [Example(id=str(place), text=text, target=target) for place, (text, target) in enumerate(texts)]


def split(texts: list[Example]) -> Splits:
    return Splits(train=texts, tune=[], test=texts[:1])


BEFORE = split(rows(*((f"{name} wants row {place} back", LABELS[place % 2]) for place, name in enumerate(NAMES))))
AFTER = split(rows(*((f"<PERSON> wants row {place} back", LABELS[place % 2]) for place, _ in enumerate(NAMES))))


def noise(text: str) -> np.ndarray:
    return np.random.default_rng(crc32(text.encode())).normal(size=2)


def knowing(toy_subject: Any, strength: float) -> Any:
    """A model that is so much surer of a row as it was before it was protected."""
    learned = {row.text: row.target for row in BEFORE.train}

    def scores(text: str) -> list[float]:
        found = noise(text)
        if text in learned:
            found[LABELS.index(str(learned[text]))] += strength
        return list(found)

    return toy_subject(scores)


def measured(subject: Any, after: Splits = AFTER, before: Splits = BEFORE, **options: Any) -> dict[str, Any]:
    check = Reconstruction(originals=before, **options)
    assert check.why_not(subject, after) is None
    return {one.metric: one for one in check.measure(subject, after, np.random.default_rng(0))}


def test_a_model_that_learned_the_rows_before_gives_the_values_back(toy_subject: Any) -> None:
    found = measured(knowing(toy_subject, 20.0))
    assert found["reconstruction_auc"].low > 0.94 and found["reconstruction_auc"].n == len(NAMES)
    assert found["reconstruction_first"].low > 0.9


def test_a_model_that_never_saw_them_gives_nothing(toy_subject: Any) -> None:
    found = measured(knowing(toy_subject, 0.0))
    assert found["reconstruction_auc"].low < 0.5 < found["reconstruction_auc"].high
    first = found["reconstruction_first"]
    assert first.low <= 1 / 16 <= first.high
    assert [row["name"] for row in first.evidence["rows"]] == ["with the model", "by chance"]
    assert first.evidence["rows"][1]["value"] == pytest.approx(1 / 16)


def test_no_value_and_no_text_is_in_the_evidence(toy_subject: Any) -> None:
    for one in measured(knowing(toy_subject, 1.0)).values():
        assert not any(name in str(one.evidence) for name in NAMES)


def test_a_written_answer_is_asked_for_its_likelihood() -> None:
    """The value stands in the answer, and the model knows it by heart."""
    pairs = [(f"who asked number {place}", name) for place, name in enumerate(NAMES)]
    before = split(rows(*((text, f"it was {name}") for text, name in pairs)))
    after = split(rows(*((text, "it was <PERSON>") for text, _ in pairs)))
    known = dict(pairs)

    def logits(asked: list[str]) -> np.ndarray:
        out = np.zeros((len(asked), 4, 2), dtype=np.float32)
        for row, (text, said) in zip(out, map(apart, asked), strict=True):
            row[0, 0] = -1.0 if known[text] in str(said) else -9.0
        return out

    subject: Any = SimpleNamespace(labels=(), task=SimpleNamespace(single=False, writes=True), logits=logits)
    assert measured(subject, after, before)["reconstruction_auc"].low > 0.94


def test_what_stood_in_each_place_is_found_in_the_row_before() -> None:
    asked = "<PERSON> called <PHONE:0a1b> and ****, says <PERSON>."
    marks = list(INSTEAD.finditer(asked))
    assert told(asked, marks, "Ann called +44 and a@b.c, says Bob.") == ("Ann", "+44", "a@b.c", "Bob")
    assert told(asked, marks, "another row") == ()


def test_a_value_that_stands_twice_is_guessed_once_in_both_places(toy_subject: Any) -> None:
    before = split(rows(("Ann told Ann", "lost"), ("Bob told Ann", "lost"), ("Cleo told Bob", "lost")))
    after = split(rows(*[("<PERSON> told <PERSON>", "lost")] * 3))
    asked: list[str] = []

    def scores(text: str) -> list[float]:
        asked.append(text)
        return [0.0, 0.0]

    found = measured(toy_subject(scores), after, before)
    assert "Bob told Bob" in asked and "Ann told Ann" in asked
    assert found["reconstruction_auc"].value == 0.5 and found["reconstruction_auc"].n == 3


def test_it_says_why_it_does_not_apply(toy_subject: Any) -> None:
    subject = toy_subject(lambda text: [0.0, 1.0])
    assert "Nothing was replaced" in str(Reconstruction().why_not(subject, AFTER))
    assert "No training row holds a mark" in str(Reconstruction(originals=BEFORE).why_not(subject, BEFORE))
    shuffled = split(rows(*[("quite another text", "lost")] * 3))
    assert "No training row holds a mark" in str(Reconstruction(originals=shuffled).why_not(subject, AFTER))
    subject.task = SimpleNamespace(single=False, writes=False)
    assert "neither" in str(Reconstruction(originals=BEFORE).why_not(subject, AFTER))
    with pytest.raises(ValueError, match="at least one value"):
        Reconstruction(values=0)
    same = split(rows(*[("Ann calls", "lost")] * 3))
    with pytest.raises(NotEnoughData, match="two different"):
        measured(toy_subject(lambda text: [0.0, 1.0]), split(rows(*[("<PERSON> calls", "lost")] * 3)), same)


def test_learned_before_it_was_protected_a_model_tells_and_with_epsilon_less(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_base: Path
) -> None:
    monkeypatch.setattr("beside.engine.truth.fresh_logits", lambda folders, texts: [load_subject(f).logits(texts) for f in folders])
    # labels by chance: whoever learns them learned the rows
    luck = np.random.default_rng(0)
    told_of, did = "parcel courier address driver van money refund card", "cancel stop end contract quit plan renewal leave"
    values = [f"{what} {how}" for what in told_of.split() for how in did.split()]
    said = [(value, LABELS[luck.integers(2)]) for value in values]
    asked = "can you please help me with this {} today or tell someone about it and why still again"
    before = split(rows(*((asked.format(value), target) for value, target in said)))
    after = split(rows(*((asked.format("<PERSON>"), target) for _, target in said)))
    given = {"base": str(tiny_base), "method": "full", "dropout": 0.0, "frozen_layers": 0, "pooling": "mean", "precision": "fp32"}
    rates = {"learning_rate": 3e-3, "head_learning_rate": 1e-2, "batch_size": 16, "threads": 1}

    def exposed(name: str, learned: Splits, **settings: Any) -> Any:
        keeping = Keeping(checkpoint=Checkpoint(tmp_path / f"{name}.state"), progress=Silent())
        train_model(tmp_path / name, learned.train, [], LABELS, "classify", Recipe(**{**given, **rates, **settings}), keeping)
        return measured(load_subject(tmp_path / name), after, before)["reconstruction_auc"]

    told_before = exposed("before", before, epochs=30)
    with_epsilon = exposed("private", before, epochs=5, epsilon=1.0)
    told_after = exposed("after", after, epochs=5)
    assert told_before.low > 0.6
    assert abs(told_after.value - 0.5) < 0.12  # three standard errors: its labels were drawn by chance
    assert max(told_after.value, with_epsilon.value) < told_before.low
