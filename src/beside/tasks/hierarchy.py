"""Labels in levels, `account/card/lost`: one softmax over the leaves; what an inner node gets is the sum of what lies below it.

So the probabilities of all levels agree by construction: no card is more probable than an account. A label may stop at any level.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from beside.core.answers import Metric, Reading, Said
from beside.core.labels import LabelBook
from beside.tasks._task import Scorer, f1
from beside.tasks.classify import Classify

BETWEEN = "/"


class PathBook(LabelBook):
    """Paths, without the spaces that people put around the strokes."""

    def add(self, spelling: str) -> int:
        parts = [part.strip() for part in spelling.split(BETWEEN)]
        if not all(parts):
            raise ValueError(f"holds a path with an empty level: {spelling[:60]}")
        return super().add(BETWEEN.join(parts))


class Hierarchy(Classify):
    """Flat cross-entropy over leaves, scored and answered on every level."""

    example: ClassVar[tuple[Mapping[str, str], ...]] = (
        {"text": "my card is gone since this morning", "label": "account/card/lost"},
        {"text": "I cannot find the bank card", "label": "account/card/lost"},
        {"text": "somebody stole my purse with the card", "label": "account/card/lost"},
        {"text": "please send a card in another colour", "label": "account/card/order"},
        {"text": "I would like a second card for my wife", "label": "account/card/order"},
        {"text": "order a new card, mine expires in May", "label": "account/card/order"},
        {"text": "close my account at the end of the year", "label": "account/close"},
        {"text": "I want to leave this bank", "label": "account/close"},
        {"text": "end the contract and pay out the rest", "label": "account/close"},
        {"text": "can I pay the loan back earlier", "label": "loan/repay"},
        {"text": "what does early repayment cost", "label": "loan/repay"},
        {"text": "stop the monthly rate of my loan", "label": "loan/repay"},
        {"text": "how much may I borrow for a house", "label": "loan/apply"},
        {"text": "I need money for a new kitchen", "label": "loan/apply"},
        {"text": "which papers do you need for a loan", "label": "loan/apply"},
    )
    metrics: ClassVar[dict[str, Metric]] = {
        "macro_f1": Metric("macro-F1", "宏平均 F1"),
        "accuracy": Metric("accuracy", "准确率", "share"),
        "hierarchical_f1": Metric("hierarchical F1", "层级 F1"),
        "top_accuracy": Metric("accuracy of the first level", "第一层的准确率", "share"),
    }

    def book(self) -> LabelBook:
        return PathBook()

    def scorer(self, answers: Sequence[str], targets: Sequence[str], labels: Sequence[str]) -> Scorer:
        """Macro-F1 and accuracy of leaves, hierarchical F1 and accuracy of the first level; 0..1, higher is better.

        Hierarchical F1 counts every level of a path as a label, micro-averaged (Kiritchenko et al. 2006): an answer that is right
        on two of three levels is worth more than one that is wrong from the first.
        """
        pairs = [(set(nodes(answer)), set(nodes(target))) for answer, target in zip(answers, targets, strict=True)]
        hits, said, wanted = (np.array(column) for column in zip(*((len(a & t), len(a), len(t)) for a, t in pairs), strict=True))
        first = np.array([nodes(a)[0] == nodes(t)[0] for a, t in zip(answers, targets, strict=True)])

        def of(rows: np.ndarray) -> dict[str, float]:
            flat = Classify.score(self, [answers[row] for row in rows], [targets[row] for row in rows], labels)
            sums = (part[rows].sum() for part in (hits, said, wanted))
            return {**flat, "hierarchical_f1": float(f1(*sums)), "top_accuracy": float(first[rows].mean())}

        return of

    def score(self, answers: Sequence[str], targets: Sequence[str], labels: Sequence[str]) -> dict[str, float]:
        return self.scorer(answers, targets, labels)(np.arange(len(targets)))

    def answers(self, logits: np.ndarray, temperature: float, labels: Sequence[str], read: Sequence[Reading] = ()) -> list[Said]:
        """The most probable leaf; in the task's own form its path and the probability of every node."""
        found = []
        for said in super().answers(logits, temperature, labels, read):
            shares = sums(said.probabilities)
            path = [{"label": node, "probability": round(shares[node], 6)} for node in nodes(said.label)]
            form: dict[str, Any] = {"path": path, "nodes": {node: round(share, 6) for node, share in sorted(shares.items())}}
            found.append(Said(label=said.label, probability=said.probability, probabilities=said.probabilities, answer=form))
        return found


def nodes(path: str) -> list[str]:
    """Every level of a path, the first level first: account, account/card, account/card/lost."""
    parts = path.split(BETWEEN)
    return [BETWEEN.join(parts[: depth + 1]) for depth in range(len(parts))]


def sums(leaves: dict[str, float]) -> dict[str, float]:
    """Node -> its probability: what it has as a label itself and what all below it have."""
    found: dict[str, float] = {}
    for leaf, share in leaves.items():
        for node in nodes(leaf):
            found[node] = found.get(node, 0.0) + share
    return found


task = Hierarchy()
