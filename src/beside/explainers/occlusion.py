"""Leave one word out: how much of the answer's probability goes with each word."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from beside.core.interfaces import Subject
from beside.core.types import Explanation, WordWeight
from beside.core.wording import words
from beside.explainers._tokens import method


@dataclass(frozen=True, kw_only=True)
class Occlusion:
    """Weight of a word = probability of the answer minus its probability without that word (Zeiler & Fergus 2014; Li et al. 2016).

    A positive weight spoke for the answer, a negative one against it; -1..1. Needs answers only, so it works on every subject.
    Of a longer text the first `words` are explained, and `Explanation.method` says so: "occlusion, first 200 of 345 words".
    """

    words: int = field(default=200, metadata={"unit": "words", "reason": "one question to the model per word; keeps it to seconds"})

    asks_per_word: ClassVar[bool] = True

    def why_not(self, subject: Subject) -> str | None:
        return None

    def explain(self, subject: Subject, text: str) -> Explanation:
        """How much each word spoke for the answer."""
        found = words(text)
        explained = found[: self.words]
        variants = [without(text, word.start, word.end) for word in explained]
        probabilities = subject.probabilities([text, *variants])  # (1 + words, labels)
        best = int(probabilities[0].argmax())
        whole = float(probabilities[0, best])
        weights = tuple(
            WordWeight(word=word.text, start=word.start, end=word.end, weight=whole - float(left[best]))
            for word, left in zip(explained, probabilities[1:], strict=True)
        )
        return Explanation(
            label=subject.labels[best], probability=whole, method=method("occlusion", explained, found), words=weights
        )


def without(text: str, start: int, end: int) -> str:
    """The text less the characters start..end, and less the space that would otherwise be doubled."""
    before, after = text[:start], text[end:]
    return before + (after[1:] if after[:1] == " " and before[-1:] in ("", " ") else after)


explainer = Occlusion()
