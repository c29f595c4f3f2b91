"""Homophones and look-alikes: what may stand for what."""

from __future__ import annotations

import numpy as np
from pypinyin import Style, lazy_pinyin

from beside.core import wording
from beside.perturbations import glyphs, homophones
from beside.perturbations._words import kept, known


def edits(perturbation: object, text: str, seeds: int = 60) -> set[str]:
    return {perturbation.edit(text, np.random.default_rng(seed)) for seed in range(seeds)} - {text}  # type: ignore[attr-defined]


def changed(before: str, after: str) -> list[tuple[str, str]]:
    return [(old, new) for old, new in zip(before, after, strict=True) if old != new]


def test_a_homophone_has_the_same_pinyin_and_tone_in_its_context() -> None:
    text = "手机银行收不到验证码"
    for after in edits(homophones.perturbation, text):
        sounds, others = (lazy_pinyin(one, style=Style.TONE3) for one in (text, after))
        (old, new) = changed(text, after)[0]
        place = text.index(old)
        assert lazy_pinyin(new, style=Style.TONE3)[0] == sounds[place] or others[place] == sounds[place]


def test_no_other_word_of_the_dictionary_comes_out() -> None:
    words = wording.words("银行转账手续费")
    for perturbation in (homophones.perturbation, glyphs.perturbation):
        for after in edits(perturbation, "银行转账手续费"):
            for word in words:
                now = after[word.start : word.end]
                assert now == word.text or not known(now)


def test_a_word_of_one_character_changes_only_for_one_it_is_often_taken_for() -> None:
    assert edits(homophones.perturbation, "在") == {"再"}
    assert edits(homophones.perturbation, "卡") == set()
    assert edits(glyphs.perturbation, "卡") == set()


def test_english_homophones_keep_their_case() -> None:
    assert edits(homophones.perturbation, "Their card") == {"There card", "They're card"}
    assert edits(homophones.perturbation, "I CANNOT WAIT") == {"I CANNOT WEIGHT"}


def test_no_pair_brings_in_a_negation_or_a_number() -> None:
    listed = set(homophones.alike()) | {other for others in homophones.alike().values() for other in others}
    assert not listed & {"no", "know", "not", "knot", "one", "won", "two", "for", "four", "eight", "ate"}


def test_the_list_of_similar_characters_is_long_and_touches_no_negation() -> None:
    groups = glyphs.LISTED.split()
    assert len(groups) >= 150 and all(len(group) > 1 for group in groups)
    assert not any(map(kept, glyphs.similar()))
    assert not any(kept(other) for others in glyphs.similar().values() for other in others)


def test_similar_characters_are_similar_both_ways() -> None:
    similar = glyphs.similar()
    assert all(char in similar[other] for char, others in similar.items() for other in others if other in similar)
    assert set("已巳") == set(similar["己"])


def test_look_alikes_of_letters() -> None:
    after = edits(glyphs.perturbation, "modern")
    assert {"rnodern", "m0dern", "modem"} <= after
    assert any("\u0435" in one for one in after), "Cyrillic е for Latin e"


def test_an_amount_with_its_unit_stays() -> None:
    for perturbation in (homophones.perturbation, glyphs.perturbation):
        assert all("250元" in after for after in edits(perturbation, "我的账户少了250元现金"))
