"""Leave one word out: how much of the answer's probability goes with each word."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from beside.core.interfaces import Subject
from beside.core.types import Explanation, WordWeight

# scripts written without spaces: each character by itself; elsewhere a word, with an apostrophe or hyphen inside it
ALONE = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
WORD = re.compile(rf"[{ALONE}]|(?:(?![{ALONE}])\w)+(?:['\u2019-](?:(?![{ALONE}])\w)+)*")


@dataclass(frozen=True, kw_only=True)
class Occlusion:
    """Weight of a word = probability of the answer minus its probability without that word (Zeiler & Fergus 2014; Li et al. 2016).

    A positive weight spoke for the answer, a negative one against it; -1..1. Needs answers only, so it works on every subject.
    Of a longer text the first `words` are explained, and `Explanation.method` says so: "occlusion, first 200 of 345 words".
    """

    words: int = field(default=200, metadata={"unit": "words", "reason": "one question to the model per word; keeps it to seconds"})

    def explain(self, subject: Subject, text: str) -> Explanation:
        """How much each word spoke for the answer."""
        found = list(WORD.finditer(text))
        explained = found[: self.words]
        variants = [without(text, match.start(), match.end()) for match in explained]
        probabilities = subject.probabilities([text, *variants])  # (1 + words, labels)
        best = int(probabilities[0].argmax())
        whole = float(probabilities[0, best])
        weights = tuple(
            WordWeight(word=match.group(), start=match.start(), end=match.end(), weight=whole - float(left[best]))
            for match, left in zip(explained, probabilities[1:], strict=True)
        )
        method = "occlusion" if len(explained) == len(found) else f"occlusion, first {len(explained)} of {len(found)} words"
        return Explanation(label=subject.labels[best], probability=whole, method=method, words=weights)


def without(text: str, start: int, end: int) -> str:
    """The text less the characters start..end, and less the space that would otherwise be doubled."""
    before, after = text[:start], text[end:]
    return before + (after[1:] if after[:1] == " " and before[-1:] in ("", " ") else after)


explainer = Occlusion()
