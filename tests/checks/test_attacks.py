"""Attacks in an audit, against subjects whose weak word is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from beside.checks.robustness import beam, certified, characters, greedy_words, masked_words, triggers
from beside.checks.robustness._attack import near_only
from beside.checks.robustness._replacing import nearest
from beside.core.errors import BadOption, NotEnoughData
from beside.core.options import with_options

LABELS = ("good", "bad")
ROWS = [(f"the purse from shop {n} is surely lovely and my mother carries it", "good") for n in range(40)]
TRAIN = [("purse lovely", "good"), ("super lovely", "good"), ("shop mother", "good"), ("shop mother", "bad")] * 5
ZH = [(f"第{n}家酒店的服务真的让人满意，下次还来", "good") for n in range(40)]


def measured(check: Any, subject: Any, splits: Any) -> dict[str, Any]:
    return {one.metric: one for one in check.measure(subject, splits, np.random.default_rng(0))}


@pytest.fixture
def deaf(toy_subject: Any) -> Any:
    """Says `good` whatever it reads."""
    return toy_subject(lambda text: [1.0, 0.0], labels=LABELS)


@pytest.fixture
def hinged(toy_subject: Any) -> Any:
    """Says `good` while `purse` is there."""
    return toy_subject(lambda text: [1.0, 2.0 * ("purse" not in text)], labels=LABELS)


@pytest.mark.parametrize("check, name", [(greedy_words.check, "words"), (beam.check, "beam")])
def test_a_subject_that_hinges_on_one_word_is_fooled_by_its_nearest_word(
    check: Any, name: str, hinged: Any, make_splits: Any
) -> None:
    found = measured(replace(check, rows=40), hinged, make_splits(ROWS, train=TRAIN))
    assert found[f"{name}_success"].value == 1
    assert found[f"accuracy_under_{name}"].value == 0
    assert found[f"{name}_success"].n == 40
    rows = found[f"{name}_success"].evidence["rows"]
    assert {row["edited"].split()[1] for row in rows} == {"super"}, "an anagram lies nearest to a subject that counts letters"
    assert {(row["before"], row["after"]) for row in rows} == {("good", "bad")}


@pytest.mark.parametrize("check", [greedy_words.check, beam.check, replace(beam.check, search="population"), characters.check])
def test_a_subject_that_ignores_words_is_never_fooled(check: Any, deaf: Any, make_splits: Any) -> None:
    found = measured(replace(check, rows=40), deaf, make_splits(ROWS, train=TRAIN))
    for metric, one in found.items():
        if metric.endswith("success"):
            assert one.value == 0
            assert one.high == pytest.approx(0.0876, abs=1e-3)  # Wilson for 0 of 40
        if metric.startswith("accuracy"):
            assert one.value == 1


def test_tight_constraints_refuse_a_word_that_is_only_somewhat_near(hinged: Any, make_splits: Any) -> None:
    train = [("purse lovely", "good"), ("purple lovely", "good")] * 5
    found = measured(greedy_words.check, hinged, make_splits(ROWS, train=train))
    assert found["words_success"].value == 1
    assert found["words_checked_success"].value == 0
    loosened = replace(greedy_words.check, checked_word=0.5, checked_sentence=0.5)
    assert measured(loosened, hinged, make_splits(ROWS, train=train))["words_checked_success"].value == 1


def test_rows_answered_wrongly_are_not_attacked_but_count_for_the_accuracy(hinged: Any, make_splits: Any) -> None:
    found = measured(greedy_words.check, hinged, make_splits([*ROWS[:30], *[("lost", "good")] * 10], train=TRAIN))
    assert found["words_success"].n == 30
    assert found["accuracy_under_words"].n == 40
    with pytest.raises(NotEnoughData, match="nothing to attack"):
        measured(greedy_words.check, hinged, make_splits([("lost", "good")] * 30, train=TRAIN))


def test_no_more_rows_than_asked_for_are_attacked(hinged: Any, make_splits: Any) -> None:
    check = with_options("robustness/greedy_words", greedy_words.check, {"rows": 7, "queries": 5})
    found = measured(check, hinged, make_splits(ROWS, train=TRAIN))
    assert found["words_success"].n == 7
    assert found["words_queries"].value <= 5


def test_misspelling_fools_a_subject_that_knows_one_spelling(hinged: Any, toy_subject: Any, make_splits: Any) -> None:
    found = measured(characters.check, hinged, make_splits(ROWS))
    assert found["characters_success"].value == found["characters_checked_success"].value == 1
    chinese = toy_subject(lambda text: [1.0, 2.0 * ("满意" not in text)], labels=LABELS)
    assert measured(characters.check, chinese, make_splits(ZH))["characters_success"].value == 1


def test_a_negation_is_never_what_an_attack_edits(toy_subject: Any, make_splits: Any) -> None:
    subject = toy_subject(lambda text: [1.0, 2.0 * ("not" not in text)], labels=LABELS)
    rows = [(f"it is not pretty in room {n}", "good") for n in range(30)]
    splits = make_splits(rows, train=[("not ton pretty", "good")] * 5)
    assert measured(greedy_words.check, subject, splits)["words_success"].value == 0
    assert measured(characters.check, subject, splits)["characters_success"].value == 0


def test_guessed_words_fool_and_without_a_mask_head_it_says_why_not(hinged: Any, make_splits: Any) -> None:
    splits = make_splits(ROWS, train=TRAIN)
    assert "no mask head" in masked_words.check.why_not(hinged, splits)
    ready = replace(masked_words.check, filler=hinged, sentence=0.1)  # guesses `thing` and `place` everywhere
    found = measured(ready, hinged, splits)
    assert found["masked_words_success"].value == 1
    assert found["masked_words_checked_success"].value == 0, "purse and thing do not lie near"


def test_a_trigger_is_found_on_other_rows_and_works_on_all(toy_subject: Any, make_splits: Any) -> None:
    subject = toy_subject(lambda text: [1.0, 2.0 * ("shop" in text.split()[:3])], labels=LABELS)
    rows = [(f"my purse {n} is lovely", "good") for n in range(40)]
    found = measured(triggers.check, subject, make_splits(rows, train=[*rows, *TRAIN]))
    assert found["trigger_success"].value == 1
    assert "shop" in found["trigger_success"].evidence["triggers"]["good"]
    assert found["trigger_success"].evidence["source"] == "found on train rows"
    assert found["accuracy_under_trigger"].value == 0


def test_a_word_that_speaks_for_a_label_is_no_neutral_trigger(toy_subject: Any, make_splits: Any) -> None:
    subject = toy_subject(lambda text: [1.0, 2.0 * ("awful" in text)], labels=LABELS)
    rows = [(f"my purse {n} is lovely", "good") for n in range(40)]
    train = [("shop awful", "bad"), ("shop lovely", "good")] * 20
    found = measured(triggers.check, subject, make_splits(rows, train=train))
    assert (found["trigger_success"].value, found["trigger_checked_success"].value) == (1, 0)


def test_a_subject_that_ignores_words_has_no_trigger(deaf: Any, make_splits: Any) -> None:
    found = measured(triggers.check, deaf, make_splits(ROWS, train=TRAIN))
    assert found["trigger_success"].value == 0
    assert set(found["trigger_success"].evidence["triggers"].values()) == {""}


def test_near_words_of_an_attack_speak_for_no_other_label(deaf: Any, make_splits: Any) -> None:
    rows = make_splits([("purse", "good"), ("super", "good"), ("spure", "bad")] * 4).train
    assert nearest(deaf, rows, 0.9, 5) == {"purse": ("super",), "super": ("purse",)}
    assert near_only([[(0, 5, ["super", "zzz"])]], ["purse"], deaf.embed, 0.9) == [[(0, 5, ["super"])]]


def test_an_unknown_search_is_refused() -> None:
    with pytest.raises(BadOption, match="search"):
        with_options("robustness/beam", beam.check, {"search": "annealing"})


def test_a_certificate_is_given_to_a_subject_that_ignores_words_and_not_to_one_that_hinges_on_them(
    deaf: Any, hinged: Any, make_splits: Any
) -> None:
    splits = make_splits(ROWS, train=TRAIN)  # purse and super lie near, and form one group
    found = measured(certified.check, deaf, splits)
    assert (found["certified_accuracy"].value, found["smoothed_accuracy"].value) == (1, 1)
    strict = replace(certified.check, alpha=1e-6)  # with 0.05, one row in twenty would be certified by luck
    assert measured(strict, hinged, splits)["certified_accuracy"].value == 0, "half of the votes are without the purse"


def test_words_of_a_group_share_their_set_and_a_long_chain_overlaps_in_part() -> None:
    table = {"purse": ("super",), "super": ("purse",), "state": ("taste",), "taste": ("state",)}
    sets = certified.perturbation_sets(table, 20)
    assert set(sets.values()) == {("purse", "super"), ("state", "taste")}
    assert {certified.overlap(word, table, sets) for word in table} == {1.0}
    chain = {"a1": ("a2",), "a2": ("a1", "a3"), "a3": ("a2", "a4"), "a4": ("a3",)}
    sets = certified.perturbation_sets(chain, 3)
    assert sets["a1"] == ("a1", "a2", "a3")
    assert certified.overlap("a3", chain, sets) == pytest.approx(2 / 3), (
        "a3 knows a2, a3 and a4; a4 knows a2, a3 and a4: a2 decides"
    )
    drawn = {certified.drawn("An State of", [(3, 8, ("state", "taste"))], np.random.default_rng(seed)) for seed in range(9)}
    assert drawn == {"An State of", "An Taste of"}


@pytest.mark.parametrize("count, n, expected", [(100, 100, 0.9705), (60, 100, 0.5130), (0, 10, 0.0)])
def test_the_lower_end_is_clopper_and_pearsons(count: int, n: int, expected: float) -> None:
    assert certified.low_share(count, n, 0.05) == pytest.approx(expected, abs=1e-3)


def test_nothing_is_certified_for_chinese_rows(deaf: Any, make_splits: Any) -> None:
    assert "Chinese" in certified.check.why_not(deaf, make_splits(ZH))
