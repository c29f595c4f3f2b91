"""What people say of an answer is checked before it may teach, and the last word counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from beside.core.errors import BadInput
from beside.core.types import Actor, Answer, Prediction
from beside.stages.listen import corrections, listen

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LABELS = ("cancel", "deliver", "refund")
ANNA = Actor(name="anna", roles=("user",))


def prediction(number: int = 1) -> Prediction:
    return Prediction(
        id=f"prediction-{number}", release_id="release-1", text=f"text {number}", label="refund", probability=0.8,
        probabilities={"refund": 0.8, "cancel": 0.1, "deliver": 0.1}, made_at=NOW,
    )  # fmt: skip


def said(correct: bool, label: str | None = None, *, about: int = 1, minutes: int = 0, note: str = "") -> Answer:
    return listen(prediction(about), correct, label, note, LABELS, ANNA, now=NOW + timedelta(minutes=minutes))


def test_a_correction_is_kept_in_the_name_of_who_said_it() -> None:
    answer = said(False, " cancel ", note=" it says stop ")
    assert (answer.prediction_id, answer.correct, answer.label, answer.note, answer.who) == (
        "prediction-1", False, "cancel", "it says stop", "anna",
    )  # fmt: skip


def test_correct_tells_the_right_label() -> None:
    assert said(True).label == "refund"
    assert said(True, "refund").label == "refund"


def test_wrong_without_a_label_is_kept_without_one() -> None:
    assert said(False).label is None
    assert said(False, "").label is None


@pytest.mark.parametrize(
    "given, hint",
    [("cancle", "Did you mean 'cancel'"), ("Refund", "Did you mean 'refund'"), ("praise", "A new label needs an import")],
)
def test_an_unknown_label_is_refused_with_those_that_are_known(given: str, hint: str) -> None:
    with pytest.raises(BadInput, match=f"no label '{given}'") as caught:
        said(False, given)
    assert hint in caught.value.hint
    assert "cancel, deliver, refund" in caught.value.hint


@pytest.mark.parametrize("correct, label", [(True, "cancel"), (False, "refund")])
def test_what_contradicts_itself_is_refused(correct: bool, label: str) -> None:
    with pytest.raises(BadInput, match="cannot be"):
        said(correct, label)


def test_a_note_has_an_end() -> None:
    assert len(said(True, note="x" * 2000).note) == 2000
    with pytest.raises(BadInput, match="2001 characters"):
        said(True, note="x" * 2001)


def test_two_answers_at_different_times_are_two_answers() -> None:
    assert said(True).id != said(True, minutes=1).id


def test_a_correction_becomes_an_example_that_names_the_prediction() -> None:
    [example] = corrections([(prediction(), said(False, "cancel"))])
    assert (example.text, example.target, example.origin) == ("text 1", "cancel", "correction:prediction-1")


def test_the_last_answer_about_a_prediction_wins_in_whatever_order_they_come() -> None:
    pairs = [(prediction(), said(False, "cancel", minutes=2)), (prediction(), said(True, minutes=1))]
    for order in (pairs, pairs[::-1]):
        assert [example.target for example in corrections(order)] == ["cancel"]


def test_who_takes_a_correction_back_without_a_label_leaves_no_example() -> None:
    pairs: list[Any] = [(prediction(), said(False, "cancel")), (prediction(), said(False, minutes=1))]
    assert corrections(pairs) == []


def test_confirmed_answers_teach_too_and_mere_complaints_do_not() -> None:
    answers = [said(True, about=1), said(False, about=2), said(False, "cancel", about=3)]
    pairs = [(prediction(number), answer) for number, answer in enumerate(answers, 1)]
    assert [(example.text, example.target) for example in corrections(pairs)] == [("text 1", "refund"), ("text 3", "cancel")]
