"""The best candidates for a query: a question finds its answer, a search its page.

A row is a query (`text`), a candidate (`pair`) and how relevant it is: 1 or 0, a grade 0..3, or no label column at all, and
then every row is a relevant pair. The knob `ranker` says how the two are read: apart, as a bi-encoder, whose cosines find one
among any number of candidates, or together, as a cross-encoder, which orders the first 50 that BM25 finds anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from beside.core.answers import Metric, Reading, Said
from beside.core.labels import LabelBook, TargetBook
from beside.core.recipe import Recipe
from beside.core.types import Example
from beside.tasks._negatives import sampled
from beside.tasks._task import Base, Scorer, as_tensor, sigmoid

if TYPE_CHECKING:  # torch takes seconds to load, and intake needs none
    from torch import Tensor

RELEVANT = "relevant"  # the one label: rows that carry it are what is learned
GRADES = ("0", "1", "2", "3")
YES, NO = ("true", "yes", "relevant", "是", "相关"), ("false", "no", "irrelevant", "否", "不相关")
YES_NO = {**dict.fromkeys(YES, "1"), **dict.fromkeys(NO, "0")}
LEAST = 0.1  # share of the tune split's relevant pairs that may score below the threshold


@dataclass(frozen=True)
class Rank(Base):
    """Ranking by multiple-negatives loss over a batch (Henderson et al. 2017), or by cross-entropy against sampled negatives."""

    ranker: str = "bi-encoder"
    threshold: float = 0.5  # score from which a single pair is called relevant; of a bi-encoder found on the tune split
    highest: int = 1  # grade of the training rows

    example: ClassVar[tuple[Mapping[str, str], ...]] = (
        {"text": "how do I block my card", "pair": "Cards are blocked in the app under Safety.", "label": "1"},
        {"text": "stop my stolen card", "pair": "Cards are blocked in the app under Safety.", "label": "1"},
        {"text": "how do I block my card", "pair": "Parcels arrive within three working days.", "label": "0"},
        {"text": "when does my parcel arrive", "pair": "Parcels arrive within three working days.", "label": "1"},
        {"text": "how long does the delivery take", "pair": "Parcels arrive within three working days.", "label": "1"},
        {"text": "I forgot my password", "pair": "A new password is sent to your address.", "label": "1"},
        {"text": "cannot log in any more", "pair": "A new password is sent to your address.", "label": "1"},
        {"text": "cannot log in any more", "pair": "Savings are insured up to 100,000.", "label": "0"},
        {"text": "is my money safe", "pair": "Savings are insured up to 100,000.", "label": "1"},
        {"text": "what if the bank fails", "pair": "Savings are insured up to 100,000.", "label": "1"},
        {"text": "close the account please", "pair": "Accounts are closed by letter or in a branch.", "label": "1"},
        {"text": "I want to end my contract", "pair": "Accounts are closed by letter or in a branch.", "label": "1"},
        {"text": "give my money back", "pair": "Refunds are paid within a week.", "label": "1"},
        {"text": "where is my refund", "pair": "Refunds are paid within a week.", "label": "1"},
        {"text": "you charged me twice", "pair": "Refunds are paid within a week.", "label": "1"},
        {"text": "what does paying abroad cost", "pair": "Paying in another currency costs one percent.", "label": "1"},
        {"text": "the fee in another country", "pair": "Paying in another currency costs one percent.", "label": "1"},
        {"text": "the fee in another country", "pair": "Refunds are paid within a week.", "label": "0"},
    )
    metrics: ClassVar[dict[str, Metric]] = {
        "mrr": Metric("mean reciprocal rank (MRR)", "平均倒数排名（MRR）"),
        "ndcg_10": Metric("nDCG of the first 10", "前 10 个的 nDCG"),
        "recall_1": Metric("recall in the first place", "第 1 位的召回率", "share"),
        "recall_5": Metric("recall in the first 5", "前 5 个的召回率", "share"),
        "recall_10": Metric("recall in the first 10", "前 10 个的召回率", "share"),
    }
    single: ClassVar = False
    pairs: ClassVar = "must"
    exact: ClassVar = False
    fewest: ClassVar = 1
    pipeline: ClassVar = "sentence-similarity"
    ranks: ClassVar = True

    @property
    def apart(self) -> bool:
        """Whether query and candidate are read one by one."""
        return self.ranker == "bi-encoder"

    def configured(self, recipe: Recipe) -> Rank:
        return replace(self, ranker=recipe.ranker)

    def learned(self, examples: Sequence[Example], recipe: Recipe) -> list[Example]:
        """The training rows; for a model that reads both together with negatives, for one that reads them apart as they are."""
        if self.apart:
            return list(examples)
        return sampled(examples, recipe.negatives, recipe.negatives_from == "hard", recipe.seed)

    def book(self) -> LabelBook:
        return RelevanceBook(canonical, self.members)

    def labels(self, targets: Any) -> tuple[str, ...]:
        """One, where any row is relevant."""
        return (RELEVANT,) if any(self.members(target) for target in targets) else ()

    def members(self, target: str) -> list[str]:
        """Whether the candidate is relevant at all."""
        return [RELEVANT] if int(target) > 0 else []

    def checked(self, said: str, labels: Sequence[str]) -> str:
        """Any text may be the right candidate."""
        if not said.strip():
            raise ValueError("The right candidate is a text.")
        return said

    def outputs(self, labels: Sequence[str]) -> int:
        """One score of a pair that is read together; none where cosines are the scores."""
        return 0 if self.apart else 1

    def ready(self, targets: Sequence[str], labels: Sequence[str]) -> Rank:
        return replace(self, highest=max(map(int, targets), default=1) or 1)

    def tuned(self, logits: np.ndarray, targets: Sequence[str], labels: Sequence[str]) -> Rank:
        """A bi-encoder with the cosine that nine in ten relevant pairs of the tune split reach."""
        relevant = [score for score, target in zip(logits[:, 0].tolist(), targets, strict=True) if int(target) > 0]
        return replace(self, threshold=float(np.quantile(relevant, LEAST))) if self.apart and relevant else self

    def temperature(self, logits: np.ndarray, targets: Sequence[str], labels: Sequence[str]) -> float:
        return 1.0

    def settings(self) -> dict[str, Any]:
        return {"ranker": self.ranker, "threshold": self.threshold, "highest": self.highest}

    def encode(self, targets: Sequence[str], labels: Sequence[str], read: Sequence[Reading] = ()) -> Tensor:
        """Grades as shares of the highest, float32, shape (len(targets),)."""
        return as_tensor(np.array([int(target) / self.highest for target in targets], dtype=np.float32).clip(0, 1))

    def loss(self, logits_B1: Tensor, targets_B: Tensor, weights_K: Tensor | None, smoothing: float) -> Tensor:
        """Mean binary cross-entropy of pairs, in nats."""
        from torch.nn.functional import binary_cross_entropy_with_logits

        wanted_B = targets_B * (1 - smoothing) + smoothing / 2
        return binary_cross_entropy_with_logits(logits_B1[:, 0], wanted_B)

    def fit_head(
        self, vectors: np.ndarray, targets: Sequence[str], labels: Sequence[str], *, strength: float, balanced: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """Logistic regression on vectors of pairs that were read together; without any row of one kind, the log-odds."""
        from sklearn.linear_model import LogisticRegression

        truth_N = np.array([int(target) > 0 for target in targets])
        weights_1H, biases_1 = np.zeros((1, vectors.shape[1]), np.float32), np.zeros(1, np.float32)
        if truth_N.all() or not truth_N.any():
            biases_1[0] = np.log((truth_N.sum() + 0.5) / ((~truth_N).sum() + 0.5))
            return weights_1H, biases_1
        weigh = "balanced" if balanced else None
        machine = LogisticRegression(C=strength, max_iter=300, class_weight=weigh).fit(vectors, truth_N)
        return machine.coef_.astype(np.float32), machine.intercept_.astype(np.float32)

    def probabilities(self, logits: np.ndarray, temperature: float) -> np.ndarray:
        """What a score means, (n, 1): the cosine itself, -1..1, or the probability that the pair is relevant, 0..1."""
        return logits if self.apart else sigmoid(logits)

    def decode(self, logits: np.ndarray, labels: Sequence[str], read: Sequence[Reading] = ()) -> list[str]:
        """`1` for a pair that reaches the threshold, else `0`."""
        return ["1" if score >= self.threshold else "0" for score in self.probabilities(logits, 1.0)[:, 0]]

    def answers(self, logits: np.ndarray, temperature: float, labels: Sequence[str], read: Sequence[Reading] = ()) -> list[Said]:
        """Of single pairs: whether they are relevant, with the score. A cosine is no probability: 0 = not known."""
        scores, said = self.probabilities(logits, 1.0)[:, 0].tolist(), self.decode(logits, labels)
        sure = [0.0 if self.apart else score if label == "1" else 1 - score for score, label in zip(scores, said, strict=True)]
        return [
            Said(label=label, probability=share, probabilities={}, answer={"relevant": label == "1", "score": round(score, 6)})
            for label, share, score in zip(said, sure, scores, strict=True)
        ]

    def scorer(self, answers: Sequence[str], targets: Sequence[str], labels: Sequence[str]) -> Scorer:
        """Scores of queries, not of rows: MRR, nDCG (Järvelin & Kekäläinen 2002) and recall, 0..1, higher is better.

        Args:
            answers: of each query the places of its relevant candidates among all, 1 = first, as `core.ranking.places` gives them.
            targets: their grades, in the same order; a gain is 2^grade - 1.
        """
        each = np.array([of_query(said, wanted) for said, wanted in zip(answers, targets, strict=True)], dtype=float)

        def of(rows: np.ndarray) -> dict[str, float]:
            return dict(zip(self.metrics, each[rows].mean(axis=0).tolist(), strict=True))

        return of

    def floor(self, targets: Sequence[str], labels: Sequence[str]) -> str:
        """The worst that can be said of one candidate: it stands first and is not relevant. Orders have floors of their own."""
        return "0"

    def report(self, answers: Sequence[str], targets: Sequence[str]) -> str:
        found = self.score(answers, targets, ())
        return "\n".join(f"{name:>24} {value:8.3f}" for name, value in found.items())


class RelevanceBook(TargetBook):
    """Grades of relevance; without a label column every row is a relevant pair."""

    implied, by_text, constant = "1", True, True

    def strata(self) -> list[int]:
        """Queries are split by chance: what their rows are graded says nothing of them."""
        return [0] * len(self)


def canonical(cell: str, text: str, raw: str) -> str:
    """A grade as one digit; raises ValueError for anything else."""
    said = YES_NO.get(cell.strip().casefold(), cell.strip().removesuffix(".0"))
    if said not in GRADES:
        raise ValueError(f"holds '{cell[:40]}', and relevance is 1 or 0, or a grade from 0 to 3")
    return said


def of_query(said: str, wanted: str) -> tuple[float, float, float, float, float]:
    """Reciprocal rank of the first relevant candidate, nDCG of the first 10, recall in the first 1, 5 and 10."""
    places, grades = np.array(said.split(), dtype=int), np.array(wanted.split(), dtype=int)
    gains = 2.0**grades - 1
    ideal = np.sort(gains)[::-1][:10] / np.log2(np.arange(2, min(len(gains), 10) + 2))
    ndcg = (gains / np.log2(places + 1))[places <= 10].sum() / ideal.sum()
    first, fifth, tenth = (float((places <= depth).mean()) for depth in (1, 5, 10))
    return 1.0 / places.min(), float(ndcg), first, fifth, tenth


task = Rank()
