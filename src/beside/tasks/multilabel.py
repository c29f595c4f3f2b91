"""Any number of labels per text, also none: a threshold for each label, fitted on the tune split.

The label column holds labels with `|` or `;` between them, or a JSON list; or every label has a column of its own with a yes or no
(`--label toxic,insult,threat`). An empty cell says that no label applies.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from beside.core.answers import Metric, Reading, Said
from beside.core.labels import LabelBook, by_rarest
from beside.tasks._task import Base, Scorer, as_tensor, f1, sigmoid

if TYPE_CHECKING:
    from torch import Tensor

BETWEEN = "|"  # stands between the labels of a target
SEPARATORS = "|;；"
GRID = 0.5 + np.array([0.0, *(side * step / 20 for step in range(1, 10) for side in (-1, 1))])  # thresholds, the middle first
FEWEST_FOR_THRESHOLD = 5  # tune rows that have a label; with fewer its threshold stays at 0.5


class SetBook(LabelBook):
    """Sets of labels; the spellings of each label are merged as those of single labels are."""

    takes_empty = True

    def __init__(self) -> None:
        super().__init__()
        self.single = LabelBook()
        self.sets: dict[tuple[int, ...], int] = {}  # numbers of the labels in it -> number of the set
        self.rows: Counter[int] = Counter()

    def __len__(self) -> int:
        return len(self.sets)

    def read(self, cell: str, text: str, raw: str) -> int:
        labels = split_cell(cell)
        number = self.sets.setdefault(tuple(sorted({self.single.add(label) for label in labels})), len(self.sets))
        self.rows[number] += 1
        return number

    def names(self) -> list[str]:
        return [BETWEEN.join(labels) for labels in self.members()]

    def spellings(self) -> list[dict[str, int]]:
        return [{name: self.rows[number]} for number, name in enumerate(self.names())]

    def variety(self) -> int:
        return len(self.single)

    def members(self) -> list[list[str]]:
        names = self.single.names()
        return [sorted(names[number] for number in numbers) for numbers in self.sets]

    def strata(self) -> list[int]:
        return by_rarest(self.members(), [self.rows[number] for number in range(len(self))])

    def notes(self) -> list[str]:
        empty, rows = self.rows[self.sets.get((), -1)], self.rows.total()
        of_row = sum(len(numbers) * self.rows[number] for numbers, number in self.sets.items()) / max(1, rows)
        told = [f"{len(self.single)} labels, {of_row:.2f} of them per row."]
        return [*told, f"{empty:,} of {rows:,} rows carry no label: read as `none applies`."] if empty else told


def split_cell(cell: str) -> list[str]:
    """The labels in a cell. Raises ValueError when they cannot be told apart."""
    if cell.startswith("["):
        try:
            found = json.loads(cell)
        except ValueError:
            found = None
        if not isinstance(found, list) or not all(isinstance(one, str | int) for one in found):
            raise ValueError(f"holds no JSON list of labels: {cell[:60]}")
        parts = [str(one).strip() for one in found]
        if odd := next((part for part in parts if BETWEEN in part), None):
            raise ValueError(f"holds a label with '{BETWEEN}' in it, which stands between labels: {odd[:60]}")
    else:
        for separator in SEPARATORS[1:]:
            cell = cell.replace(separator, BETWEEN)
        parts = [part.strip() for part in cell.split(BETWEEN)]
    return [part for part in parts if part]


@dataclass(frozen=True)
class Multilabel(Base):
    """One yes or no per label with binary cross-entropy. Scores that a threshold turns into answers come from sigmoids.

    Args:
        thresholds: probability above which a label is given, one per label; empty = 0.5 for all.
        scale: what logits are divided by before the thresholds are compared (the temperature).
    """

    thresholds: tuple[float, ...] = ()
    scale: float = 1.0

    example: ClassVar[tuple[Mapping[str, str], ...]] = (
        {"text": "the room was clean but the breakfast cold", "label": "room|food"},
        {"text": "friendly staff, terrible coffee", "label": "staff|food"},
        {"text": "a spotless bathroom and soft beds", "label": "room"},
        {"text": "they served us rotten eggs", "label": "food"},
        {"text": "the receptionist ignored us", "label": "staff"},
        {"text": "we stayed three nights in May", "label": ""},
        {"text": "dust under the bed, stains on the wall", "label": "room"},
        {"text": "our waiter was kind and the soup superb", "label": "staff;food"},
        {"text": "it is near the station", "label": ""},
        {"text": "the porter carried our bags up to a large room", "label": "room|staff"},
        {"text": "dinner was late and salty", "label": "food"},
        {"text": "rude people at the desk", "label": "staff"},
        {"text": "I booked by telephone", "label": ""},
        {"text": "broken shower, cold heating", "label": "room"},
        {"text": "the cook came out to greet us", "label": "staff|food"},
    )
    metrics: ClassVar[dict[str, Metric]] = {
        "micro_f1": Metric("micro-F1 over labels", "微平均 F1（按标签）"),
        "macro_f1_labels": Metric("macro-F1 over labels", "宏平均 F1（按标签）"),
        "subset_accuracy": Metric("share of rows whose set is exactly right", "整组标签全对的行比例", "share"),
        "hamming": Metric("share of wrong decisions (Hamming loss)", "判断出错的比例（汉明损失）", "share", "lower"),
    }
    single: ClassVar = False
    several: ClassVar = True
    fewest: ClassVar = 1

    def book(self) -> LabelBook:
        return SetBook()

    def members(self, target: str) -> list[str]:
        return target.split(BETWEEN) if target else []

    def checked(self, said: str, labels: Sequence[str]) -> str:
        found = sorted(set(split_cell(said)))
        if odd := [label for label in found if label not in labels]:
            raise ValueError(f"This release knows no label '{odd[0]}'. Known labels: {', '.join(labels)}.")
        return BETWEEN.join(found)

    def encode(self, targets: Sequence[str], labels: Sequence[str], read: Sequence[Reading] = ()) -> Tensor:
        """1 where a label applies, float32, shape (len(targets), labels)."""
        return as_tensor(self.matrix(targets, labels).astype(np.float32))

    def matrix(self, targets: Sequence[str], labels: Sequence[str]) -> np.ndarray:
        """Which labels apply, bool, shape (len(targets), labels)."""
        place = {label: index for index, label in enumerate(labels)}
        found_NK = np.zeros((len(targets), len(labels)), dtype=bool)
        for row, target in enumerate(targets):
            found_NK[row, [place[label] for label in self.members(target) if label in place]] = True
        return found_NK

    def loss(self, logits_BK: Tensor, targets_BK: Tensor, weights_K: Tensor | None, smoothing: float) -> Tensor:
        """Mean binary cross-entropy over rows and labels, in nats."""
        from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

        return cross_entropy(logits_BK, targets_BK * (1 - smoothing) + smoothing / 2, weight=weights_K)

    def fit_head(
        self, vectors: np.ndarray, targets: Sequence[str], labels: Sequence[str], *, strength: float, balanced: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """A logistic regression per label; a label that all or no rows have gets its log-odds."""
        from sklearn.linear_model import LogisticRegression

        weights_KH, biases_K = np.zeros((len(labels), vectors.shape[1]), np.float32), np.zeros(len(labels), np.float32)
        for place, truth_N in enumerate(self.matrix(targets, labels).T):
            if truth_N.any() and not truth_N.all():
                machine = LogisticRegression(C=strength, max_iter=300).fit(vectors, truth_N)
                weights_KH[place], biases_K[place] = machine.coef_[0], machine.intercept_[0]
            else:
                biases_K[place] = np.log((truth_N.sum() + 0.5) / ((~truth_N).sum() + 0.5))
        return weights_KH, biases_K

    def temperature(self, logits: np.ndarray, targets: Sequence[str], labels: Sequence[str]) -> float:
        return self.scale

    def tuned(self, logits: np.ndarray, targets: Sequence[str], labels: Sequence[str]) -> Multilabel:
        """With the temperature of the least cross-entropy, and per label the threshold of the best F1; both need rows enough.

        Of equally good thresholds the one nearest to 0.5 is taken (Lipton et al. 2014 on thresholds for F1).
        """
        truth_NK = self.matrix(targets, labels)
        scale = best_scale(logits, truth_NK) if len(targets) >= 50 else 1.0
        shares_NK = sigmoid(logits / scale)
        thresholds = []
        for shares_N, truth_N in zip(shares_NK.T, truth_NK.T, strict=True):
            said_GN = shares_N[None, :] > GRID[:, None]
            scores_G = f1((said_GN & truth_N).sum(axis=1), said_GN.sum(axis=1), np.full(len(GRID), truth_N.sum()))
            thresholds.append(float(GRID[scores_G.argmax()]) if truth_N.sum() >= FEWEST_FOR_THRESHOLD else 0.5)
        return replace(self, thresholds=tuple(thresholds), scale=scale)

    def settings(self) -> dict[str, Any]:
        return {"thresholds": list(self.thresholds), "scale": self.scale} if self.thresholds else {}

    def restored(self, settings: Any) -> Multilabel:
        return replace(self, thresholds=tuple(settings["thresholds"]), scale=settings["scale"]) if settings else self

    def probabilities(self, logits: np.ndarray, temperature: float) -> np.ndarray:
        """The sigmoid of each logit over the temperature."""
        return sigmoid(logits / temperature)

    def given(self, shares_NK: np.ndarray) -> np.ndarray:
        """Which labels are given, bool, shape of the probabilities."""
        given_NK: np.ndarray = shares_NK > (np.array(self.thresholds) if self.thresholds else 0.5)
        return given_NK

    def decode(self, logits: np.ndarray, labels: Sequence[str], read: Sequence[Reading] = ()) -> list[str]:
        return [joined(row, labels) for row in self.given(sigmoid(logits / self.scale))]

    def answers(self, logits: np.ndarray, temperature: float, labels: Sequence[str], read: Sequence[Reading] = ()) -> list[Said]:
        """The labels above their thresholds. The probability is that of the whole set, if labels came independently."""
        shares_NK = sigmoid(logits / self.scale)
        found = []
        for shares, given in zip(shares_NK.tolist(), self.given(shares_NK).tolist(), strict=True):
            whole = prod(share if yes else 1 - share for share, yes in zip(shares, given, strict=True))
            chosen = joined(given, labels)
            listed = dict(zip(labels, shares, strict=True))
            found.append(Said(label=chosen, probability=whole, probabilities=listed, answer=self.members(chosen)))
        return found

    def scorer(self, answers: Sequence[str], targets: Sequence[str], labels: Sequence[str]) -> Scorer:
        """Micro-F1, macro-F1 over the labels that occur, subset accuracy (higher is better), Hamming loss (lower is better).

        Rows of which nothing was said nor wanted count as right in the last two.
        """
        known = sorted({*labels, *(label for target in targets for label in self.members(target))})
        said_NK, wanted_NK = self.matrix(answers, known), self.matrix(targets, known)
        hits_NK, wrong_N = said_NK & wanted_NK, (said_NK != wanted_NK).sum(axis=1)

        def of(rows: np.ndarray) -> dict[str, float]:
            times_N = np.bincount(rows, minlength=len(targets))
            hits_K, said_K, wanted_K = (times_N @ part for part in (hits_NK, said_NK, wanted_NK))
            occurs = said_K + wanted_K > 0
            return {
                "micro_f1": float(f1(hits_K.sum(), said_K.sum(), wanted_K.sum())),
                "macro_f1_labels": float(f1(hits_K, said_K, wanted_K)[occurs].mean()) if occurs.any() else 0.0,
                "subset_accuracy": float((times_N @ (wrong_N == 0)) / len(rows)),
                "hamming": float((times_N @ wrong_N) / (len(rows) * max(1, len(known)))),
            }

        return of

    def floor(self, targets: Sequence[str], labels: Sequence[str]) -> str:
        """The labels that at least a third of the rows have, or the commonest one: a constant answer that is good in F1."""
        counts = Counter(label for target in targets for label in self.members(target))
        often = sorted(label for label, count in counts.items() if 3 * count >= len(targets))
        return BETWEEN.join(often or [min(counts, key=lambda label: (-counts[label], label))] if counts else [])


def joined(given: Iterable[bool], labels: Sequence[str]) -> str:
    """A set of labels as a target."""
    return BETWEEN.join(sorted(label for label, yes in zip(labels, given, strict=True) if yes))


def best_scale(logits_NK: np.ndarray, truth_NK: np.ndarray) -> float:
    """The temperature of the least binary cross-entropy (Guo et al. 2017), with a weak normal prior on its logarithm."""
    scales = np.exp(np.linspace(np.log(0.05), np.log(20.0), 241))
    signed = np.where(truth_NK, logits_NK, -logits_NK)
    losses = [np.logaddexp(0, -signed / scale).sum() + np.log(scale) ** 2 / 2 for scale in scales]
    return float(scales[int(np.argmin(losses))])


task = Multilabel()
