"""Integrated gradients: what each word added on the way from a text of padding to this text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

from beside.core.interfaces import Differentiable, Inputs, Subject
from beside.core.types import Explanation
from beside.core.wording import words
from beside.explainers._tokens import inside, method, no_gradients, read_words, to_words

TOKENS = 4096  # of one forward pass: bounds memory


@dataclass(frozen=True, kw_only=True)
class IntegratedGradients:
    """Weight of a word = its part in what the text did to the probability of the answer (Sundararajan et al. 2017, by Captum).

    The path leads from the same text with padding for every word to the text itself; special tokens and punctuation stay where
    they are. The weights add up to the probability of the answer minus its probability with padding for words; by how much they
    miss that is `delta`. The number of steps (Gauss-Legendre) doubles until the miss is small.
    """

    steps: int = field(default=12, metadata={"unit": "points on the path", "reason": "enough for most texts; doubled when not"})
    most: int = field(default=48, metadata={"unit": "points on the path", "reason": "a few texts never settle; delta says so"})
    tolerance: float = field(default=0.05, metadata={"unit": "probability", "reason": "less costs twice the time; delta is told"})

    asks_per_word: ClassVar[bool] = False

    def why_not(self, subject: Subject) -> str | None:
        return no_gradients(subject)

    def explain(self, subject: Subject, text: str) -> Explanation:
        """How much each word spoke for the answer."""
        found = words(text)
        with cast(Differentiable, subject).inputs_of(text) as inputs:
            explained = read_words(inputs.spans, found)
            weights, label, probability, delta = self.attributed(inputs, inside(inputs.spans, explained))
        return Explanation(
            label=subject.labels[label],
            probability=probability,
            method=method("integrated_gradients", explained, found),
            words=to_words(weights, inputs.spans, explained),
            delta=delta,
        )

    def attributed(self, inputs: Inputs, places: list[bool]) -> tuple[list[float], int, float, float]:
        """Weight of each token, index and probability of the answer, and by how much the weights miss their sum."""
        import torch
        from captum.attr import IntegratedGradients as Captum

        baseline = inputs.baseline(places)
        with torch.no_grad():
            ends: Any = inputs.probabilities(torch.cat([inputs.embeddings, baseline]))  # (2, K)
        label = int(ends[0].argmax())
        way = float(ends[0, label] - ends[1, label])
        path, steps = Captum(inputs.probabilities), self.steps
        at_once = max(1, TOKENS // len(inputs.spans))
        while True:
            grown = path.attribute(
                inputs.embeddings, baselines=baseline, target=label, n_steps=steps, internal_batch_size=min(steps, at_once)
            )
            weights: list[float] = grown[0].sum(-1).tolist()
            delta = sum(weights) - way
            if abs(delta) <= self.tolerance or steps >= self.most:
                return weights, label, float(ends[0, label]), delta
            steps *= 2


explainer = IntegratedGradients()
