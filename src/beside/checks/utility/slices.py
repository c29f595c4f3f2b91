"""Is it right everywhere? Accuracy by length, language and group, and the slice where it is worst."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any, ClassVar

import numpy as np

from beside.checks._rows import measured, no_labelled_rows
from beside.core.interfaces import Subject
from beside.core.languages import spoken
from beside.core.statistics import Z95, Estimate, wilson
from beside.core.types import Example, Measurement, Splits

SHOWN = 30  # slices in the evidence


@dataclass(frozen=True)
class Slice:
    """Some of the test rows, under a name whose {placeholders} are filled in with `values` in any language."""

    name: str
    values: dict[str, Any]
    inside: np.ndarray  # bool, shape (n,)


@dataclass(frozen=True, kw_only=True)
class Slices:
    """Accuracy of the worst slice of the test rows, 0..1, higher is better, and how far it lies below all other rows.

    Slices are three parts by length in tokens, the languages, and every value of every group. The worst of m slices looks bad by
    luck alone: both intervals are Bonferroni's, at 1 - 0.05 / m. So all m hold together in 95 of 100 audits however the slices
    overlap, and with them the one that was picked. Wilson's interval for the accuracy, Newcombe's (1998, method 10) for the gap.
    Slices of fewer than `fewest` rows are shown but not picked, unless all are that small.
    """

    fewest: int = field(default=30, metadata={"unit": "rows", "reason": "below it one row moves the accuracy by points"})

    zh: ClassVar[str] = "处处都对吗？按长度、语言、群体分别看准确率，以及最差的那一片。"
    metrics: ClassVar[dict[str, tuple[str, str]]] = {
        "worst_slice_accuracy": ("accuracy of the worst slice", "最差一片的准确率"),
        "slice_gap": ("accuracy lost in the worst slice", "最差一片低了多少准确率"),
    }
    pairs: ClassVar[bool] = True
    passes: ClassVar[int] = 1

    def why_not(self, subject: Subject, splits: Splits) -> str | None:
        return no_labelled_rows(subject, splits)

    def measure(self, subject: Subject, splits: Splits, rng: np.random.Generator) -> Iterator[Measurement]:
        rows = [example for example in splits.test if example.target is not None]
        texts = [example.text for example in rows]
        right = np.array([answer == row.target for answer, row in zip(subject.predict(texts), rows, strict=True)])
        whole = Slice("all rows", {}, np.ones(len(rows), dtype=bool))
        slices = [*by_length(subject.token_counts(texts)), *by_language(texts), *by_group(rows)] or [whole]
        slices.sort(key=lambda part: right[part.inside].mean())
        large = [part for part in slices if part.inside.sum() >= self.fewest] or slices
        worst, z = large[0], NormalDist().inv_cdf(1 - 0.025 / len(large))
        ours, others = right[worst.inside], right[~worst.inside]

        low, high = wilson(int(ours.sum()), len(ours), z)
        accuracy = Estimate(value=float(ours.mean()), low=low, high=high, n=len(ours))
        shown = [worst, *(part for part in slices if part is not worst)]
        bars = [bar(whole, right), *(bar(part, right) for part in shown[:SHOWN] if part is not whole)]
        evidence = {"kind": "bars", "title": "accuracy by slice", "unit": "share", "rows": bars, "of": len(slices)}
        evidence["worst"] = worst.name.format(**worst.values)
        evidence["compared"] = len(large)
        yield measured("worst_slice_accuracy", "share", "higher", accuracy, evidence)
        yield measured("slice_gap", "share", "lower", gap(ours, others, z))


def by_length(tokens: Sequence[int]) -> list[Slice]:
    """Three parts of about as many rows; rows of one length stay together, so there may be fewer parts."""
    counts = np.asarray(tokens)
    first, second = np.quantile(counts, [1 / 3, 2 / 3], method="lower").tolist()
    masks = [counts <= first, (counts > first) & (counts <= second), counts > second]
    names = ["length: up to {high} tokens", "length: {low} to {high} tokens", "length: {low} tokens or more"]
    parts = [
        Slice(name, {"low": int(counts[mask].min()), "high": int(counts[mask].max())}, mask)
        for name, mask in zip(names, masks, strict=True)
        if mask.any()
    ]
    return parts if len(parts) > 1 else []


def by_language(texts: Sequence[str]) -> list[Slice]:
    """One part per language, as far as it can be told; none where all rows are in the same one."""
    found = np.array(spoken(texts))
    names = sorted(set(found.tolist()))
    parts = [Slice("language: {language}", {"language": name}, found == name) for name in names]
    return parts if len(parts) > 1 else []


def by_group(rows: Sequence[Example]) -> list[Slice]:
    """One part per value of each group; none for a group in which all rows have the same value."""
    parts = []
    for group in sorted({group for row in rows for group in row.groups}):
        values = np.array([row.groups.get(group, "") for row in rows])
        names = sorted(set(values.tolist()) - {""})
        parts += [Slice("{group}: {value}", {"group": group, "value": name}, values == name) for name in names]
    return [part for part in parts if not part.inside.all()]


def bar(part: Slice, right: np.ndarray) -> dict[str, Any]:
    """Accuracy of a slice with its plain 95 % interval, as one bar."""
    hits, n = int(right[part.inside].sum()), int(part.inside.sum())
    low, high = wilson(hits, n, Z95)
    return {"name": part.name, "values": part.values, "value": hits / n, "low": low, "high": high, "n": n}


def gap(inside: np.ndarray, outside: np.ndarray, z: float) -> Estimate:
    """How far the accuracy inside lies below that outside, -1..1; 0 and wide open when there is nothing outside."""
    if not len(outside):
        return Estimate(value=0.0, low=-1.0, high=1.0, n=len(inside))
    ours, theirs = float(inside.mean()), float(outside.mean())
    (low_in, high_in), (low_out, high_out) = (wilson(int(part.sum()), len(part), z) for part in (inside, outside))
    down = ((theirs - low_out) ** 2 + (high_in - ours) ** 2) ** 0.5
    up = ((high_out - theirs) ** 2 + (ours - low_in) ** 2) ** 0.5
    value = theirs - ours
    return Estimate(value=value, low=value - down, high=value + up, n=min(len(inside), len(outside)))


check = Slices()
