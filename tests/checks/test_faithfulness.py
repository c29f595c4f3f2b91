"""Faithfulness of explanations, on models of which it is known what their answers rest on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beside.checks.explanation.faithfulness import ExplanationFaithfulness, check
from beside.core import registry
from beside.core.errors import NotEnoughData
from beside.core.types import Explanation

FILLER = ["my", "the", "of", "with", "and", "some", "for", "this", "that", "it"]


def rows(n: int) -> list[tuple[str, str]]:
    """Texts of ten words of which one alone, anywhere, decides the answer."""
    rng = np.random.default_rng(3)
    found = []
    for place in range(n):
        words = list(rng.permutation(FILLER))
        words[int(rng.integers(10))] = "refund" if place % 2 else "lost"
        found.append((" ".join([*words, str(place)]), "refund" if place % 2 else "lost"))
    return found


def decided_by_one_word(text: str) -> list[float]:
    return [3.0 * ("refund" in text) - 3.0 * ("lost" in text), 0.0]


def found_on(subject: Any, splits: Any, **options: Any) -> dict[str, Any]:
    measured = ExplanationFaithfulness(**options).measure(subject, splits, np.random.default_rng(0))
    return {one.metric: one for one in measured}


def test_where_one_word_decides_leaving_words_out_finds_it(toy_subject: Any, make_splits: Any) -> None:
    found = found_on(toy_subject(decided_by_one_word), make_splits(rows(90)), rows=80)
    assert found["faithfulness"].low > 0.1
    assert found["faithfulness"].evidence["chosen"] == "occlusion"
    assert (found["faithfulness"].n, found["faithfulness_occlusion"].n) == (40, 40)


def test_where_words_do_not_count_nothing_is_above_chance(toy_subject: Any, make_splits: Any) -> None:
    found = found_on(toy_subject(lambda text: [1.0, 0.0]), make_splits(rows(60)))
    assert found["faithfulness"].value == 0
    assert found["faithfulness"].low < 0 < found["faithfulness"].high
    assert found["faithfulness"].evidence["reliable"] == 0


def test_an_explainer_that_ranks_at_random_is_found_out(
    toy_subject: Any, make_splits: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    occlusion, rng = registry.load("explainers", "occlusion"), np.random.default_rng(8)

    class Guessing:
        asks_per_word = False

        def why_not(self, subject: Any) -> None:
            return None

        def explain(self, subject: Any, text: str) -> Explanation:
            told = occlusion.explain(subject, text)
            words = tuple(word.model_copy(update={"weight": float(rng.random())}) for word in told.words)
            return told.model_copy(update={"words": words})

    monkeypatch.setattr("beside.explainers.occlusion.explainer", Guessing())
    found = found_on(toy_subject(decided_by_one_word), make_splits(rows(150)), rows=150)
    assert found["faithfulness"].low < 0 < found["faithfulness"].high
    assert found["faithfulness"].evidence["reliable"] < 0.25


def test_with_gradients_every_explainer_is_measured_and_the_best_on_one_half_reports_on_the_other(
    toy_model: Path, make_splits: Any, messages: Any
) -> None:
    from beside.engine.runtime import load_subject

    found = found_on(load_subject(toy_model), make_splits(messages(24)), rows=20)
    assert set(found) == set(check.metrics)
    halves = {metric: one.value for metric, one in found.items() if metric != "faithfulness"}
    chosen = found["faithfulness"].evidence["chosen"]
    assert max(halves, key=lambda metric: halves[metric]) == f"faithfulness_{chosen}"
    assert found["faithfulness"].evidence["rows"][0]["name"] == chosen.replace("_", " ")
    assert all(one.n == 10 for one in found.values())


def test_rows_of_one_word_explain_nothing(toy_subject: Any, make_splits: Any) -> None:
    splits = make_splits([("refund", "refund"), ("lost", "lost"), ("my card", "lost")])
    with pytest.raises(NotEnoughData, match="1 of the test rows have two words"):
        list(check.measure(toy_subject(decided_by_one_word), splits, np.random.default_rng(0)))
