"""Labels in levels: what is nearly right counts more, and no level contradicts another."""

from __future__ import annotations

import numpy as np
import pytest

from beside.tasks.hierarchy import PathBook, nodes, sums, task

LABELS = ("account/card/lost", "account/card/order", "account/close", "loan")


def test_hierarchical_f1_counts_every_level() -> None:
    # of 3 + 3 + 2 levels wanted and 3 + 2 + 1 said, 2 + 1 + 0 are right (Kiritchenko et al. 2006)
    targets = ["account/card/lost", "account/card/order", "account/close"]
    answers = ["account/card/order", "account/close", "loan"]
    found = task.score(answers, targets, LABELS)
    assert found["hierarchical_f1"] == pytest.approx(2 * 3 / (6 + 8))
    assert found["accuracy"] == 0 and found["top_accuracy"] == pytest.approx(2 / 3)


def test_what_an_inner_node_gets_is_the_sum_of_what_lies_below_it() -> None:
    logits = np.random.default_rng(0).normal(0, 2, (20, 4))
    for said in task.answers(logits, 1.3, LABELS):
        shares = said.answer["nodes"]
        assert shares["account"] == pytest.approx(shares["account/card"] + shares["account/close"], abs=3e-6)
        assert shares["account"] + shares["loan"] == pytest.approx(1, abs=3e-6)
        levels = [one["probability"] for one in said.answer["path"]]
        assert levels == sorted(levels, reverse=True) and said.answer["path"][-1]["label"] == said.label


def test_a_label_may_stop_where_others_go_on() -> None:
    assert sums({"a": 0.25, "a/b": 0.5, "c": 0.25}) == {"a": 0.75, "a/b": 0.5, "c": 0.25}
    assert nodes("a/b/c") == ["a", "a/b", "a/b/c"]


def test_spaces_around_strokes_do_not_make_another_label() -> None:
    book = PathBook()
    assert [book.read(cell, "", "") for cell in ("a / b", "a/b", "A/B", "a")] == [0, 0, 0, 1]
    assert book.names() == ["a/b", "a"]
    with pytest.raises(ValueError, match="empty level"):
        book.read("a//b", "", "")
