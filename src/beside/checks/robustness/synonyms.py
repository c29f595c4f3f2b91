"""Does the answer survive other words for the same thing? Each test row is asked once more with synonyms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from beside.checks._flips import ask
from beside.checks._rows import labelled, measured, no_labelled_rows
from beside.core.errors import NotEnoughData
from beside.core.interfaces import Subject
from beside.core.near_words import near_words, vocabulary
from beside.core.registry import load
from beside.core.types import Measurement, Splits


@dataclass(frozen=True, kw_only=True)
class SynonymFlips:
    """Share of test rows whose answer changes when words are replaced by synonyms, 0..1, lower is better (Wilson interval).

    Synonyms come from a thesaurus of yours (Open English WordNet, Cilin): option `resource`, or the environment variable
    BESIDE_SYNONYMS; a synonym must also occur in the training text, so that it is a word of the trade. Without a thesaurus the
    nearest words of the training text are taken, in the embeddings of the base model before its fine-tuning; nearness is no
    synonymy, so words are left out whose labels differ clearly, and the evidence says `nearest words`.
    `accuracy_under_synonyms` is the accuracy on the copies, higher is better.
    """

    shown: int = field(default=20, metadata={"unit": "rows", "reason": "flips kept as examples for a person to read"})
    resource: str = field(default="", metadata={"unit": "path", "reason": "a thesaurus; empty: what BESIDE_SYNONYMS names"})
    nearness: float = field(default=0.6, metadata={"unit": "cosine", "reason": "below it neighbours are mostly other words"})
    base: Any = field(default=None, metadata={"given": True})

    zh: ClassVar[str] = "换成意思相同的词，回答还在吗？每个测试行换上同义词再问一次。"
    metrics: ClassVar[dict[str, tuple[str, str]]] = {
        "synonym_flip_rate": ("share of answers that synonyms flip", "同义词造成的翻转率"),
        "accuracy_under_synonyms": ("accuracy under synonyms", "换同义词后的准确率"),
    }
    passes: ClassVar[int] = 2

    def why_not(self, subject: Subject, splits: Splits) -> str | None:
        if reason := no_labelled_rows(subject, splits):
            return reason
        if not splits.train:
            return "The corpus has no training rows."
        if self.base is None and not self.synonyms().paths():
            return "There is no thesaurus, and this base model knows no words before it is trained."
        return None

    def measure(self, subject: Subject, splits: Splits, rng: np.random.Generator) -> Iterator[Measurement]:
        """Raises NotEnoughData when no test row holds a word with a known synonym, BadInput for a thesaurus that cannot be read."""
        rows, words = labelled(splits), vocabulary(splits.train)
        synonyms = self.synonyms()
        if synonyms.paths():
            ready, source = replace(synonyms, vocabulary=frozenset(words)), "thesaurus"
        else:
            ready, source = replace(synonyms, neighbours=near_words(self.base, splits.train, self.nearness)), "nearest words"
        known = source == "thesaurus" or ready.neighbours
        flips = ask(subject, rows, [ready.edit(text, rng) if known else text for text, _ in rows])
        if not len(flips):
            raise NotEnoughData(f"None of the {len(rows)} test rows holds a word with a known synonym.", "Name a thesaurus.")
        evidence = flips.examples(self.shown) | {"source": source}
        yield measured("synonym_flip_rate", "share", "lower", flips.rate(), evidence)
        yield measured("accuracy_under_synonyms", "share", "higher", flips.accuracy())

    def synonyms(self) -> Any:
        """The perturbation with this check's thesaurus."""
        return replace(load("perturbations", "synonyms"), resource=self.resource)


check = SynonymFlips()
