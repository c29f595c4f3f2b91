"""What people say of attacked rows: counted once a row, and multiplied with the raw success."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from beside.core.errors import BadInput
from beside.core.judging import (
    AttackedRow,
    Judgement,
    Meaning,
    Opinion,
    Tally,
    agreed_label,
    checked,
    human_judged,
    kept_share,
    meaning_of,
    newest,
    tally,
)
from beside.core.statistics import rate

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROW = AttackedRow(
    id="row", release_id="release", attack="robustness/greedy_words", example_id="example", text="a fine film",
    edited="a nice film", label="good", before="good", after="bad", before_probabilities={"good": 0.9, "bad": 0.1},
    after_probabilities={"good": 0.3, "bad": 0.7}, made_at=NOON,
)  # fmt: skip


def said(who: str, meaning: Meaning, label: str | None = None, row: str = "row", after: int = 0) -> Judgement:
    at = NOON + timedelta(minutes=after)
    return Judgement(id=f"{row}-{who}-{after}", attacked_id=row, meaning=meaning, label=label, who=who, made_at=at)


def test_a_row_counts_once_however_many_people_judged_it_and_a_persons_newest_word_counts():
    judged = [
        said("anna", "kept"),
        said("ben", "kept"),
        said("anna", "changed", row="two"),
        said("anna", "kept", row="two", after=1),
    ]
    assert tally(newest(judged)) == Tally(kept=2, changed=0, unsure=0)


@pytest.mark.parametrize(
    "votes, most",
    [
        (["kept"], "kept"),
        (["kept", "changed"], "unsure"),
        (["kept", "unsure"], "unsure"),
        (["kept", "kept", "changed"], "kept"),
        (["changed", "changed", "kept", "unsure"], "unsure"),
        (["unsure", "unsure", "kept"], "unsure"),
    ],
)
def test_what_more_than_half_of_the_judges_say_is_said_of_the_row(votes, most):
    assert meaning_of([said(str(place), vote) for place, vote in enumerate(votes)]) == most


def test_a_row_is_accepted_when_most_agree_that_the_meaning_stayed_and_on_its_label():
    assert agreed_label(ROW, []) is None
    assert agreed_label(ROW, [said("anna", "kept")]) == "good", "without a label it keeps that of the untouched text"
    assert agreed_label(ROW, [said("anna", "kept", "bad")]) == "bad"
    assert agreed_label(ROW, [said("anna", "kept"), said("ben", "kept", "bad")]) is None
    assert agreed_label(ROW, [said("anna", "kept"), said("ben", "kept", "good"), said("cleo", "changed", "bad")]) == "good"
    assert agreed_label(ROW, [said("anna", "kept"), said("ben", "unsure")]) is None
    assert agreed_label(ROW, [said("anna", "changed", "bad")]) is None, "another meaning teaches nothing"


def test_without_a_row_of_which_most_say_the_same_there_is_no_share():
    assert kept_share(Tally(kept=0, changed=0, unsure=4)) is None
    assert kept_share(Tally(kept=2, changed=1, unsure=0)) == rate(2, 3)


def test_rows_on_which_people_do_not_agree_widen_the_interval_both_ways():
    sure, torn = kept_share(Tally(kept=20, changed=20, unsure=0)), kept_share(Tally(kept=20, changed=20, unsure=10))
    assert sure is not None and torn is not None
    assert torn.value == sure.value and torn.n == 40
    assert torn.low < sure.low and torn.high > sure.high


def test_success_at_which_people_agree_is_the_share_of_the_raw_one_that_they_accept():
    found = human_judged(rate(80, 100), Tally(kept=5, changed=45, unsure=0))
    assert found is not None and found.value == pytest.approx(0.08)
    assert found.low < 0.08 < found.high <= 0.88
    assert found.n == 50
    assert human_judged(rate(80, 100), Tally(kept=0, changed=0, unsure=3)) is None


@pytest.mark.parametrize("fooled, kept", [(0.8, 0.3), (0.1, 0.5), (0.5, 0.9)])
def test_the_interval_of_the_judged_rate_holds_the_truth_in_95_of_100_cases(fooled, kept):
    rng, held, rounds = np.random.default_rng(0), 0, 1000
    for _ in range(rounds):
        raw, stayed = rate(int(rng.binomial(100, fooled)), 100), int(rng.binomial(50, kept))
        found = human_judged(raw, Tally(kept=stayed, changed=50 - stayed, unsure=0))
        assert found is not None
        held += found.low <= fooled * kept <= found.high
    assert held / rounds >= 0.95


def test_an_opinion_must_name_a_label_that_is_known_and_be_short():
    assert checked(Opinion(attacked_id="row", meaning="kept", label=" good ", comment=" odd "), ("good",)).label == "good"
    with pytest.raises(BadInput, match="no label 'lost'"):
        checked(Opinion(attacked_id="row", meaning="kept", label="lost"), ("good",))
    with pytest.raises(BadInput, match="2001 characters"):
        checked(Opinion(attacked_id="row", meaning="kept", comment="a" * 2001), ("good",))
