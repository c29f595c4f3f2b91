"""Words for a place before a text, in the order of what they would do to an answer, to first order: HotFlip.

Ebrahimi et al. 2018, "HotFlip: White-Box Adversarial Examples for Text Classification"; for words before any text Wallace et al.
2019, "Universal Adversarial Triggers for Attacking and Analyzing NLP". The change of the loss when a word takes the place of
another is the difference of their embeddings times the loss's gradient there: one pass tells it of all words at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from beside.core.interfaces import Differentiable, Inputs, Subject

LEAST = 1e-12  # a probability of 0 has no logarithm


class HotFlip:
    """Guidance by gradients on one model.

    Args:
        subject: a `Differentiable`.
        words: those that may be put before a text.
    """

    def __init__(self, subject: Subject, words: Sequence[str]) -> None:
        self.subject, self.words = cast(Differentiable, subject), list(words)
        self.vectors = np.array([self.vector(word) for word in self.words])

    def vector(self, word: str) -> np.ndarray:
        """The mean of a word's rows of the embedding table, (H,)."""
        with self.subject.inputs_of(word) as inputs:
            found: np.ndarray = inputs.embeddings.detach()[0].cpu().numpy()[within(inputs, 0, len(word))].mean(axis=0)
        return found

    def best(self, trigger: Sequence[str], joint: str, place: int, texts: Sequence[str], column: int) -> list[str]:
        """The words in the order of how far, to first order, they would lower a label's log-probability in that place.

        Args:
            trigger: the words that stand before each text now.
            joint: what stands between them.
            place: which of them is to be replaced.
            texts: on which the gradient is averaged.
            column: of the label.
        """
        start = sum(len(word) + len(joint) for word in trigger[:place])
        gradient = np.zeros(self.vectors.shape[1])
        for text in texts:
            with self.subject.inputs_of(joint.join([*trigger, text])) as inputs:
                rows = inputs.embeddings.detach().clone().requires_grad_()
                inputs.probabilities(rows)[0, column].clamp_min(LEAST).log().backward()
                gradient += rows.grad[0].cpu().numpy()[within(inputs, start, start + len(trigger[place]))].sum(axis=0)
        return [self.words[int(one)] for one in np.argsort(self.vectors @ gradient, kind="stable")]


def within(inputs: Inputs, start: int, end: int) -> list[bool]:
    """Which tokens stand for these characters."""
    return [first < end and start < last for first, last in inputs.spans]
