"""Identity swaps: one person becomes another throughout the text, and the grammar goes along."""

from __future__ import annotations

import numpy as np
import pytest

from beside.perturbations.identities import KINDS, Identities, holds, read, swap, table


def swapped(text: str, kind: str = "gender", seed: int = 0) -> str:
    return swap(text, kind, np.random.default_rng(seed))


@pytest.mark.parametrize(
    "before, after",
    [
        (
            "My wife lost her card and she is worried; please call her.",
            "My husband lost his card and he is worried; please call him.",
        ),
        ("He said it is his, not hers", "She said it is hers, not his"),
        ("HIS CARD, he blocked it himself", "HER CARD, she blocked it herself"),
        ("I gave her the form and she's angry at him", "I gave him the form and he's angry at her"),
        ("Miss Jones will miss it", "Mr Jones will miss it"),
        ("我老公的卡丢了，他很着急", "我老婆的卡丢了，她很着急"),
        ("其他人说他是吉他手，她不信", "其他人说她是吉他手，他不信"),
        ("资料显示性别女，我是男的", "资料显示性别男，我是女的"),
        ("代母亲销户，她在养老院", "代父亲销户，他在养老院"),
    ],
)
def test_gender_turns_round_as_a_whole(before: str, after: str) -> None:
    assert swapped(before) == after


@pytest.mark.parametrize(
    "text", ["其他卡也丢了", "他人代办可以吗", "turkey sandwich", "the theme of this", "anna@her.example", "student loan"]
)
def test_words_that_only_look_like_an_identity_stay(text: str) -> None:
    assert not any(holds(text, kind) for kind in KINDS)


def test_the_same_name_becomes_the_same_other_name_of_another_origin() -> None:
    after = swapped("Emily called. Then Emily wrote.", "names")
    first = after.split()[0]
    assert after == f"{first} called. Then {first} wrote." and first != "Emily"
    origin = next(group for group in read("en")["names"]["female"] if "Emily" in group)
    assert first not in origin


def test_a_name_and_its_pronoun_change_gender_together() -> None:
    after = swapped("Emily says her card is lost", seed=3)
    name = after.split()[0]
    assert any(name in group for group in read("en")["names"]["male"]) and after.endswith("says his card is lost")


def test_the_article_follows() -> None:
    seen = {swapped("I am an Indian", "region", seed) for seed in range(40)}
    assert all(one.split()[2] == ("an" if one.split()[3][0] in "AEIOU" and not one.endswith("Ukrainian") else "a") for one in seen)
    assert len(seen) > 5


def test_every_table_leads_somewhere_else_and_to_a_known_word() -> None:
    for code in ("en", "zh"):
        for kind in KINDS:
            words = table(code, kind)
            assert words
            for word, others in words.items():
                assert others and word not in [other.casefold() for other in others]
                assert all(other.casefold() in words or other == "他们" for other in others)  # 他们 may be anybody


def test_only_the_kinds_asked_for_change() -> None:
    text = "Emily is a Muslim"
    assert Identities(kinds=("religion",)).edit(text, np.random.default_rng(0)).startswith("Emily is a ")
    assert Identities(kinds=("age",)).edit(text, np.random.default_rng(0)) == text
