"""A number per text, or per pair of texts: a score, a rating, how alike two texts are.

Up to ten evenly spaced values are learned as ordered levels: the head answers for each level whether the text is above it, given
that it is above the one before, so that the chances never contradict each other (CORN, Shi et al. 2021). Any other values are
learned as a number with mean squared error on standardised targets; the tune split tells how far off nine answers in ten are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, inf
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from beside.core.answers import Metric, Reading, Said
from beside.core.labels import LabelBook
from beside.tasks._numbers import NumberBook, agreement, canonical, rank_correlation, written
from beside.tasks._task import Base, Scorer, as_tensor, sigmoid

if TYPE_CHECKING:
    from torch import Tensor

VALUE = "value"  # the one label of numbers that are no levels
MOST_LEVELS = 10
SHARE = 0.9  # of answers that lie within `reach` of the right number


@dataclass(frozen=True)
class Grade(Base):
    """Ordered levels, or a number.

    Args:
        mean: of the training targets.
        spread: their standard deviation.
        reach: how far nine in ten answers on the tune split are off at most; 0 = not known.
    """

    mean: float = 0.0
    spread: float = 1.0
    reach: float = 0.0

    example: ClassVar[tuple[Mapping[str, str], ...]] = (
        {"text": "wonderful, I would come again any time", "label": "5"},
        {"text": "a perfect evening from start to end", "label": "5"},
        {"text": "the best meal of the whole year", "label": "5"},
        {"text": "very good food, slow service", "label": "4"},
        {"text": "we liked it, the wine was a little warm", "label": "4"},
        {"text": "nice place with small faults", "label": "4"},
        {"text": "neither good nor bad", "label": "3"},
        {"text": "average food at an average price", "label": "3"},
        {"text": "some dishes fine, others not", "label": "3"},
        {"text": "disappointing, the fish was dry", "label": "2"},
        {"text": "we expected more for that money", "label": "2"},
        {"text": "loud and rather dirty", "label": "2"},
        {"text": "never again, everything was cold", "label": "1"},
        {"text": "the worst dinner I remember", "label": "1"},
        {"text": "rude, dirty and far too expensive", "label": "1"},
    )
    metrics: ClassVar[dict[str, Metric]] = {
        "qwk": Metric(
            "quadratic weighted kappa (for numbers: concordance)",
            "二次加权 κ（对数值即一致性相关系数）",
            "correlation",
            lowest=-1.0,
        ),
        "spearman": Metric("Spearman's rank correlation", "斯皮尔曼等级相关", "correlation", lowest=-1.0),
        "mae": Metric("mean absolute error (MAE)", "平均绝对误差（MAE）", "points", "lower", highest=inf),
        "rmse": Metric("root mean squared error (RMSE)", "均方根误差（RMSE）", "points", "lower", highest=inf),
    }
    single: ClassVar = False
    exact: ClassVar = False
    fewest: ClassVar = 1

    def book(self) -> LabelBook:
        return NumberBook(mode_of)

    def labels(self, targets: Iterable[str]) -> tuple[str, ...]:
        """The levels in ascending order, or `value` alone when the numbers are no levels."""
        found = sorted(set(targets), key=float)
        return tuple(found) if are_levels(found) else (VALUE,)

    def members(self, target: str) -> list[str]:
        return [VALUE, target]

    def checked(self, said: str, labels: Sequence[str]) -> str:
        try:
            found = canonical(said)
        except ValueError:
            raise ValueError(f"'{said}' is no number.") from None
        if levels(labels) and found not in labels:
            raise ValueError(f"This release knows no level '{said}'. Levels: {', '.join(labels)}.")
        return found

    def outputs(self, labels: Sequence[str]) -> int:
        """One number per step between levels, or one."""
        return len(labels) - 1 if levels(labels) else 1

    def ready(self, targets: Sequence[str], labels: Sequence[str]) -> Grade:
        """With mean and spread of the training targets."""
        numbers = np.array(list(map(float, targets)))
        return replace(self, mean=float(numbers.mean()), spread=float(numbers.std()) or 1.0)

    def settings(self) -> dict[str, Any]:
        return {"mean": self.mean, "spread": self.spread, "reach": self.reach}

    def encode(self, targets: Sequence[str], labels: Sequence[str], read: Sequence[Reading] = ()) -> Tensor:
        """Places of the levels, int64, or standardised numbers, float32; shape (len(targets),)."""
        if levels(labels):
            place = {label: index for index, label in enumerate(labels)}
            return as_tensor(np.array([place[target] for target in targets], dtype=np.int64))
        return as_tensor(((np.array(list(map(float, targets))) - self.mean) / self.spread).astype(np.float32))

    def loss(self, logits_BK: Tensor, targets_B: Tensor, weights_K: Tensor | None, smoothing: float) -> Tensor:
        """Mean squared error of standardised numbers; of levels the binary cross-entropy, in nats, of every step that counts."""
        if targets_B.is_floating_point():
            errors_B: Tensor = (logits_BK[:, 0] - targets_B) ** 2
            return errors_B.mean()
        import torch
        from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

        steps_K = torch.arange(logits_BK.shape[1], device=logits_BK.device)
        above_BK = (targets_B[:, None] > steps_K).to(logits_BK.dtype) * (1 - smoothing) + smoothing / 2
        counts_BK = (targets_B[:, None] >= steps_K).to(logits_BK.dtype)  # a step counts where the one before was taken
        losses_BK = cross_entropy(logits_BK, above_BK, reduction="none") * counts_BK
        return losses_BK.sum(dim=1).mean() / logits_BK.shape[1]

    def fit_head(
        self, vectors: np.ndarray, targets: Sequence[str], labels: Sequence[str], *, strength: float, balanced: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """Ridge regression, its penalty chosen by leave-one-out; for levels a logistic regression per step."""
        from sklearn.linear_model import LogisticRegression, Ridge, RidgeCV

        if not levels(labels):
            numbers = (np.array(list(map(float, targets))) - self.mean) / self.spread
            dense = isinstance(vectors, np.ndarray)  # leave-one-out on sparse rows takes minutes
            ridge = (RidgeCV(np.logspace(-3, 3, 13)) if dense else Ridge()).fit(vectors, numbers)
            return ridge.coef_[None].astype(np.float32), np.array([ridge.intercept_], dtype=np.float32)
        places = np.array([list(labels).index(target) for target in targets])
        weights = np.zeros((len(labels) - 1, vectors.shape[1]), np.float32)
        biases = np.zeros(len(labels) - 1, np.float32)
        for step in range(len(labels) - 1):
            rows, above = places >= step, places[places >= step] > step
            if len(set(above.tolist())) == 2:
                machine = LogisticRegression(C=strength, max_iter=300).fit(vectors[rows], above)
                weights[step], biases[step] = machine.coef_[0], machine.intercept_[0]
            else:
                biases[step] = np.log((above.sum() + 0.5) / ((~above).sum() + 0.5))
        return weights, biases

    def temperature(self, logits: np.ndarray, targets: Sequence[str], labels: Sequence[str]) -> float:
        return 1.0

    def tuned(self, logits: np.ndarray, targets: Sequence[str], labels: Sequence[str]) -> Grade:
        """With the reach of numbers: split conformal prediction (Lei et al. 2018), from tune rows that also chose the epoch."""
        if levels(labels):
            return self
        numbers = np.array(list(map(float, targets)))
        misses = np.sort(np.abs(self.mean + self.spread * logits[:, 0] - numbers))
        place = ceil((len(misses) + 1) * SHARE)
        return replace(self, reach=float(misses[place - 1]) if place <= len(misses) else 0.0)

    def probabilities(self, logits: np.ndarray, temperature: float) -> np.ndarray:
        """Of each level, (n, levels); a number stays as it is, standardised, (n, 1)."""
        if logits.shape[1] == 1 and self.reach:
            return logits
        above = np.cumprod(sigmoid(logits), axis=1)
        padded = np.concatenate([np.ones((len(above), 1)), above, np.zeros((len(above), 1))], axis=1)
        shares: np.ndarray = padded[:, :-1] - padded[:, 1:]
        return shares

    def decode(self, logits: np.ndarray, labels: Sequence[str], read: Sequence[Reading] = ()) -> list[str]:
        """The middle level of the chances, which errs least, or the number to six digits."""
        if levels(labels):
            return [labels[place] for place in (np.cumprod(sigmoid(logits), axis=1) > 0.5).sum(axis=1)]
        return [written(float(f"{value:.6g}")) for value in self.mean + self.spread * logits[:, 0].astype(float)]

    def answers(self, logits: np.ndarray, temperature: float, labels: Sequence[str], read: Sequence[Reading] = ()) -> list[Said]:
        """A level with the chance of each, or a number with the bounds that hold nine in ten; probability 0 = not known."""
        decoded = self.decode(logits, labels)
        if not levels(labels):
            known = self.reach > 0
            bounds = [(float(x) - self.reach, float(x) + self.reach) if known else (None, None) for x in decoded]
            forms = [{"value": float(x), "low": b[0], "high": b[1], "share": SHARE} for x, b in zip(decoded, bounds, strict=True)]
            return [
                Said(label=x, probability=SHARE * known, probabilities={}, answer=form)
                for x, form in zip(decoded, forms, strict=True)
            ]
        numbers, found = np.array(list(map(float, labels))), []
        for level, row in zip(decoded, self.probabilities(logits, 1.0), strict=True):
            shares = dict(zip(labels, row.tolist(), strict=True))
            form = {"value": float(level), "mean": round(float(row @ numbers), 6)}
            found.append(Said(label=level, probability=shares[level], probabilities=shares, answer=form))
        return found

    def scorer(self, answers: Sequence[str], targets: Sequence[str], labels: Sequence[str]) -> Scorer:
        """Agreement and rank correlation, -1..1, higher is better; mean absolute and root mean squared error, lower is better."""
        said, wanted = (np.array(list(map(float, column))) for column in (answers, targets))

        def of(rows: np.ndarray) -> dict[str, float]:
            one, other = said[rows], wanted[rows]
            miss = one - other
            return {
                "qwk": agreement(one, other),
                "spearman": rank_correlation(one, other),
                "mae": float(np.abs(miss).mean()),
                "rmse": float(np.sqrt((miss**2).mean())),
            }

        return of

    def floor(self, targets: Sequence[str], labels: Sequence[str]) -> str:
        """The median: the constant that errs least."""
        return sorted(targets, key=float)[len(targets) // 2]


def levels(labels: Sequence[str]) -> bool:
    """Whether targets are levels, not any numbers."""
    return tuple(labels) != (VALUE,)


def are_levels(values: Sequence[str]) -> bool:
    """Whether numbers are the steps of a scale: at most ten, evenly spaced but for a step that nobody used."""
    numbers = np.sort(np.array(list(map(float, values))))
    if not 2 <= len(numbers) <= MOST_LEVELS:
        return False
    steps = np.diff(numbers) / np.diff(numbers).min()
    return bool(np.abs(steps - steps.round()).max() < 0.01 and steps.sum() <= MOST_LEVELS)


def mode_of(values: Sequence[str]) -> str:
    """How these numbers will be learned."""
    if are_levels(values):
        return f"{len(values)} evenly spaced numbers, learned as ordered levels: {', '.join(sorted(values, key=float))}."
    return f"{len(values)} different numbers that are no few even steps, so they are learned as a number (regression)."


task = Grade()
