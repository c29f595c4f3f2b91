"""Can somebody change the answer with words that fit the context? A masked language model says which ones do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from beside.checks._rows import no_labelled_rows
from beside.checks.robustness._attack import metrics, near_only, sampled, told
from beside.core.attacking import Limits, attack
from beside.core.interfaces import Subject
from beside.core.registry import load
from beside.core.types import Measurement, Splits


@dataclass(frozen=True, kw_only=True)
class MaskedWords:
    """Share of right answers that guessed words change, 0..1, lower is better (Wilson intervals).

    As BAE (Garg & Ramakrishnan 2020) and BERT-Attack (Li et al. 2020): each word is hidden, the masked language model of the
    run's own base, or of a folder, guesses what else may stand there, and a greedy search picks among the guesses. They fit the
    context and may mean the opposite, so the raw rate is high for any model; the checked rate asks for words and sentences that
    lie as near to each other as TFAdjusted does (Morris et al. 2020).
    """

    rows: int = field(default=60, metadata={"unit": "test rows", "reason": "each word costs a pass of the guessing model"})
    queries: int = field(default=200, metadata={"unit": "texts a row", "reason": "most rows end well before it"})
    share: float = field(default=0.4, metadata={"unit": "share of words", "reason": "BERT-Attack's; more is another text"})
    sentence: float = field(default=0.7, metadata={"unit": "cosine", "reason": "as for replaced words"})
    checked_word: float = field(default=0.9, metadata={"unit": "cosine", "reason": "TFAdjusted: people see the same meaning"})
    checked_sentence: float = field(default=0.98, metadata={"unit": "cosine", "reason": "TFAdjusted: people see the same meaning"})
    folder: str = field(default="", metadata={"unit": "folder", "reason": "a masked language model; empty: the run's own base"})
    shown: int = field(default=20, metadata={"unit": "rows", "reason": "fooled rows kept for a person to read"})
    base: Any = field(default=None, metadata={"given": True})
    filler: Any = field(default=None, metadata={"given": True})

    zh: ClassVar[str] = "用合乎上下文的词能改变回答吗？由掩码语言模型来猜哪些词合适。"
    metrics: ClassVar[dict[str, tuple[str, str]]] = metrics("masked_words", "guessed words", "猜词攻击")
    passes: ClassVar[int] = 4

    def why_not(self, subject: Subject, splits: Splits) -> str | None:
        if (why := no_labelled_rows(subject, splits)) or self.filler is not None or self.folder:
            return why
        return "The base of this model has no mask head to guess words with; name a folder that has one (option `folder`)."

    def measure(self, subject: Subject, splits: Splits, rng: np.random.Generator) -> Iterator[Measurement]:
        """Raises NotEnoughData when no row was answered rightly, BadInput for a folder without a masked language model."""
        rows = sampled(splits, self.rows, rng)
        texts, targets, known = [text for text, _ in rows], [target for _, target in rows], self.base or subject
        given = {"folder": self.folder} if self.folder else {"filler": self.filler}
        spots = replace(load("perturbations", "masked_words"), **given).spots_of(texts)
        limits = Limits(share=self.share, queries=self.queries, sentence=self.sentence)
        loose = attack(subject, texts, targets, spots, limits=limits, embed=known.embed)
        near, limits = near_only(spots, texts, known.embed, self.checked_word), replace(limits, sentence=self.checked_sentence)
        tight = attack(subject, texts, targets, near, limits=limits, embed=known.embed)
        yield from told("masked_words", loose, tight, self.shown, rng, {"source": self.folder or "the run's own base"})


check = MaskedWords()
