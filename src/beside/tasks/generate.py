"""A text is answered with a written one: causal and sequence-to-sequence language models.

The target is the answer itself. The engine tokenizes, trains on the answer's tokens alone and decodes (`engine/writer.py`);
this file says what a target is and what a written answer is worth.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from beside.core.answers import Metric
from beside.core.labels import LabelBook, TargetBook
from beside.core.replacing import Replaced
from beside.core.writing import IGNORED
from beside.tasks._rouge import rouge_l, rouge_n, words
from beside.tasks._task import Base, Scorer

if TYPE_CHECKING:  # torch takes seconds to load, and intake needs none
    from torch import Tensor


def canonical(cell: str, text: str = "", raw: str = "") -> str:
    """The answer in a cell: the cell."""
    return cell


class AnswerBook(TargetBook):
    """Free text; rows are not stratified by it."""

    def __init__(self) -> None:
        super().__init__(canonical, lambda name: [])

    def notes(self) -> list[str]:
        repeated = len(self) and self.counts.total() / len(self)
        return [f"{len(self):,} different answers, each in {repeated:.1f} rows on average; they are learned as written text."]


class Generate(Base):
    """Next-token prediction of the answer, with cross-entropy."""

    example: ClassVar[tuple[Mapping[str, str], ...]] = tuple(
        {"text": f"which {thing} {asked}", "label": f"the {thing} {told}"}
        for thing in ("card", "loan", "parcel", "account", "branch", "form", "fee", "limit")
        for asked, told in (("is lost", "is replaced"), ("is late", "comes soon"), ("do i need", "depends"))
    )
    metrics: ClassVar[dict[str, Metric]] = {
        "rouge_l": Metric("ROUGE-L", "ROUGE-L（最长公共子序列）"),
        "rouge_1": Metric("ROUGE-1", "ROUGE-1（单词重合）"),
        "rouge_2": Metric("ROUGE-2", "ROUGE-2（双词重合）"),
        "exact_match": Metric("share of answers that are exact", "完全一致的答案比例", "share"),
    }
    single: ClassVar[bool] = False
    writes: ClassVar[bool] = True
    pairs: ClassVar = "never"
    fewest: ClassVar[int] = 0
    pipeline: ClassVar[str] = "text-generation"

    def book(self) -> LabelBook:
        return AnswerBook()

    def labels(self, targets: Iterable[str]) -> tuple[str, ...]:
        """None: there is nothing to choose from."""
        return ()

    def members(self, target: str) -> list[str]:
        return []

    def checked(self, said: str, labels: Sequence[str]) -> str:
        """Any text that says something."""
        if not said.strip():
            raise ValueError("An answer needs at least one character.")
        return said.strip()

    def protected(self, target: str, edits: Replaced, reword: Callable[[str], str]) -> tuple[str, int]:
        """A written answer is a text like any other."""
        return reword(target), 0

    def loss(self, logits_BAV: Tensor, targets_BT: Tensor, weights: Any | None, smoothing: float) -> Tensor:
        """Mean over rows of the mean cross-entropy of a row's tokens, in nats.

        Every row counts the same, whichever rows share its batch, however many batches make a step.

        Args:
            logits_BAV: scores of the vocabulary for each of the A tokens of the longest answer.
            targets_BT: the tokens, T at least A, -100 where there is none.
        """
        from torch.nn.functional import cross_entropy

        targets_BA = targets_BT[:, : logits_BAV.shape[1]]
        losses_BA = cross_entropy(
            logits_BAV.transpose(1, 2), targets_BA, ignore_index=IGNORED, label_smoothing=smoothing, reduction="none"
        )
        counted_BA = targets_BA != IGNORED
        return ((losses_BA * counted_BA).sum(dim=1) / counted_BA.sum(dim=1).clamp(min=1)).mean()

    def probabilities(self, logits: np.ndarray, temperature: float) -> np.ndarray:
        """The very numbers: what two copies of a model must agree in are tokens and their log probabilities."""
        return logits

    def scorer(self, answers: Sequence[str], targets: Sequence[str], labels: Sequence[str]) -> Scorer:
        """Means over rows of ROUGE-L, ROUGE-1 and ROUGE-2 (F1), and the share of exact answers; 0..1, higher is better.

        Exact means: the same characters, spaces folded.
        """
        said, wanted = [[words(text) for text in texts] for texts in (answers, targets)]
        both = list(zip(said, wanted, strict=True))
        columns = {
            "rouge_l": [rouge_l(*one) for one in both],
            "rouge_1": [rouge_n(*one, 1) for one in both],
            "rouge_2": [rouge_n(*one, 2) for one in both],
            "exact_match": [float(a.split() == t.split()) for a, t in zip(answers, targets, strict=True)],
        }
        values = {name: np.array(column) for name, column in columns.items()}
        return lambda rows: {name: float(column[rows].mean()) for name, column in values.items()}

    def floor(self, targets: Sequence[str], labels: Sequence[str]) -> str:
        """The commonest answer; of equally common ones the first in the alphabet."""
        counts = Counter(targets)
        return min(counts, key=lambda target: (-counts[target], target))


task = Generate()
