"""Does the answer rest on the words that the explanation names? Each explainer against words in random order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from beside.checks._rows import labelled, measured, never_flat, no_labelled_rows
from beside.core.errors import NotEnoughData
from beside.core.faithfulness import faithfulness_of
from beside.core.interfaces import Explainer, Subject
from beside.core.registry import load, names
from beside.core.statistics import Estimate, mean, rate
from beside.core.types import FEWEST_ROWS, Faithfulness, Measurement, Splits
from beside.core.wording import words

PREFIX = "faithfulness_"
UNIT = "difference of probability"


@dataclass(frozen=True, kw_only=True)
class ExplanationFaithfulness:
    """Mean gap of each explainer above words in random order, in probability, -1..1; higher is better, 0 is chance.

    The gap of a text is the mean of how much more the answer's probability falls without the explainer's first words, and how
    much less it falls when only they are left (comprehensiveness and sufficiency, DeYoung et al. 2020; core/faithfulness.py).
    Measured on a random sample of the labelled test rows with two words or more. On one half of it the explainers are compared
    (`faithfulness_NAME`); the most faithful one serves, and `faithfulness` is its gap on the other half, which had no part in
    choosing it. Bootstrap intervals.
    """

    rows: int = field(default=64, metadata={"unit": "test rows", "reason": "a second each; one half chooses, the other reports"})

    zh: ClassVar[str] = "回答真的取决于解释所说的那些词吗？每种解释方法与随机词序相比。"
    metrics: ClassVar[dict[str, tuple[str, str]]] = {
        "faithfulness": ("faithfulness of the chosen explainer", "所选解释方法的忠实度"),
        "faithfulness_gradient_x_input": ("faithfulness of gradient x input", "梯度乘输入的忠实度"),
        "faithfulness_integrated_gradients": ("faithfulness of integrated gradients", "积分梯度的忠实度"),
        "faithfulness_occlusion": ("faithfulness of occlusion", "遮挡法的忠实度"),
    }
    of_gradients: ClassVar[tuple[str, ...]] = ("faithfulness_gradient_x_input", "faithfulness_integrated_gradients")
    passes: ClassVar[int] = 6

    def why_not(self, subject: Subject, splits: Splits) -> str | None:
        return no_labelled_rows(subject, splits)

    def measure(self, subject: Subject, splits: Splits, rng: np.random.Generator) -> Iterator[Measurement]:
        """Raises NotEnoughData when fewer than two rows have two words."""
        texts = [text for text, _ in labelled(splits) if len(words(text)) > 1]
        if len(texts) < 2:
            said = f"{len(texts)} of the test rows have two words or more; an explanation ranks words."
            raise NotEnoughData(said, "Add rows of several words.")
        sample = [texts[place] for place in rng.permutation(len(texts))[: self.rows]]
        explainers = {name: load("explainers", name) for name in names("explainers") if PREFIX + name in self.metrics}
        able = {name: one for name, one in explainers.items() if one.why_not(subject) is None}
        found = [of_each(subject, text, able, rng) for text in sample]

        choosing, reporting = found[::2], found[1::2]
        gaps = {name: gap([row[name] for row in choosing], rng) for name in able}
        chosen = max(gaps, key=lambda name: gaps[name].value)
        told = [row[chosen] for row in reporting]
        evidence = {"kind": "bars", "title": "faithfulness of each explainer", "unit": UNIT, "rows": bars(gaps, chosen)}
        evidence |= {"chosen": chosen, **means(told)}
        yield measured("faithfulness", UNIT, "higher", gap(told, rng), evidence)
        for name, estimate in gaps.items():
            yield measured(PREFIX + name, UNIT, "higher", estimate)


def of_each(subject: Subject, text: str, explainers: Mapping[str, Explainer], rng: np.random.Generator) -> dict[str, Faithfulness]:
    """How faithfully each explainer explains a text, against the same random orders."""
    explanations = [explainer.explain(subject, text) for explainer in explainers.values()]
    return dict(zip(explainers, faithfulness_of(subject, text, explanations, rng), strict=True))


def gap(rows: list[Faithfulness], rng: np.random.Generator) -> Estimate:
    """Mean gap with a bootstrap interval; below 30 rows, which may be alike by chance, as much room as `never_flat` leaves."""
    found = never_flat(mean([row.gap for row in rows], rng), lowest=-1.0)
    room = rate(0, found.n).high if found.n < FEWEST_ROWS else 0.0
    low, high = max(-1.0, min(found.low, found.value - room)), min(1.0, max(found.high, found.value + room))
    return Estimate(value=found.value, low=low, high=high, n=found.n)


def means(rows: list[Faithfulness]) -> dict[str, Any]:
    """What the gap is made of, mean over the rows, and the share of rows whose explanation is reliable."""
    keys = ("comprehensiveness", "sufficiency", "random_comprehensiveness", "random_sufficiency", "reliable")
    return {key: float(np.mean([getattr(row, key) for row in rows])) for key in keys}


def bars(gaps: Mapping[str, Estimate], chosen: str) -> list[dict[str, Any]]:
    """The explainers with their gaps, the chosen one first."""
    order = sorted(gaps, key=lambda name: (name != chosen, -gaps[name].value))
    spoken = {name: name.replace("_", " ") for name in gaps}
    return [{"name": spoken[name], "value": gaps[name].value, "low": gaps[name].low, "high": gaps[name].high} for name in order]


check = ExplanationFaithfulness()
