"""One label per text.

The worked example are the rows of `example`. The head puts out one number per label; the answer is the largest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import fsum
from typing import TYPE_CHECKING, ClassVar

from beside.core.answers import Metric, Reading
from beside.tasks._task import Base

if TYPE_CHECKING:  # torch takes seconds to load, and intake needs none
    from torch import Tensor


class Classify(Base):
    """Single-label classification with cross-entropy."""

    example: ClassVar[tuple[Mapping[str, str], ...]] = (
        {"text": "I lost my card yesterday", "label": "lost_card"},
        {"text": "my wallet was stolen with the card in it", "label": "lost_card"},
        {"text": "please block my bank card, it is gone", "label": "lost_card"},
        {"text": "where did I leave that card, I cannot find it", "label": "lost_card"},
        {"text": "somebody took my purse and my card", "label": "lost_card"},
        {"text": "the card fell out of my pocket on the train", "label": "lost_card"},
        {"text": "please give me my money back", "label": "refund"},
        {"text": "I want a refund for the broken lamp", "label": "refund"},
        {"text": "return the payment to my account", "label": "refund"},
        {"text": "you charged me twice, refund one of them", "label": "refund"},
        {"text": "when will the refund for order nine arrive", "label": "refund"},
        {"text": "cancel the purchase and pay me back", "label": "refund"},
    )
    metrics: ClassVar[dict[str, Metric]] = {
        "macro_f1": Metric("macro-F1", "宏平均 F1"),
        "accuracy": Metric("accuracy", "准确率", "share"),
    }

    def encode(self, targets: Sequence[str], labels: Sequence[str], read: Sequence[Reading] = ()) -> Tensor:
        """Label positions, int64, shape (len(targets),)."""
        import torch

        position = {label: index for index, label in enumerate(labels)}
        return torch.tensor([position[target] for target in targets], dtype=torch.int64)

    def loss(self, logits_BK: Tensor, targets_B: Tensor, weights_K: Tensor | None, smoothing: float) -> Tensor:
        """Mean cross-entropy in nats; a row's loss is multiplied by the weight of its label.

        The mean is over rows, not over weights: then the batch that a row happens to share does not change how much it counts.
        """
        from torch.nn.functional import cross_entropy

        losses_B = cross_entropy(logits_BK, targets_B, weight=weights_K, label_smoothing=smoothing, reduction="none")
        return losses_B.mean()

    def log_probabilities(self, logits_BK: Tensor) -> Tensor:
        """Log probability of each label, (B, K), for losses that look at more than the right one."""
        from torch.nn.functional import log_softmax

        return log_softmax(logits_BK, dim=-1)

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
