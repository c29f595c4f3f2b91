"""An explanation is believed only when the answer rests on its words more than on words in random order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from beside.core.faithfulness import faithfulness_of, variants, without
from beside.core.types import Explanation, WordWeight
from beside.core.wording import words

TEXT = "one two three four five six seven eight nine ten"


def explanation(text: str, weights: dict[str, float], label: str = "refund") -> Explanation:
    """An explanation that gives each word the weight named, any other none."""
    told = tuple(
        WordWeight(word=word.text, start=word.start, end=word.end, weight=weights.get(word.text, 0.0)) for word in words(text)
    )
    return Explanation(label=label, probability=0.9, method="told", words=told)


def key_words(toy_subject: Any, **weights: float) -> Any:
    """A model whose log-odds are the sum of the weights of the words that are there."""
    return toy_subject(lambda text: [sum(weight for word, weight in weights.items() if word in text.split()), 0.0])


def test_the_two_measures_are_those_of_the_paper(toy_subject: Any) -> None:
    """Ten words, one counts: it is gone in all three cuts, and is the only one left in the first."""
    subject = key_words(toy_subject, four=2.0)
    [found] = faithfulness_of(subject, TEXT, [explanation(TEXT, {"four": 1.0})], np.random.default_rng(0))
    fall = 1 / (1 + np.exp(-2.0)) - 0.5
    assert found.comprehensiveness == pytest.approx(fall, abs=1e-5)
    assert found.sufficiency == pytest.approx(0, abs=1e-5)
    assert found.random_comprehensiveness < fall / 2 < found.random_sufficiency + 0.01
    score, chance = fall, found.random_comprehensiveness - found.random_sufficiency
    assert found.gap == pytest.approx((score - chance) / 2, abs=1e-5)
    assert found.reliable
    assert found.draws == 5


def test_an_explanation_that_names_the_wrong_words_is_not_reliable(toy_subject: Any) -> None:
    weights = {"one": 0.5, "three": 0.8, "four": 1.2, "six": 0.4, "nine": 1.0}
    subject = key_words(toy_subject, **weights)
    right, wrong = explanation(TEXT, weights), explanation(TEXT, {word: -weight for word, weight in weights.items()})
    found = faithfulness_of(subject, TEXT, [right, wrong], np.random.default_rng(1))
    assert [one.reliable for one in found] == [True, False]
    assert found[0].gap > 0 > found[1].gap


def test_an_explainer_that_ranks_at_random_is_found_unreliable(toy_subject: Any) -> None:
    """Two hundred random rankings: about one in ten passes, as the bound says, and on average they gain nothing."""
    subject = key_words(toy_subject, one=0.5, three=0.8, four=1.2, six=0.4, nine=1.0)
    rng = np.random.default_rng(2)
    found = []
    for _ in range(200):
        ranked = explanation(TEXT, dict(zip(TEXT.split(), rng.random(10), strict=True)))
        found += faithfulness_of(subject, TEXT, [ranked], rng)
    assert np.mean([one.reliable for one in found]) < 0.16
    assert np.mean([one.gap for one in found]) == pytest.approx(0, abs=0.02)
    truth = explanation(TEXT, {"one": 0.5, "three": 0.8, "four": 1.2, "six": 0.4, "nine": 1.0})
    assert np.mean([faithfulness_of(subject, TEXT, [truth], rng)[0].reliable for _ in range(50)]) > 0.9


def test_where_the_words_do_not_matter_no_explanation_is_reliable(toy_subject: Any) -> None:
    subject = toy_subject(lambda text: [1.0, 0.0])
    [found] = faithfulness_of(subject, TEXT, [explanation(TEXT, {"four": 1.0})], np.random.default_rng(0))
    assert (found.gap, found.reliable) == (0.0, False)


@pytest.mark.parametrize("text", ["refund", "?! refund"])
def test_a_single_word_has_no_order_to_be_better_than(toy_subject: Any, text: str) -> None:
    subject = key_words(toy_subject, refund=3.0)
    [found] = faithfulness_of(subject, text, [explanation(text, {"refund": 1.0})], np.random.default_rng(0))
    assert not found.reliable


def test_all_variants_of_all_explanations_are_one_question(toy_subject: Any) -> None:
    asked: list[list[str]] = []

    class Listening(toy_subject):  # type: ignore[misc]
        def probabilities(self, texts: Any) -> np.ndarray:
            asked.append(list(texts))
            return super().probabilities(texts)

    both = [explanation(TEXT, {"four": 1.0}), explanation(TEXT, {"five": 1.0})]
    faithfulness_of(Listening(lambda text: [len(text) / 9, 0.0]), TEXT, both, np.random.default_rng(0))
    [texts] = asked
    assert len(texts) == len(set(texts)), "no text is asked twice"
    assert len(texts) <= 1 + 6 * (2 + 5)


def test_an_explanation_of_the_first_words_only_is_compared_on_those(toy_subject: Any) -> None:
    whole = explanation(TEXT, {"ten": 5.0, "two": 1.0})
    part = whole.model_copy(update={"words": whole.words[:4]})
    found = faithfulness_of(key_words(toy_subject, two=2.0), TEXT, [whole, part], np.random.default_rng(0))
    assert found[0] == found[1]


def test_leaving_out_and_keeping_are_each_others_counterpart() -> None:
    text = "My card, (the blue one) was lost!"
    told = explanation(text, {}).words
    less_and_only = variants(text, told, tuple(range(len(told))))
    assert less_and_only == [
        "card, (the blue one) was lost!",
        ", (the blue one) was lost!",
        ", ( one) was lost!",
        "My , ( ) !",
        "My card, ( ) !",
        "My card, (the blue ) !",
    ]
    assert without("我的银行卡丢了", explanation("我的银行卡丢了", {}).words[2:3]) == "我的丢了"


def test_the_same_seed_gives_the_same_verdict(toy_subject: Any) -> None:
    subject, told = key_words(toy_subject, four=2.0), [explanation(TEXT, {"four": 1.0})]
    first, second = (faithfulness_of(subject, TEXT, told, np.random.default_rng(5)) for _ in range(2))
    assert first == second
