"""Checks of fairness against models whose bias is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from beside.checks.fairness import groups, identity_swap
from beside.core.errors import NotEnoughData


def measured(check: Any, subject: Any, splits: Any) -> dict[str, Any]:
    return {one.metric: one for one in check.measure(subject, splits, np.random.default_rng(0))}


def grouped(make_splits: Any, sizes: dict[str, int], column: str = "region") -> Any:
    """Rows of a label "refund", so many of each group, whose text names the group and a number."""
    rows = [(f"{value} {n}", "refund") for value, size in sizes.items() for n in range(size)]
    splits = make_splits(rows)
    return splits._replace(test=[row.model_copy(update={"groups": {column: row.text.split()[0]}}) for row in splits.test])


def wrong_for(group: str, one_in: int) -> Any:
    """Logits that are wrong for one in so many rows of a group, and for one in twenty of any other."""

    def scores(text: str) -> list[float]:
        value, n = text.split()
        return [0.0, 1.0] if int(n) % (one_in if value == group else 20) == 0 else [1.0, 0.0]

    return scores


def test_a_model_that_errs_more_for_one_group_is_caught(toy_subject: Any, make_splits: Any) -> None:
    splits = grouped(make_splits, {"north": 200, "south": 200, "west": 200})
    gap = measured(groups.check, toy_subject(wrong_for("south", 2)), splits)["largest_group_gap"]
    assert gap.value == pytest.approx(0.45)
    assert 0.3 < gap.low < gap.value < gap.high < 0.6
    first = gap.evidence["rows"][0]
    assert (first["name"], first["p_holm"] < 0.001) == ("region = south", True)
    assert gap.evidence["rows"][0]["value"] == 0.5


def test_a_model_that_errs_alike_for_all_has_a_gap_of_nothing_but_chance(toy_subject: Any, make_splits: Any) -> None:
    splits = grouped(make_splits, {"north": 200, "south": 200, "west": 200})
    gap = measured(groups.check, toy_subject(wrong_for("south", 20)), splits)["largest_group_gap"]
    assert (gap.value, gap.low) == (0, 0)
    assert gap.high > 0.03
    assert all(row["p_holm"] == 1 for row in gap.evidence["rows"])


def test_many_groups_are_not_accused_by_chance(toy_subject: Any, make_splits: Any) -> None:
    rng = np.random.default_rng(1)
    accused = 0
    for _ in range(20):
        wrong = iter(rng.random(600) < 0.2)
        answers: dict[str, list[float]] = {}
        splits = grouped(make_splits, {f"g{n}": 60 for n in range(10)})
        subject = toy_subject(lambda text: answers.setdefault(text, [0.0, 1.0] if next(wrong) else [1.0, 0.0]))  # noqa: B023
        accused += measured(groups.check, subject, splits)["largest_group_gap"].low > 0
    assert accused <= 3, "5 % of the time at most"


def test_small_groups_are_counted_not_compared(toy_subject: Any, make_splits: Any) -> None:
    splits = grouped(make_splits, {"north": 50, "south": 50, "west": 3})
    gap = measured(groups.check, toy_subject(wrong_for("west", 1)), splits)["largest_group_gap"]
    assert gap.evidence["too_small"] == {"region = west": 3}
    assert len(gap.evidence["rows"]) == 2
    with pytest.raises(NotEnoughData, match="10 test rows"):
        measured(groups.check, toy_subject(lambda text: [1.0, 0.0]), grouped(make_splits, {"north": 5, "south": 5}))


def test_without_groups_it_says_why_not(toy_subject: Any, make_splits: Any) -> None:
    assert "which group" in groups.check.why_not(toy_subject(lambda text: [1.0, 0.0]), make_splits([("a", "lost")] * 40))


ROWS = [(f"My {'sister' if n % 2 else 'brother'} lost card {n}, {'she' if n % 2 else 'he'} is worried", "lost") for n in range(40)]
ZH = [(f"我{'姐姐' if n % 2 else '哥哥'}的第{n}张卡丢了，{'她' if n % 2 else '他'}很着急", "lost") for n in range(40)]


@pytest.mark.parametrize("rows, she", [(ROWS, "she"), (ZH, "她")], ids=["en", "zh"])
def test_a_model_that_reacts_to_she_is_caught(rows: Any, she: str, toy_subject: Any, make_splits: Any) -> None:
    found = measured(identity_swap.check, toy_subject(lambda text: [0.0, 1.0 - 2 * (she in text)]), make_splits(rows))
    assert found["identity_flip_rate"].value == 1
    assert found["identity_flip_rate"].n == 40
    assert found["identity_probability_shift"].value == pytest.approx(0.4621, abs=1e-3)  # sigmoid(1) - sigmoid(-1)
    bar = found["identity_probability_shift"].evidence["rows"][0]
    assert bar["name"] == "gender"
    first = found["identity_flip_rate"].evidence["rows"][0]
    assert first["before"] != first["after"] and first["edited"] != first["text"]


@pytest.mark.parametrize("rows", [ROWS, ZH], ids=["en", "zh"])
def test_a_model_that_ignores_identity_passes(rows: Any, toy_subject: Any, make_splits: Any) -> None:
    found = measured(identity_swap.check, toy_subject(lambda text: [0.0, 1.0]), make_splits(rows))
    assert (found["identity_flip_rate"].value, found["identity_probability_shift"].value) == (0, 0)
    assert found["identity_flip_rate"].high < 0.1 and found["identity_probability_shift"].high > 0


def test_a_shift_is_seen_before_the_answer_flips(toy_subject: Any, make_splits: Any) -> None:
    found = measured(
        identity_swap.check, toy_subject(lambda text: [0.0, 3.0 - ("she" in text) * (1 + ("3" in text))]), make_splits(ROWS)
    )
    assert found["identity_flip_rate"].value == 0
    assert found["identity_probability_shift"].low > 0.05


def test_built_in_cases_help_out_where_few_rows_speak_of_people(toy_subject: Any, make_splits: Any) -> None:
    subject = toy_subject(lambda text: [0.0, 1.0 - 2 * ("she" in text or "her " in text)], labels=("refund_status", "lost_card"))
    splits = make_splits([("My wife lost her card", "lost_card"), ("where is the refund", "refund_status")])
    found = measured(identity_swap.check, subject, splits)
    assert found["identity_flip_rate"].evidence["added"] >= 2
    assert found["identity_flip_rate"].n == 1 + found["identity_flip_rate"].evidence["added"]


def test_texts_without_people_are_not_enough(toy_subject: Any, make_splits: Any) -> None:
    with pytest.raises(NotEnoughData, match="40 test rows"):
        measured(identity_swap.check, toy_subject(lambda text: [0.0, 1.0]), make_splits([("card lost", "lost")] * 40))
