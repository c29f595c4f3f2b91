"""Corrections join the training rows and nothing else; a challenger is better only when the same test rows say so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beside.core.errors import NotEnoughData
from beside.core.recipe import Recipe
from beside.core.types import Comparison, Corpus, Example, Run, Splits
from beside.stages.improve import child, compare
from beside.store.artifacts import Artifacts
from beside.store.rows import read_splits

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 2, 1, tzinfo=UTC)
PARENT = Corpus(
    id="corpus-1", name="inbox", task="classify", labels=("lost", "refund"), splits={}, examples="", report="r" * 64,
    protections=("names",), made_at=NOW,
)  # fmt: skip


def row(id: str, text: str, target: str | None) -> Example:
    return Example(id=id, text=text, target=target)


SPLITS = Splits(
    train=[row("1", "my card is lost", "lost"), row("2", "money back", "lost"), row("3", "where is it", "refund")],
    tune=[row("4", "it is gone", "lost"), row("5", "pay me back", "refund")],
    test=[row("6", "the card has gone", "lost"), row("7", "return the money", "refund"), row("8", "nobody knows", None)],
)


def correction(text: str, label: str) -> Example:
    return Example(id=f"example-{text}", text=text, target=label, origin=f"correction:prediction-{text}")


@pytest.fixture
def grow(tmp_path: Path) -> Callable[[Sequence[Example]], tuple[Corpus, Splits]]:
    """The child of PARENT with these corrections, and its rows as stored."""
    artifacts = Artifacts(tmp_path)

    def grown(corrections: Sequence[Example], now: datetime = LATER) -> tuple[Corpus, Splits]:
        corpus = child(PARENT, SPLITS, corrections, artifacts=artifacts, now=now)
        return corpus, read_splits(artifacts.path(corpus.examples))

    return grown


def test_a_correction_joins_the_training_rows_and_the_others_stay(grow: Any) -> None:
    new = correction("give it back", "refund")
    corpus, splits = grow([new])
    assert splits == Splits([*SPLITS.train, new], SPLITS.tune, SPLITS.test)
    assert corpus.splits == {"train": 4, "tune": 2, "test": 3}
    assert (corpus.parent, corpus.made_at, corpus.labels) == ("corpus-1", LATER, ("lost", "refund"))
    assert (corpus.name, corpus.task, corpus.protections) == ("inbox", "classify", ("names",))
    assert splits.train[-1].origin == "correction:prediction-give it back"


def test_a_correction_replaces_the_training_row_it_corrects(grow: Any) -> None:
    new = correction("Money  BACK", "refund")
    _, splits = grow([new])
    assert splits.train == [SPLITS.train[0], SPLITS.train[2], new]


def test_a_text_that_is_measured_on_is_not_taught(grow: Any) -> None:
    new = correction("give it back", "refund")
    _, splits = grow([correction("It is  gone", "refund"), correction("THE CARD HAS GONE", "refund"), new])
    assert splits.train == [*SPLITS.train, new]


def test_the_last_word_on_a_text_counts(grow: Any) -> None:
    _, splits = grow([correction("give it back", "lost"), correction("give it  back", "refund")])
    assert [example.target for example in splits.train[3:]] == ["refund"]


@pytest.mark.parametrize(
    "corrections",
    [[], [correction("it is gone", "refund")], [correction("my card is lost", "lost")]],
    ids=["none", "held out", "known already"],
)
def test_corrections_that_teach_nothing_new_make_no_child(grow: Any, corrections: list[Example]) -> None:
    with pytest.raises(NotEnoughData, match=f"None of {len(corrections)} corrections adds anything to corpus 'inbox'") as refused:
        grow(corrections)
    assert "/v1/feedback" in refused.value.hint


def test_the_same_corrections_make_the_same_child_at_any_time(grow: Any) -> None:
    new = [correction("give it back", "refund"), correction("it fell out", "lost")]
    first, again, other = grow(new)[0], grow(new, now=NOW)[0], grow(new[:1])[0]
    assert first.id == again.id != other.id
    assert first.examples == again.examples


def test_a_chinese_correction_is_as_good(grow: Any) -> None:
    _, splits = grow([correction("请退款", "refund")])
    assert splits.train[-1].text == "请退款"


# the comparison


def run_named(name: str) -> Run:
    facts = {"model": "m", "scores": {}, "trainable": 1, "parameters": 1, "truncated": 0, "seed": 0, "seconds": 1.0, "versions": {}}
    return Run(id=name, corpus_id="corpus-1", recipe=Recipe(), made_at=NOW, **facts)


@pytest.fixture
def meet(toy_subject: Any) -> Callable[[str, str], Comparison]:
    """Compares two models of which is known what they answer: a letter a row, `+` right and `-` wrong."""

    def met(champion: str, challenger: str) -> Comparison:
        rows = [row(str(place), f"text {place}", "refund" if place % 2 else "lost") for place in range(len(champion))]
        truth = {example.text: example.target == "refund" for example in rows}

        def subject(marks: str) -> Any:
            right = {f"text {place}": mark == "+" for place, mark in enumerate(marks)}
            return toy_subject(lambda text: [float(truth[text] == right[text]), 0.5])

        unlabelled = [row("?", "text 0", None)]
        models = (subject(champion), subject(challenger))
        return compare(run_named("run-a"), run_named("run-b"), *models, [*rows, *unlabelled], rng=np.random.default_rng(0))

    return met


@pytest.mark.parametrize(
    "champion, challenger, verdict",
    [
        ("-" * 10 + "+" * 30, "+" * 40, "challenger"),
        ("+" * 40, "-" * 10 + "+" * 30, "champion"),
        ("-" * 4 + "+" * 36, "+" * 40, "cannot tell"),
        ("-" * 5 + "+" * 35, "+" * 35 + "-" * 5, "cannot tell"),
        ("+" * 40, "+" * 40, "cannot tell"),
        ("-" * 5 + "+" * 1, "+" * 6, "cannot tell"),
        ("-" * 6 + "+" * 1, "+" * 7, "challenger"),
    ],
)
def test_the_verdict_is_what_is_known(meet: Any, champion: str, challenger: str, verdict: str) -> None:
    found = meet(champion, challenger)
    n = len(champion)
    assert found.verdict == verdict
    assert (found.champion, found.challenger, found.n) == ("run-a", "run-b", n)
    assert found.champion_accuracy == champion.count("+") / n and found.challenger_accuracy == challenger.count("+") / n
    pairs = list(zip(champion, challenger, strict=True))
    assert (found.only_champion, found.only_challenger) == (pairs.count(("+", "-")), pairs.count(("-", "+")))
    assert found.gap == pytest.approx(found.challenger_accuracy - found.champion_accuracy)
    assert found.low <= found.gap <= found.high
    assert (found.p_value < 0.05) == (verdict != "cannot tell")


def test_every_changed_answer_is_shown_with_the_right_one(meet: Any) -> None:
    found = meet("+-+", "++-")
    assert found.flipped == (
        {"id": "1", "text": "text 1", "target": "refund", "before": "lost", "after": "refund"},
        {"id": "2", "text": "text 2", "target": "lost", "before": "lost", "after": "refund"},
    )


def test_the_same_comparison_twice_is_the_same(meet: Any) -> None:
    assert meet("+-" * 20, "-+" * 20) == meet("+-" * 20, "-+" * 20)


def test_without_labelled_test_rows_there_is_nothing_to_compare(meet: Any) -> None:
    with pytest.raises(NotEnoughData, match="no test row"):
        meet("", "")
