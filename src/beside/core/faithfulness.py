"""Faithfulness of an explanation: does the answer really rest on the words that it puts first?

Comprehensiveness and sufficiency of ERASER (DeYoung et al. 2020), averaged over shares of the words (AOPC), against words in
random order. All variants of a text, for all of its explanations, go to the model as one batch of questions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from math import ceil, sqrt

import numpy as np

from beside.core.interfaces import Subject
from beside.core.registry import names
from beside.core.types import Explanation, Faithfulness, Finding, WordWeight

FAITHFULNESS = "explanation/faithfulness"  # the check that measures which explainer tells the truth about a model
MEASURED = "faithfulness_"  # its metrics: this and the explainer's name
SHARES = (0.1, 0.2, 0.5)  # of the words, at least one word each
DRAWS = 5  # random orders
# one-sided 90 % quantile of Student's t by degrees of freedom: what one more random order stays below nine times in ten
T90 = {1: 3.078, 2: 1.886, 3: 1.638, 4: 1.533, 5: 1.476, 6: 1.440, 7: 1.415, 8: 1.397, 9: 1.383}
GAPS = re.compile(r"(?<=\s)\s+")
Order = tuple[int, ...]


def faithfulness_of(
    subject: Subject, text: str, explanations: Sequence[Explanation], rng: np.random.Generator, draws: int = DRAWS
) -> list[Faithfulness]:
    """How faithful each explanation of a text is, in the order given.

    Where one explains fewer words of a long text than another, only the words that all explain are looked at.

    An explanation is reliable when its score, comprehensiveness minus sufficiency, lies above the bound that one more random
    order would stay below nine times in ten (prediction interval of `draws` scores): about one random order in ten passes. Of a
    text of two or three words there are too few orders to tell, so that even a right one is not called reliable.

    Args:
        subject: answers the questions.
        text: the whole text.
        explanations: of this text, each of its first words.
        rng: draws the random orders.
        draws: random orders, 2 to 10.
    """
    words = min((explanation.words for explanation in explanations), key=len)
    orders = [ranking(explanation.words[: len(words)]) for explanation in explanations]
    chance: list[Order] = [tuple(rng.permutation(len(words)).tolist()) for _ in range(draws)]
    asked = list(dict.fromkeys([text, *(variant for order in (*orders, *chance) for variant in variants(text, words, order))]))
    answers = dict(zip(asked, np.asarray(subject.probabilities(asked), dtype=float), strict=True))

    def measured(order: Order, label: int) -> tuple[float, float]:
        """Comprehensiveness and sufficiency of an order of the words."""
        falls = [answers[text][label] - answers[variant][label] for variant in variants(text, words, order)]
        half = len(falls) // 2
        return float(np.mean(falls[:half])), float(np.mean(falls[half:]))

    found = []
    for explanation, order in zip(explanations, orders, strict=True):
        label = subject.labels.index(explanation.label)
        found.append(judged(*measured(order, label), np.array([measured(one, label) for one in chance]), len(words)))
    return found


def judged(comprehensiveness: float, sufficiency: float, chance: np.ndarray, words: int) -> Faithfulness:
    """The two measures against those of random orders, shape (draws, 2)."""
    scores, draws = chance[:, 0] - chance[:, 1], len(chance)
    score = comprehensiveness - sufficiency
    bound = scores.mean() + T90[draws - 1] * sqrt(1 + 1 / draws) * scores.std(ddof=1)
    return Faithfulness(
        comprehensiveness=comprehensiveness,
        sufficiency=sufficiency,
        random_comprehensiveness=float(chance[:, 0].mean()),
        random_sufficiency=float(chance[:, 1].mean()),
        gap=float((score - scores.mean()) / 2),
        draws=draws,
        reliable=bool(words > 1 and score > bound + 1e-6),
    )


def ranking(words: Sequence[WordWeight]) -> Order:
    """Places of the words, the one that spoke most for the answer first."""
    return tuple(sorted(range(len(words)), key=lambda place: -words[place].weight))


def variants(text: str, words: Sequence[WordWeight], order: Order) -> list[str]:
    """The text without its first words for each share, then the text with nothing but those words."""
    firsts = [set(order[: ceil(share * len(order))]) for share in SHARES]
    less = [without(text, [word for place, word in enumerate(words) if place in first]) for first in firsts]
    only = [without(text, [word for place, word in enumerate(words) if place not in first]) for first in firsts]
    return [*less, *only]


def without(text: str, words: Iterable[WordWeight]) -> str:
    """The text less some of its words, given in order; punctuation stays, doubled spaces go."""
    kept, last = [], 0
    for word in words:
        kept.append(text[last : word.start])
        last = word.end
    return GAPS.sub("", "".join([*kept, text[last:]])).strip()


def ranked_explainers(findings: Sequence[Finding]) -> list[str]:
    """Explainers by measured faithfulness, the most faithful first; those no better than random order are left out."""
    measured = {
        one.metric.removeprefix(MEASURED): one.value
        for one in findings
        if one.check == FAITHFULNESS and one.metric.startswith(MEASURED) and one.value > 0
    }
    known = names("explainers")
    return sorted((name for name in measured if name in known), key=lambda name: -measured[name])
