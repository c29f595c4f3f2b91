"""How many answers can no near word change, provably? They are votes over texts with randomly replaced words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from beside.checks._flips import bars
from beside.checks._rows import measured, no_labelled_rows
from beside.checks.robustness._attack import sampled
from beside.checks.robustness._replacing import nearest
from beside.core.edits import Spot, like
from beside.core.errors import NotEnoughData
from beside.core.interfaces import Subject
from beside.core.questioning import asked_once
from beside.core.registry import load
from beside.core.statistics import rate
from beside.core.types import Measurement, Splits

HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
SHORTEST = 3  # letters of a word that may be replaced
Table = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Certified:
    """Share of rows answered rightly whatever near words stand in them, 0..1, higher is better (Wilson intervals).

    SAFER (Ye, Gong & Liu 2020): a text is asked many times, each word replaced at random by one of its perturbation set, and the
    commonest answer counts. Its share of the vote cannot change by more than q when every word is replaced by any of its near
    words, where q = 1 - product over words of the smallest overlap of the perturbation sets of a word and of what may replace it.
    A row is certified when the right answer's share, at the lower end of a one-sided Clopper-Pearson interval, is above 1/2 + q.

    This speaks of the model asked by vote, which costs `samples` passes an answer, not of the model asked once. Near words are
    those of `robustness/greedy_words`, both ways and at least as near as `nearness`; a word that is not in the training text has
    none. Rows with Chinese characters are left out: there a replaced word may move the borders of its neighbours.
    """

    rows: int = field(default=40, metadata={"unit": "test rows", "reason": "each is asked `samples` times"})
    samples: int = field(default=60, metadata={"unit": "texts a row", "reason": "more only certify narrower votes"})
    alpha: float = field(default=0.05, metadata={"unit": "probability", "reason": "that a row is certified by luck"})
    nearness: float = field(default=0.7, metadata={"unit": "cosine", "reason": "near words, not the nearest whatever they are"})
    others: int = field(default=4, metadata={"unit": "words a word", "reason": "that may replace it, at most"})
    set_size: int = field(default=20, metadata={"unit": "words", "reason": "largest perturbation set"})
    base: Any = field(default=None, metadata={"given": True})

    zh: ClassVar[str] = "有多少行，无论换上哪些相近的词，回答都可证明不变？针对随机换词投票的模型。"
    metrics: ClassVar[dict[str, tuple[str, str]]] = {
        "certified_accuracy": ("accuracy that no near word can change, certified", "相近词无法改变的准确率（有证书）"),
        "smoothed_accuracy": ("accuracy by vote over near words", "相近词投票的准确率"),
    }
    passes: ClassVar[int] = 6

    def why_not(self, subject: Subject, splits: Splits) -> str | None:
        if reason := no_labelled_rows(subject, splits):
            return reason
        if all(HAN.search(row.text) for row in splits.test if row.target is not None):
            return "A replaced Chinese word may move the borders of its neighbours, so nothing can be certified for these rows."
        return None if splits.train else "The corpus has no training rows."

    def measure(self, subject: Subject, splits: Splits, rng: np.random.Generator) -> Iterator[Measurement]:
        """Raises NotEnoughData when no word of the training text has a near word."""
        known = self.base or subject
        rows = sampled(splits._replace(test=[row for row in splits.test if not HAN.search(row.text)]), self.rows, rng)
        table = both_ways(nearest(known, splits.train, self.nearness, self.others))
        if not table:
            raise NotEnoughData("No word of the training text has a near word.", "Lower `nearness`, or train on more rows.")
        sets = perturbation_sets(table, self.set_size)
        overlaps = {word: overlap(word, table, sets) for word in table}
        finder = replace(load("perturbations", "synonyms"), neighbours=table, inflected=True)
        spots = [places(finder.spots(text), text, sets) for text, _ in rows]
        texts = [drawn(text, some, rng) for (text, _), some in zip(rows, spots, strict=True) for _ in range(self.samples)]
        answers = asked_once(subject.probabilities, texts).argmax(axis=1).reshape(len(rows), self.samples)
        label = {name: place for place, name in enumerate(subject.labels)}
        votes = np.array([np.bincount(row, minlength=len(subject.labels)) for row in answers])
        right = [votes[place, label[target]] if target in label else 0 for place, (_, target) in enumerate(rows)]
        words = [[text[start:end].casefold() for start, end, _ in some] for (text, _), some in zip(rows, spots, strict=True)]
        q = [1 - float(np.prod([overlaps[word] for word in some])) for some in words]
        sure = [low_share(int(count), self.samples, self.alpha) > 0.5 + gap for count, gap in zip(right, q, strict=True)]
        most = [bool(count) and count == votes[place].max() for place, count in enumerate(right)]
        kinds: dict[str, list[int]] = {"rows with near words": [], "rows without": []}
        for place, some in enumerate(spots):
            kinds["rows with near words" if some else "rows without"].append(place)
        told = {name: rate(sum(sure[place] for place in some), len(some)) for name, some in kinds.items() if some}
        evidence = bars("certified", told) | {"alpha": self.alpha}
        yield measured("certified_accuracy", "share", "higher", rate(sum(sure), len(rows)), evidence)
        yield measured("smoothed_accuracy", "share", "higher", rate(sum(most), len(rows)))


def both_ways(near: Table) -> dict[str, tuple[str, ...]]:
    """The pairs of words that may replace each other, both ways; word -> its near words."""
    synonyms = replace(load("perturbations", "synonyms"), neighbours=near, inflected=True)
    fit = {word: set(synonyms.others(word, {})) for word in near if len(word) >= SHORTEST and not HAN.search(word)}
    pairs = {(one, other) for one, others in fit.items() for other in others if one in fit.get(other, ())}
    return {word: tuple(sorted(other for one, other in pairs if one == word)) for word in sorted({one for one, _ in pairs})}


def perturbation_sets(table: Table, most: int) -> dict[str, tuple[str, ...]]:
    """Word -> its perturbation set, itself included: its connected component, or the `most` words that are fewest steps away."""
    sets: dict[str, tuple[str, ...]] = {}
    for word in table:
        steps, reached = {word: 0}, [word]
        for one in reached:  # grows while it is read
            for other in table[one]:
                if other not in steps:
                    steps[other] = steps[one] + 1
                    reached.append(other)
        sets[word] = tuple(sorted(sorted(steps, key=lambda other: (steps[other], other))[:most]))
    return sets


def overlap(word: str, table: Table, sets: Table) -> float:
    """The smallest share of a word's perturbation set that is also in that of a word that may replace it; 0..1."""
    own = set(sets[word])
    return min((len(own & set(sets[other])) / max(len(own), len(sets[other])) for other in table[word]), default=1.0)


def places(spots: Sequence[Spot], text: str, sets: Table) -> list[Spot]:
    """Where words of the table stand in a text, with their perturbation sets."""
    return [(start, end, sets[text[start:end].casefold()]) for start, end, _ in sorted(spots, key=lambda spot: spot[:2])]


def drawn(text: str, spots: Sequence[Spot], rng: np.random.Generator) -> str:
    """The text with every such word replaced by one of its perturbation set at random; nothing else changes, no article."""
    made, last = "", 0
    for start, end, others in spots:
        made += text[last:start] + like(others[int(rng.integers(len(others)))], text[start:end])
        last = end
    return made + text[last:]


def low_share(count: int, n: int, alpha: float) -> float:
    """The lower end of the one-sided Clopper-Pearson interval (1934) of `count / n`."""
    from scipy.stats import beta

    return float(beta.ppf(alpha, count, n - count + 1)) if count else 0.0


check = Certified()
