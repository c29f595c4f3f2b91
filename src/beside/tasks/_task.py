"""What tasks share: every promise of `core.interfaces.Task`, kept as it is for one label per text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from beside.core.answers import Metric, Reading, Said
from beside.core.labels import LabelBook
from beside.core.recipe import Recipe
from beside.core.replacing import Replaced
from beside.core.types import Example

if TYPE_CHECKING:  # torch takes seconds to load, and most verbs need none
    from torch import Tensor

Scorer = Callable[[np.ndarray], dict[str, float]]


class Base:
    """One label per text, chosen by softmax. Members override what differs."""

    example: ClassVar[tuple[Mapping[str, str], ...]] = ()
    metrics: ClassVar[dict[str, Metric]] = {}
    single: ClassVar[bool] = True
    per_token: ClassVar[bool] = False
    writes: ClassVar[bool] = False
    pairs: ClassVar[Literal["may", "must", "never"]] = "may"
    several: ClassVar[bool] = False
    exact: ClassVar[bool] = True
    fewest: ClassVar[int] = 2
    pipeline: ClassVar[str] = "text-classification"
    ranks: ClassVar[bool] = False

    @property
    def apart(self) -> bool:
        """Two texts are read together."""
        return False

    def configured(self, recipe: Recipe) -> Any:
        """No knob is the task's own."""
        return self

    def learned(self, examples: Sequence[Example], recipe: Recipe) -> list[Example]:
        """The rows as they are."""
        return list(examples)

    def book(self) -> LabelBook:
        """Labels as people spell them, tidied."""
        return LabelBook()

    def labels(self, targets: Iterable[str]) -> tuple[str, ...]:
        """Every label that occurs, sorted."""
        return tuple(sorted({label for target in targets for label in self.members(target)}))

    def members(self, target: str) -> list[str]:
        """A target is a label."""
        return [target]

    def checked(self, said: str, labels: Sequence[str]) -> str:
        """The label itself, when it is one."""
        if said not in labels:
            raise ValueError(f"This release knows no label '{said}'. Known labels: {', '.join(labels)}.")
        return said

    def protected(self, target: str, edits: Replaced, reword: Callable[[str], str]) -> tuple[str, int]:
        """A label stays as it is."""
        return target, 0

    def outputs(self, labels: Sequence[str]) -> int:
        """One number per label."""
        return len(labels)

    def ready(self, targets: Sequence[str], labels: Sequence[str]) -> Any:
        """Nothing is to be learned from the targets beforehand."""
        return self

    def tuned(self, logits: np.ndarray, targets: Sequence[str], labels: Sequence[str]) -> Any:
        """Nothing but the temperature is fitted afterwards."""
        return self

    def temperature(self, logits: np.ndarray, targets: Sequence[str], labels: Sequence[str]) -> float | None:
        """As for softmax over labels."""
        return None

    def settings(self) -> dict[str, Any]:
        """Nothing to keep."""
        return {}

    def restored(self, settings: Mapping[str, Any]) -> Any:
        """A task that keeps something is a frozen dataclass with a field for each."""
        return replace(self, **settings) if settings else self  # type: ignore[type-var]

    def fit_head(
        self, vectors: np.ndarray, targets: Sequence[str], labels: Sequence[str], *, strength: float, balanced: bool
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """As for softmax over labels."""
        return None

    def probabilities(self, logits: np.ndarray, temperature: float) -> np.ndarray:
        """Softmax over the last dimension of logits over temperature."""
        return softmax(logits / temperature)

    def decode(self, logits: np.ndarray, labels: Sequence[str], read: Sequence[Reading] = ()) -> list[str]:
        """The label with the largest number, for each row."""
        return [labels[index] for index in logits.argmax(axis=1)]

    def answers(self, logits: np.ndarray, temperature: float, labels: Sequence[str], read: Sequence[Reading] = ()) -> list[Said]:
        """The most probable label, and how probable each is."""
        rows = self.probabilities(logits, temperature).tolist()
        return [
            Said(label=labels[best(row)], probability=max(row), probabilities=dict(zip(labels, row, strict=True))) for row in rows
        ]

    def scorer(self, answers: Sequence[str], targets: Sequence[str], labels: Sequence[str]) -> Scorer:
        """The scores of some of the rows; slow, so members override it or `score`."""

        def of(rows: np.ndarray) -> dict[str, float]:
            return self.score([answers[row] for row in rows], [targets[row] for row in rows], labels)

        return of

    def score(self, answers: Sequence[str], targets: Sequence[str], labels: Sequence[str]) -> dict[str, float]:
        """The scores of all rows."""
        return self.scorer(answers, targets, labels)(np.arange(len(targets)))

    def floor(self, targets: Sequence[str], labels: Sequence[str]) -> str:
        """The commonest target; of equally common ones the first in the alphabet."""
        counts = Counter(targets)
        return min(counts, key=lambda target: (-counts[target], target))

    def report(self, answers: Sequence[str], targets: Sequence[str]) -> str:
        """A line per score."""
        found = self.score(answers, targets, self.labels(targets))
        return "\n".join(f"{name:>24} {value:8.3f}" for name, value in found.items())


def best(row: Sequence[float]) -> int:
    """Place of the largest number, the first of equal ones."""
    return max(range(len(row)), key=row.__getitem__)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities from scores over the last dimension."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: np.ndarray = shifted / shifted.sum(axis=-1, keepdims=True)
    return shares


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """A probability from each score by itself; no overflow, however large the score."""
    shares: np.ndarray = 0.5 * (1 + np.tanh(0.5 * logits))
    return shares


def f1(hits: Any, said: Any, wanted: Any) -> Any:
    """2 TP / (2 TP + FP + FN), 0 where nothing was said nor wanted; numbers or arrays of one shape."""
    both = np.asarray(said, dtype=float) + np.asarray(wanted, dtype=float)
    return np.divide(2 * np.asarray(hits, dtype=float), both, out=np.zeros_like(both), where=both > 0)


def as_tensor(values: np.ndarray) -> Tensor:
    """A tensor of the same numbers."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(values))
