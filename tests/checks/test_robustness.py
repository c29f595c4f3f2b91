"""Edits of the surface, of Chinese writing and of words, against subjects whose reaction to them is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beside.checks.robustness import chinese, surface, synonyms
from beside.core.errors import BadInput, NotEnoughData
from beside.core.near_words import near_words

ROWS = [(f"Where is the payment of {n} euros?", "refund") for n in range(40)]
ZH = [(f"我的银行卡在{n}号线丢了，怎么办", "lost") for n in range(40)]


def measured(check: Any, subject: Any, splits: Any) -> dict[str, Any]:
    return {one.metric: one for one in check.measure(subject, splits, np.random.default_rng(0))}


def test_a_subject_that_ignores_the_surface_never_flips(toy_subject: Any, make_splits: Any) -> None:
    found = measured(surface.check, toy_subject(lambda text: [1.0, 0.0]), make_splits(ROWS))
    assert found["surface_flip_rate"].value == 0
    assert found["surface_flip_rate"].high == pytest.approx(0.0876, abs=1e-3)  # Wilson for 0 of 40
    assert found["accuracy_under_surface_edits"].value == 1


def test_a_subject_that_reads_capitals_is_caught_and_the_evidence_says_by_what(toy_subject: Any, make_splits: Any) -> None:
    subject = toy_subject(lambda text: [1.0, 0.0] if text.startswith("Where is") else [0.0, 1.0])
    found = measured(surface.check, subject, make_splits(ROWS))
    kinds = {bar["name"]: bar["value"] for bar in found["accuracy_under_surface_edits"].evidence["rows"]}
    assert kinds["case"] > 0.9
    assert kinds["punctuation"] == 0
    assert found["surface_flip_rate"].value >= kinds["case"]
    assert found["surface_flip_rate"].n == 40


def test_two_rows_with_the_same_text_count_twice(toy_subject: Any, make_splits: Any) -> None:
    assert measured(surface.check, toy_subject(lambda text: [1.0, 0.0]), make_splits(ROWS[:1] * 5))["surface_flip_rate"].n == 5


@pytest.mark.parametrize(
    "metric, reacts",
    [
        ("script_flip_rate", lambda text: "銀" in text),
        ("width_flip_rate", lambda text: "," in text),
        ("homophone_flip_rate", lambda text: not {"银", "銀"} & set(text) or "卡" not in text or "怎" not in text),
    ],
)
def test_a_subject_that_reacts_to_one_kind_of_chinese_edit_is_caught_there(
    metric: str, reacts: Any, toy_subject: Any, make_splits: Any
) -> None:
    found = measured(chinese.check, toy_subject(lambda text: [1.0, 0.0] if reacts(text) else [0.0, 1.0]), make_splits(ZH))
    rates = {name: one.value for name, one in found.items()}
    assert rates[metric] > 0.1
    assert rates["worst_chinese_flip_rate"] == max(value for name, value in rates.items() if name != "worst_chinese_flip_rate")
    if metric != "homophone_flip_rate":
        assert rates[metric] == 1 and rates["homophone_flip_rate"] == 0


def test_a_subject_that_ignores_chinese_writing_passes_with_a_wider_interval_for_the_worst(
    toy_subject: Any, make_splits: Any
) -> None:
    found = measured(chinese.check, toy_subject(lambda text: [0.0, 1.0]), make_splits(ZH))
    assert {one.value for one in found.values()} == {0.0}
    assert found["worst_chinese_flip_rate"].high > found["script_flip_rate"].high  # four kinds were looked at


def test_rows_that_are_no_chinese_are_not_asked(toy_subject: Any, make_splits: Any) -> None:
    subject = toy_subject(lambda text: [0.0, 1.0])
    assert "Chinese" in chinese.check.why_not(subject, make_splits([*ROWS, ("カードをなくした", "lost"), ("東京のカード", "lost")]))
    assert measured(chinese.check, subject, make_splits([*ROWS, *ZH]))["script_flip_rate"].n == 40


@pytest.fixture
def thesaurus(tmp_path: Path) -> str:
    file = tmp_path / "own.csv"
    file.write_text("payment,remittance,unheard\n", encoding="utf-8")
    return str(file)


def test_a_subject_that_knows_one_word_only_is_caught_by_its_synonym(thesaurus: str, toy_subject: Any, make_splits: Any) -> None:
    check = replace(synonyms.check, resource=thesaurus)
    splits = make_splits(ROWS, train=[*ROWS, ("a remittance", "refund")])
    found = measured(check, toy_subject(lambda text: [1.0, 0.0] if "payment" in text else [0.0, 1.0]), splits)
    assert found["synonym_flip_rate"].value == 1
    assert found["synonym_flip_rate"].evidence["source"] == "thesaurus"
    assert {row["edited"].split()[3] for row in found["synonym_flip_rate"].evidence["rows"]} == {"remittance"}, (
        "unheard is in no text"
    )
    deaf = measured(check, toy_subject(lambda text: [1.0, 0.0]), splits)
    assert (deaf["synonym_flip_rate"].value, deaf["accuracy_under_synonyms"].value) == (0, 1)


def test_without_a_thesaurus_and_a_base_it_says_why_not(toy_subject: Any, make_splits: Any) -> None:
    subject, splits = toy_subject(lambda text: [1.0, 0.0]), make_splits(ROWS)
    assert "no thesaurus" in synonyms.check.why_not(subject, splits)
    assert replace(synonyms.check, base=subject).why_not(subject, splits) is None


def test_a_thesaurus_that_is_not_there_is_refused(toy_subject: Any, make_splits: Any) -> None:
    with pytest.raises(BadInput, match="no thesaurus"):
        measured(replace(synonyms.check, resource="/nowhere.txt"), toy_subject(lambda text: [1.0, 0.0]), make_splits(ROWS))


def test_near_words_are_mutual_and_speak_for_the_same_label(toy_subject: Any, make_splits: Any) -> None:
    rows = make_splits([("purse super", "lost"), ("state taste", "lost"), ("tesat", "refund")] * 4).train
    found = near_words(toy_subject(lambda text: [1.0, 0.0]), rows, 0.9)
    assert found["purse"] == ("super",) and found["super"] == ("purse",)
    assert found["state"] == ("taste",), "tesat has the same letters, but speaks for the other label"
    assert "tesat" not in found


def test_rows_without_a_word_to_replace_are_not_enough(thesaurus: str, toy_subject: Any, make_splits: Any) -> None:
    with pytest.raises(NotEnoughData, match="2 test rows"):
        measured(
            replace(synonyms.check, resource=thesaurus),
            toy_subject(lambda text: [1.0, 0.0]),
            make_splits([("x y", "lost"), ("1", "lost")]),
        )
