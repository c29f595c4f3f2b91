"""One label per text.

Worked examples: "I lost my card yesterday" -> "lost_card"; "please give me my money back" -> "refund". The head puts out one number
per label; the answer is the largest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from math import fsum

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, log_softmax

from beside.core.types import Example


class Classify:
    """Single-label classification with cross-entropy."""

    def labels(self, examples: Iterable[Example]) -> tuple[str, ...]:
        """Every target that occurs, sorted."""
        return tuple(sorted({example.target for example in examples if example.target is not None}))

    def outputs(self, labels: Sequence[str]) -> int:
        """One number per label."""
        return len(labels)

    def encode(self, targets: Sequence[str], labels: Sequence[str]) -> Tensor:
        """Label positions, int64, shape (len(targets),)."""
        position = {label: index for index, label in enumerate(labels)}
        return torch.tensor([position[target] for target in targets], dtype=torch.int64)

    def loss(self, logits_BK: Tensor, targets_B: Tensor, weights_K: Tensor | None, smoothing: float) -> Tensor:
        """Mean cross-entropy in nats; a row's loss is multiplied by the weight of its label.

        The mean is over rows, not over weights: then the batch that a row happens to share does not change how much it counts.
        """
        losses_B = cross_entropy(logits_BK, targets_B, weight=weights_K, label_smoothing=smoothing, reduction="none")
        return losses_B.mean()

    def log_probabilities(self, logits_BK: Tensor) -> Tensor:
        """Log probability of each label, (B, K)."""
        return log_softmax(logits_BK, dim=-1)

    def decode(self, logits_NK: np.ndarray, labels: Sequence[str]) -> list[str]:
        """The label with the largest number, for each row."""
        return [labels[index] for index in logits_NK.argmax(axis=1)]

    def score(self, answers: Sequence[str], targets: Sequence[str], labels: Sequence[str]) -> dict[str, float]:
        """Macro-F1 over the labels that occur, and accuracy; both 0..1, higher is better."""
        right = Counter(target for answer, target in zip(answers, targets, strict=True) if answer == target)
        said, wanted = Counter(answers), Counter(targets)
        # 2 TP / (2 TP + FP + FN), as scikit-learn has it; that library takes two seconds to load, and serving needs nothing of it
        shares = [2 * right[label] / (said[label] + wanted[label]) for label in said.keys() | wanted.keys()]
        return {"macro_f1": fsum(shares) / len(shares), "accuracy": right.total() / len(targets)}

    def report(self, answers: Sequence[str], targets: Sequence[str]) -> str:
        """Precision, recall, F1 and support per label, as scikit-learn prints them."""
        from sklearn.metrics import classification_report  # slow to load: only when a person asked for the table

        return str(classification_report(targets, answers, digits=3, zero_division=0))


task = Classify()
