"""Words that may replace words in an attack: synonyms of a thesaurus, and the nearest words of the training text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from beside.checks._rows import no_labelled_rows
from beside.checks.robustness._attack import merged, near_only, sampled, told
from beside.core.attacking import Attacked, Limits, attack
from beside.core.edits import Spot
from beside.core.interfaces import Subject
from beside.core.near_words import nearest as nearest
from beside.core.near_words import vocabulary
from beside.core.registry import load
from beside.core.types import Example, Measurement, Splits


@dataclass(frozen=True, kw_only=True)
class Replacing:
    """Options and course of an attack that replaces words; a check names its search."""

    rows: int = field(default=100, metadata={"unit": "test rows", "reason": "an interval of 20 points at most, in seconds"})
    queries: int = field(default=200, metadata={"unit": "texts a row", "reason": "most rows end well before it"})
    share: float = field(default=0.4, metadata={"unit": "share of words", "reason": "BERT-Attack's; more is another text"})
    word: float = field(default=0.5, metadata={"unit": "cosine", "reason": "TextFooler's first published threshold for words"})
    sentence: float = field(default=0.7, metadata={"unit": "cosine", "reason": "TextFooler's published threshold for sentences"})
    checked_word: float = field(default=0.9, metadata={"unit": "cosine", "reason": "TFAdjusted: people see the same meaning"})
    checked_sentence: float = field(default=0.98, metadata={"unit": "cosine", "reason": "TFAdjusted: people see the same meaning"})
    others: int = field(default=12, metadata={"unit": "words a word", "reason": "the nearest; further ones seldom pass"})
    resource: str = field(default="", metadata={"unit": "path", "reason": "a thesaurus; empty: what BESIDE_SYNONYMS names"})
    shown: int = field(default=20, metadata={"unit": "rows", "reason": "fooled rows kept for a person to read"})
    base: Any = field(default=None, metadata={"given": True})

    def why_not(self, subject: Subject, splits: Splits) -> str | None:
        if reason := no_labelled_rows(subject, splits):
            return reason
        return None if splits.train else "The corpus has no training rows."

    def two_runs(self, name: str, search: str, subject: Subject, splits: Splits, rng: np.random.Generator) -> Iterator[Measurement]:
        """The attack with loose constraints and with tight ones. Raises NotEnoughData when no row was answered rightly."""
        rows = sampled(splits, self.rows, rng)
        texts, known = [text for text, _ in rows], self.base or subject
        spots = self.spots(texts, known, splits.train)

        def run(word: float, sentence: float) -> list[Attacked]:
            limits = Limits(share=self.share, queries=self.queries, sentence=sentence)
            places = near_only(spots, texts, known.embed, word)
            return attack(
                subject, texts, [target for _, target in rows], places, limits=limits, search=search, embed=known.embed, rng=rng
            )

        loose, tight = run(self.word, self.sentence), run(self.checked_word, self.checked_sentence)
        source = "thesaurus and nearest words" if self.synonyms().paths() else "nearest words"
        yield from told(name, loose, tight, self.shown, rng, {"source": source})

    def loosely(self, subject: Subject, rows: Sequence[tuple[str, str]], train: Sequence[Example]) -> list[Attacked]:
        """Rows, each a text and its right label, attacked as the raw rate counts it: greedily, under the loose constraints."""
        texts, known = [text for text, _ in rows], self.base or subject
        spots = near_only(self.spots(texts, known, train), texts, known.embed, self.word)
        limits = Limits(share=self.share, queries=self.queries, sentence=self.sentence)
        return attack(subject, texts, [target for _, target in rows], spots, limits=limits, embed=known.embed)

    def spots(self, texts: Sequence[str], known: Subject, train: Sequence[Example]) -> list[list[Spot]]:
        """Where words may be replaced in each text, and by what."""
        synonyms = self.synonyms()
        near = replace(synonyms, inflected=True, neighbours=nearest(known, train, self.word, self.others))
        alike = replace(synonyms, vocabulary=frozenset(vocabulary(train)))
        given = [alike.spots if synonyms.paths() else lambda text: [], near.spots if near.neighbours else lambda text: []]
        return [merged(*(find(text) for find in given)) for text in texts]

    def synonyms(self) -> Any:
        """The perturbation with this check's thesaurus."""
        return replace(load("perturbations", "synonyms"), resource=self.resource)
