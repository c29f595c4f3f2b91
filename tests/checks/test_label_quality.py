"""Labels that are probably wrong: those flipped on purpose are found, and clean ones are left alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from beside.checks.data._confident import doubted
from beside.checks.data.label_quality import LabelQuality
from beside.core.types import Splits

Messages = Callable[..., list[tuple[str, str]]]


def flipped(rows: list[tuple[str, str]], every: int) -> tuple[list[tuple[str, str]], set[str]]:
    """The rows with every n-th label replaced by the next one, and the texts of those."""
    labels = sorted({label for _, label in rows})
    wrong = set(range(0, len(rows), every))
    next_of = {label: labels[(place + 1) % len(labels)] for place, label in enumerate(labels)}
    return [(text, next_of[label] if at in wrong else label) for at, (text, label) in enumerate(rows)], {
        rows[at][0] for at in wrong
    }


@pytest.mark.parametrize("with_base", [True, False])
def test_labels_flipped_on_purpose_are_found(messages: Messages, toy_subject: Any, make_splits: Any, with_base: bool) -> None:
    rows, wrong = flipped(messages(600), 20)

    class Base(toy_subject):  # type: ignore[misc]
        def embed(self, texts: Any) -> np.ndarray:
            words = sorted({word for text, _ in rows for word in text.split()})
            return np.array([[word in text.split() for word in words] for text in texts], dtype=np.float32)

    base = Base(lambda text: [0.0, 0.0]) if with_base else None
    check, splits = LabelQuality(base=base, shown=600), make_splits(rows)
    assert check.why_not(base, splits) is None
    (found,) = check.measure(base, splits, np.random.default_rng(0))
    suspects = {row["text"] for row in found.evidence["rows"]}
    assert len(suspects & wrong) >= 0.8 * len(wrong)
    assert len(suspects & wrong) >= 0.5 * len(suspects)
    assert found.low < 0.05 < found.high + 0.02
    assert all(row["after"] != row["target"] for row in found.evidence["rows"])


def test_clean_labels_are_hardly_doubted(messages: Messages, make_splits: Any) -> None:
    splits = make_splits(messages(600))
    (found,) = LabelQuality().measure(None, splits, np.random.default_rng(0))  # type: ignore[arg-type]
    assert found.value < 0.01


def test_the_least_believed_label_comes_first() -> None:
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.05, 0.95], [0.1, 0.9]])
    assert doubted(probabilities, np.array([0, 0, 0, 1]), 0.9).tolist() == [2, 1]
    assert doubted(probabilities, np.array([0, 1, 1, 1]), 0.9).tolist() == []


def test_one_label_cannot_be_doubted(make_splits: Any) -> None:
    splits = make_splits([("a", "yes")] * 9 + [("b", "no")])
    assert "Fewer than 2 labels" in str(LabelQuality().why_not(None, splits))  # type: ignore[arg-type]
    assert "no test rows" in str(LabelQuality().why_not(None, Splits([], [], [])))  # type: ignore[arg-type]
