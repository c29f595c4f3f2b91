"""A label more without training: found where it should be, and what was known before stays known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beside.core.errors import BadInput
from beside.core.interfaces import Silent
from beside.core.types import Example
from beside.engine import newlabel, truth
from beside.engine.newlabel import ROWS_PER_LABEL, new_row, sample, widen
from beside.engine.runtime import load_subject

HELLO = ["good morning to you", "good evening to you all", "good morning all", "hello and good evening", "good morning and hello"]

KNOWN = {
    "cancel": ["please cancel my order", "i want to cancel it", "cancel the subscription now", "stop and cancel everything"],
    "deliver": ["where is my parcel", "the parcel did not arrive", "when will my parcel come", "my parcel is late"],
    "refund": ["i want my money back", "give me a refund of the money", "refund the money please", "money back for this"],
}


def clusters(labels: int, rows: int, seed: int, spread: float = 0.25) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of unit length around well-separated middles, the same whatever the seed."""
    middles = np.eye(labels, 16)
    rng, targets = np.random.default_rng(seed), np.arange(rows) % labels
    vectors = middles[targets] + rng.normal(0, spread / 2, (rows, 16))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), targets


@settings(max_examples=15, deadline=None)
@given(st.integers(2, 12), st.sampled_from([2.0, 20.0, 60.0]), st.integers(0, 20))
def test_the_new_label_is_found_and_the_others_stay_found(texts: int, steepness: float, seed: int) -> None:
    vectors, targets = clusters(4, 400, seed)
    head = steepness * np.eye(3, 16)
    known, own = vectors[targets < 3][:150], vectors[targets == 3][:texts]
    weight, bias = new_row(own, known, own @ head.T, known @ head.T, steepness)
    wide = np.vstack([head, weight])
    fresh, right = clusters(4, 400, seed + 100)
    said = (fresh @ wide.T + np.array([0, 0, 0, bias])).argmax(axis=1)
    assert (said[right == 3] == 3).mean() > 0.85
    assert (said[right < 3] == right[right < 3]).mean() > 0.95


def rows_of(pairs: list[tuple[str, str]]) -> list[Example]:
    return [Example(id=str(place), text=text, target=label) for place, (text, label) in enumerate(pairs)]


@pytest.fixture
def widened(tmp_path: Path, toy_model: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The toy model before and after it learned the label `hello`, and the folder of the new one."""
    monkeypatch.setattr(truth, "fresh_logits", lambda folders, texts: [load_subject(one).logits(texts) for one in folders])
    known = rows_of([(text, label) for label, texts in KNOWN.items() for text in texts])
    made = widen(toy_model, tmp_path / "wide", "hello", HELLO, known, 1, Silent())
    return load_subject(toy_model), made, tmp_path / "wide", known


def test_a_trained_model_gets_one_more_row_and_no_other_score_changes(widened: Any) -> None:
    before, after, folder, known = widened
    loaded = load_subject(folder)
    assert loaded.labels == after.labels == ("cancel", "deliver", "hello", "refund")
    texts = [*HELLO, *(example.text for example in known)]
    others = [loaded.labels.index(label) for label in before.labels]
    np.testing.assert_allclose(loaded.logits(texts)[:, others], before.logits(texts), atol=1e-5)
    assert loaded.temperature == before.temperature


def test_it_knows_the_new_label_and_has_not_forgotten_the_old(widened: Any) -> None:
    _, after, _, known = widened
    assert np.mean([said == "hello" for said in after.predict(HELLO)]) >= 0.8
    right = [said == example.target for said, example in zip(after.predict([row.text for row in known]), known, strict=True)]
    assert np.mean(right) >= 0.8


def test_a_frequent_label_does_not_speak_for_all() -> None:
    rows = rows_of([(f"text {place}", "often" if place % 10 else "rare") for place in range(1000)])
    counts = [sum(row.target == label for row in sample(rows)) for label in ("often", "rare")]
    assert counts == [ROWS_PER_LABEL, ROWS_PER_LABEL]


def test_a_task_that_does_not_choose_one_label_is_refused(toy_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = load_subject(toy_model)
    subject.task = object()
    monkeypatch.setattr(newlabel, "load_subject", lambda folder, threads: subject)
    with pytest.raises(BadInput, match="does not choose one label"):
        widen(toy_model, tmp_path / "wide", "hello", HELLO, [], 1, Silent())
