"""The typo check against subjects whose reaction to spelling is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from beside.checks.robustness.typos import TypoFlips, check
from beside.core.errors import NotEnoughData

ROWS = [(f"please return the payment of {n} euros", "refund") for n in range(40)]


def measured(subject: Any, splits: Any, check: Any = check) -> dict[str, Any]:
    return {one.metric: one for one in check.measure(subject, splits, np.random.default_rng(0))}


def test_a_subject_that_ignores_spelling_never_flips(toy_subject: Any, make_splits: Any) -> None:
    found = measured(toy_subject(lambda text: [1.0, 0.0]), make_splits(ROWS))
    assert found["flip_rate"].value == 0
    assert found["flip_rate"].high == pytest.approx(0.0876, abs=1e-3)  # Wilson for 0 of 40
    assert found["accuracy_under_typos"].value == 1
    assert found["flip_rate"].evidence["rows"] == []


def test_a_subject_that_knows_only_the_exact_text_always_flips(toy_subject: Any, make_splits: Any) -> None:
    known = {text for text, _ in ROWS}
    found = measured(toy_subject(lambda text: [1.0, 0.0] if text in known else [0.0, 1.0]), make_splits(ROWS))
    assert found["flip_rate"].value == 1
    assert found["accuracy_under_typos"].value == 0
    first = found["flip_rate"].evidence["rows"][0]
    assert (first["before"], first["after"], first["target"]) == ("refund", "lost", "refund")
    assert first["edited"] != first["text"]


def test_a_subject_that_reads_digits_only_never_flips(toy_subject: Any, make_splits: Any) -> None:
    found = measured(toy_subject(lambda text: [sum(map(int, filter(str.isdigit, text))) % 2, 0.5]), make_splits(ROWS))
    assert found["flip_rate"].value == 0


def test_rows_that_cannot_be_mistyped_are_left_out_and_counted(toy_subject: Any, make_splits: Any) -> None:
    found = measured(toy_subject(lambda text: [1.0, 0.0]), make_splits([*ROWS, ("12345", "refund"), ("?", "lost")]))
    assert found["flip_rate"].n == 40
    assert found["flip_rate"].evidence["unchanged"] == 2


def test_rows_of_digits_alone_are_not_enough(toy_subject: Any, make_splits: Any) -> None:
    with pytest.raises(NotEnoughData, match="2 test rows"):
        measured(toy_subject(lambda text: [1.0, 0.0]), make_splits([("1", "refund"), ("2", "lost")]))


def test_chinese_rows_flip_too(toy_subject: Any, make_splits: Any) -> None:
    rows = [(f"我的银行卡在{n}号线丢了", "lost") for n in range(40)]
    known = {text for text, _ in rows}
    found = measured(toy_subject(lambda text: [0.0, 1.0] if text in known else [1.0, 0.0]), make_splits(rows))
    assert found["flip_rate"].value == 1
    assert found["flip_rate"].n == 40


def test_only_so_many_flips_are_shown(toy_subject: Any, make_splits: Any) -> None:
    known = {text for text, _ in ROWS}
    subject = toy_subject(lambda text: [1.0, 0.0] if text in known else [0.0, 1.0])
    evidence = measured(subject, make_splits(ROWS), TypoFlips(shown=3))["flip_rate"].evidence
    assert (len(evidence["rows"]), evidence["of"]) == (3, 40)
