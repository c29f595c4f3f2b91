"""One label for two texts: same or different, entailed or contradicted.

Both texts are read together, as BERT reads a pair: [CLS] a [SEP] b [SEP] with token types; a pair that is too long loses tokens
from the end of its longer text. How alike two texts are, as a number, is the task `grade` on pairs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import sqrt
from typing import ClassVar

from beside.core.answers import Metric
from beside.tasks.classify import Classify


class Match(Classify):
    """Classification of pairs with cross-entropy: a cross-encoder."""

    example: ClassVar[tuple[Mapping[str, str], ...]] = (
        {"text": "how do I block my card", "pair": "I want to stop my card from being used", "label": "same"},
        {"text": "when will my parcel arrive", "pair": "what day does the delivery come", "label": "same"},
        {"text": "I forgot my password", "pair": "cannot remember the code to log in", "label": "same"},
        {"text": "what is the fee abroad", "pair": "how much does paying in another country cost", "label": "same"},
        {"text": "close the account please", "pair": "I would like to end my account with you", "label": "same"},
        {"text": "can I change the address", "pair": "we moved, how is the new street entered", "label": "same"},
        {"text": "is my money insured", "pair": "what happens to savings if the bank fails", "label": "same"},
        {"text": "open an account for my child", "pair": "how do I sign up my daughter", "label": "same"},
        {"text": "why was my transfer refused", "pair": "how long does a transfer take", "label": "different"},
        {"text": "my phone was stolen", "pair": "which phones run the app", "label": "different"},
        {"text": "raise the limit of the card", "pair": "what colour does the card have", "label": "different"},
        {"text": "how old must I be for a loan", "pair": "where is the next branch", "label": "different"},
        {"text": "a shop charged me twice", "pair": "do shops take this card", "label": "different"},
        {"text": "send me a statement on paper", "pair": "is there a fee for cash", "label": "different"},
        {"text": "the machine kept my card", "pair": "does the machine print receipts", "label": "different"},
        {"text": "who can see my account", "pair": "how do I print the contract", "label": "different"},
    )
    metrics: ClassVar[dict[str, Metric]] = {
        "macro_f1": Metric("macro-F1", "宏平均 F1"),
        "accuracy": Metric("accuracy", "准确率", "share"),
        "mcc": Metric("Matthews correlation (MCC)", "马修斯相关系数（MCC）", "correlation", lowest=-1.0),
    }
    pairs: ClassVar = "must"

    def score(self, answers: Sequence[str], targets: Sequence[str], labels: Sequence[str]) -> dict[str, float]:
        """Macro-F1 and accuracy, 0..1, and Matthews' correlation, -1..1, which 0 is no better than chance; higher is better."""
        return {**super().score(answers, targets, labels), "mcc": matthews(answers, targets)}


def matthews(answers: Sequence[str], targets: Sequence[str]) -> float:
    """Correlation of answers and targets, for any number of labels (Gorodkin 2004); 0 when either is always the same."""
    n, right = len(targets), sum(answer == target for answer, target in zip(answers, targets, strict=True))
    said, wanted = Counter(answers), Counter(targets)
    both = sum(said[label] * wanted[label] for label in said)
    spread = (n * n - sum(count**2 for count in said.values())) * (n * n - sum(count**2 for count in wanted.values()))
    return (right * n - both) / sqrt(spread) if spread else 0.0


task = Match()
