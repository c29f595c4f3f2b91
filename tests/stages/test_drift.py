"""What is compared depends on what a model answers with; a test that means nothing for it is left out, with the reason."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from beside.core.registry import load
from beside.core.types import Example, Prediction
from beside.stages.drift import labels_of, look, vocabulary, word_sets

NOW = datetime(2026, 11, 20, tzinfo=UTC)
WORDS = ["parcel", "refund", "cancel", "money", "late", "order"]


def text(rng):
    return " ".join(rng.choice(WORDS, rng.integers(3, 9)))


def looked(subject, task, asked, tune, **more):
    rng = np.random.default_rng(0)
    facts = {"release_id": "r", "days": 1.0, "budget": 1.0, "now": NOW, "rng": rng}
    return look(subject, load("tasks", task), tune, asked, **facts)


def predictions(rng, n=40, **more):
    facts = {"release_id": "r", "label": "refund", "probability": 0.9, "probabilities": {}, "made_at": NOW, **more}
    return [Prediction(id=f"p{at}", text=text(rng), **facts) for at in range(n)]


def rows(rng, n=40, pair=None):
    joined = "" if pair is None else f"\x1f{pair}"
    return [Example(id=f"t{at}", text=text(rng) + joined, target="refund") for at in range(n)]


def test_a_model_that_writes_is_not_asked_again_and_only_its_texts_are_compared(toy_subject):
    rng = np.random.default_rng(1)
    subject = toy_subject(lambda text: pytest.fail("it was asked"))
    subject.decoded = None
    found = looked(subject, "generate", predictions(rng), rows(rng))
    assert [one.aspect for one in found.shifts] == ["embeddings", "vocabulary", "language", "length"]
    assert set(found.skipped) == {"predictions", "confidence"} and found.accuracy == () and found.tune_accuracy is None


def test_queries_without_candidates_are_compared_with_the_queries_of_the_tune_rows(toy_subject):
    rng = np.random.default_rng(2)
    subject = toy_subject(lambda text: (1.0, 0.0))
    found = looked(subject, "rank", predictions(rng), rows(rng, pair="a long candidate that nobody asks about " * 5))
    assert found.alarms == ()


def test_labels_are_those_of_the_answers_form():
    [one] = predictions(np.random.default_rng(0), 1, probabilities={"refund": 0.9, "lost": 0.1})
    assert labels_of(one) == ("refund",)
    assert labels_of(one.model_copy(update={"answer": ["lost", "refund"]})) == ("lost", "refund")
    assert labels_of(one.model_copy(update={"label": "a whole sentence"})) == ()


def test_words_are_counted_once_for_each_text_in_both_languages():
    held = word_sets(["Parcel parcel late", "退款什么时候到", "parcel"])
    assert held[0] == {"parcel", "late"}
    found = vocabulary(held)
    assert found.shape[0] == 3 and found[0].sum() == 2 and found[2].sum() == 1 and found[1].sum() >= 3
