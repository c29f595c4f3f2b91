"""From tokens to words: what explainers that look inside the model share."""

from __future__ import annotations

from collections.abc import Sequence

from beside.core.interfaces import Subject
from beside.core.types import WordWeight
from beside.core.wording import Word

Spans = Sequence[tuple[int, int]]


def no_gradients(subject: Subject) -> str | None:
    """Why gradients cannot be taken; None when they can."""
    return None if hasattr(subject, "inputs_of") else "This model gives answers only; its gradients cannot be taken."


def inside(spans: Spans, words: Sequence[Word]) -> list[bool]:
    """Whether each token belongs to a word; special tokens and punctuation do not."""
    return [any(start < word.end and word.start < end for word in words) for start, end in spans]


def read_words(spans: Spans, words: Sequence[Word]) -> list[Word]:
    """The words that the model reads: of a longer text those before the cut."""
    last = max((end for _, end in spans), default=0)
    return [word for word in words if word.start < last]


def to_words(weights: Sequence[float], spans: Spans, words: Sequence[Word]) -> tuple[WordWeight, ...]:
    """The weights of tokens summed to words; a token that covers several words is shared by characters."""
    sums = [0.0] * len(words)
    for weight, (start, end) in zip(weights, spans, strict=True):
        shares = {
            place: min(end, word.end) - max(start, word.start)
            for place, word in enumerate(words)
            if start < word.end and word.start < end
        }
        for place, share in shares.items():
            sums[place] += weight * share / sum(shares.values())
    return tuple(WordWeight(word=word.text, start=word.start, end=word.end, weight=sums[place]) for place, word in enumerate(words))


def method(name: str, explained: Sequence[Word], words: Sequence[Word]) -> str:
    """The explainer's name and how much of the text it explained."""
    return name if len(explained) == len(words) else f"{name}, first {len(explained)} of {len(words)} words"
