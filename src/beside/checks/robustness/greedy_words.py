"""Can somebody change the answer by replacing words? The most important words are replaced first, as TextFooler does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from beside.checks.robustness._attack import metrics
from beside.checks.robustness._replacing import Replacing
from beside.core.interfaces import Subject
from beside.core.types import Measurement, Splits


@dataclass(frozen=True, kw_only=True)
class GreedyWords(Replacing):
    """Share of right answers that replaced words change, 0..1, lower is better (Wilson intervals).

    The search is TextFooler's (Jin et al. 2020): words in the order of what the answer loses without them, each replaced by the
    other that hurts most. Others come from a thesaurus of yours and from the nearest words of the training text in the base
    model's embeddings, without those that speak for other labels. Negations, numbers, names and words of grammar stay; for want
    of a tagger, a word's part of speech is kept by its ending (-ing, -ed, -ly, -s). `words_success` takes TextFooler's
    thresholds, `words_checked_success` those of TFAdjusted (Morris et al. 2020); cosines are of another encoder than theirs.
    """

    zh: ClassVar[str] = "有人换几个词就能改变回答吗？按 TextFooler 的办法，先换最要紧的词。"
    metrics: ClassVar[dict[str, tuple[str, str]]] = metrics("words", "replaced words", "换词攻击")
    passes: ClassVar[int] = 6

    def measure(self, subject: Subject, splits: Splits, rng: np.random.Generator) -> Iterator[Measurement]:
        """Raises NotEnoughData when no row was answered rightly, BadInput for a thesaurus that cannot be read."""
        yield from self.two_runs("words", "greedy", subject, splits, rng)


check = GreedyWords()
