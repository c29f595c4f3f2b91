"""Typing slips: what may change and what may not."""

from __future__ import annotations

from collections import Counter
from difflib import SequenceMatcher

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from beside.perturbations.typos import NEIGHBOURS, Typos, perturbation, slips_of_word


def edited(text: str, seed: int = 0) -> str:
    return perturbation.edit(text, np.random.default_rng(seed))


@given(text=st.text(alphabet=st.characters(categories=["L", "N", "Zs", "Po"])), seed=st.integers(0, 1000))
def test_no_numeral_is_ever_changed(text: str, seed: int) -> None:
    def numerals(of: str) -> list[str]:
        return [char for char in of if char.isnumeric()]

    assert numerals(edited(text, seed)) == numerals(text)


@given(seed=st.integers(0, 1000))
def test_a_chinese_negation_or_amount_stays(seed: int) -> None:
    after = edited("我没有收到三百元，不要再发了", seed)
    assert [char for char in after if char in "没三百不"] == ["没", "三", "百", "不"]


@given(seed=st.integers(0, 1000))
def test_chinese_characters_are_swapped_or_dropped_never_invented(seed: int) -> None:
    text = "银行卡丢了怎么办"
    after = edited(text, seed)
    assert after != text
    assert not Counter(after) - Counter(text)
    assert len(text) - len(after) in (0, 1)


@given(seed=st.integers(0, 1000))
def test_one_short_sentence_gets_one_slip(seed: int) -> None:
    before = ["where", "is", "my", "new", "card"]
    after = edited(" ".join(before), seed).split()
    assert len(after) == len(before)
    changed = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
    assert len(changed) == 1
    old, new = changed[0]
    assert (old[0], old[-1]) == (new[0], new[-1]), "the ends of a word stay"


def test_longer_texts_get_a_slip_per_eight_words() -> None:
    before = ["paragraph"] * 80
    after = edited(" ".join(before)).split()
    assert sum(old != new for old, new in zip(before, after, strict=True)) == 10
    many = Typos(words_per_typo=2).edit(" ".join(before), np.random.default_rng(0)).split()
    assert sum(old != new for old, new in zip(before, many, strict=True)) == 40


def test_every_kind_of_slip_is_one_edit_away() -> None:
    swapped, dropped, doubled, beside = slips_of_word("card")
    assert swapped == ["crad"]
    assert dropped == ["crd", "cad"]
    assert doubled == ["caard", "carrd"]
    assert {"csrd", "catd"} <= set(beside)
    assert all(SequenceMatcher(None, "card", one).ratio() >= 0.75 for one in [*swapped, *dropped, *doubled, *beside])


def test_neighbouring_keys_touch_each_other() -> None:
    assert set(NEIGHBOURS["s"]) == set("awedxz")
    assert all(key in NEIGHBOURS[near] for key, around in NEIGHBOURS.items() for near in around)


def test_capitals_stay_capitals() -> None:
    assert all(one.isupper() for kind in slips_of_word("CARD") for one in kind)


def test_a_short_word_is_edited_when_there_is_no_longer_one() -> None:
    assert edited("ok") != "ok"
    assert edited("I") == "I"
