"""Sets of labels: how cells are read, how thresholds are found, and scores that everybody knows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, hamming_loss

from beside.core.interfaces import RawRow, Refused
from beside.core.several import columns_in, in_one
from beside.tasks.multilabel import Multilabel, SetBook, best_scale, split_cell, task

LABELS = ("a", "b", "c")
SETS = st.sets(st.sampled_from(LABELS)).map(lambda found: "|".join(sorted(found)))


@given(st.lists(st.tuples(SETS, SETS), min_size=1, max_size=40))
def test_scores_are_those_of_scikit_learn(rows: list[tuple[str, str]]) -> None:
    answers, targets = map(list, zip(*rows, strict=True))
    said, wanted = task.matrix(answers, LABELS), task.matrix(targets, LABELS)
    found = task.score(answers, targets, LABELS)
    occurs = (said | wanted).any(axis=0)
    assert found["micro_f1"] == pytest.approx(f1_score(wanted, said, average="micro", zero_division=0))
    each = f1_score(wanted, said, average=None, zero_division=0)[occurs]
    assert found["macro_f1_labels"] == pytest.approx(each.mean() if occurs.any() else 0)
    assert found["subset_accuracy"] == pytest.approx(np.mean((said == wanted).all(axis=1)))
    assert found["hamming"] == pytest.approx(hamming_loss(wanted, said))


@pytest.mark.parametrize(
    "cell, labels",
    [("a|b", ["a", "b"]), ("a; b ;", ["a", "b"]), ('["b", "a, c"]', ["b", "a, c"]), ("", []), ("[]", []), ("a；b", ["a", "b"])],
)
def test_cells_hold_sets_in_several_forms(cell: str, labels: list[str]) -> None:
    assert split_cell(cell) == labels


@pytest.mark.parametrize("cell", ["[1", '{"a": 1}x'[:0] + "[[1]]", '["a|b"]'])
def test_a_cell_that_is_none_is_refused(cell: str) -> None:
    with pytest.raises(ValueError, match="holds"):
        split_cell(cell)


def test_spellings_of_each_label_become_one_and_the_empty_set_is_counted() -> None:
    book = SetBook()
    numbers = [book.read(cell, "", "") for cell in ("Food|room", "room;food", "food", "", "FOOD", "food")]
    assert numbers == [0, 0, 1, 2, 1, 1]
    assert book.names() == ["food|room", "food", ""]
    assert book.variety() == 2 and "1 of 6 rows carry no label" in book.notes()[1]


def test_labels_in_columns_of_their_own_become_one_column() -> None:
    rows = [
        RawRow(line=n, cells={"text": "x", "a": a, "b": b}) for n, (a, b) in enumerate([("1", "0"), ("yes", "1.0"), ("?", "1")])
    ]
    assert columns_in("a,b", ["text", "a", "b"]) == ["a", "b"] and columns_in("a,b", ["text", "a,b"]) == []
    first, second, third = in_one(rows, "a,b", ["a", "b"])
    assert first.cells == {"text": "x", "a,b": '["a"]'} and second.cells["a,b"] == '["a", "b"]'
    assert isinstance(third, Refused) and "neither yes" in third.why


def test_a_threshold_goes_where_its_label_scores_best_on_the_tune_rows() -> None:
    rng = np.random.default_rng(0)
    truth = rng.random((200, 1)) < 0.3
    logits = np.where(truth, -1.2, -3.0) + rng.normal(0, 0.3, (200, 1))  # a label that never gets to one half
    targets = ["a" if yes else "" for yes in truth[:, 0]]
    plain, tuned = task, task.tuned(logits, targets, ("a",))
    assert set(plain.decode(logits, ("a",))) == {""}
    assert task.score(tuned.decode(logits, ("a",)), targets, ("a",))["micro_f1"] > 0.95
    few = task.tuned(logits[:8], ["a"] + [""] * 7, ("a",))
    assert few.thresholds == (0.5,)


def test_the_temperature_makes_probabilities_mean_what_they_say() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 1.5, (3000, 2))
    truth = rng.random(logits.shape) < 1 / (1 + np.exp(-logits))
    assert best_scale(4 * logits, truth) == pytest.approx(4, rel=0.15)


def test_each_label_has_its_own_head_fitted_on_embeddings() -> None:
    rng = np.random.default_rng(2)
    vectors = rng.normal(0, 1, (120, 6)).astype(np.float32)
    targets = ["|".join(label for label, yes in zip("ab", row[:2] > 0, strict=True) if yes) for row in vectors]
    weights, biases = task.fit_head(vectors, targets, ("a", "b", "never"), strength=10.0, balanced=False)
    answers = task.decode(vectors @ weights.T + biases, ("a", "b", "never"))
    assert task.score(answers, targets, ("a", "b", "never"))["micro_f1"] > 0.95
    assert isinstance(task, Multilabel) and biases[2] < -3
