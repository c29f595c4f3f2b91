"""Does it err more often for some groups of people? Each group's error rate against that of all others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from scipy.stats import fisher_exact

from beside.checks._rows import measured, no_labelled_rows
from beside.core.errors import NotEnoughData
from beside.core.interfaces import Subject
from beside.core.statistics import Estimate, holm, normal_quantile, rate, rate_gap
from beside.core.types import Measurement, Splits


@dataclass(frozen=True, kw_only=True)
class GroupGaps:
    """The largest gap between a group's error rate and that of everybody else with a known group, 0..1, lower is better.

    Every value of every group column is compared with the rest. The intervals (Newcombe 1998) hold for all comparisons at
    once (Bonferroni), so that the largest, picked after looking, is covered too; p-values (Fisher's exact test) are adjusted
    after Holm 1979. Values with fewer than `fewest` rows, or with as few rows besides them, are counted, not compared.
    """

    fewest: int = field(default=10, metadata={"unit": "rows", "reason": "below it an error rate says next to nothing"})

    zh: ClassVar[str] = "对某些人群更容易出错吗？每个群体的错误率与其余人相比。"
    metrics: ClassVar[dict[str, tuple[str, str]]] = {
        "largest_group_gap": ("largest gap in error rate between a group and the rest", "群体与其余人错误率的最大差距"),
    }
    pairs: ClassVar[bool] = True
    passes: ClassVar[int] = 1

    def why_not(self, subject: Subject, splits: Splits) -> str | None:
        if reason := no_labelled_rows(subject, splits):
            return reason
        if any(example.groups for example in splits.test if example.target is not None):
            return None
        return "No test row says which group it belongs to."

    def measure(self, subject: Subject, splits: Splits, rng: np.random.Generator) -> Iterator[Measurement]:
        """Raises NotEnoughData when no group has rows enough."""
        rows = [example for example in splits.test if example.target is not None]
        answers = subject.predict([example.text for example in rows])
        wrong: dict[tuple[str, str], list[bool]] = defaultdict(list)
        for example, answer in zip(rows, answers, strict=True):
            for column, value in example.groups.items():
                wrong[column, value].append(answer != example.target)
        compared, small = self.compared(wrong)
        if not compared:
            what = f"No group has {self.fewest} test rows with as many besides it."
            raise NotEnoughData(what, "Add rows, or name a column with fewer values.")
        n = sum(bool(example.groups) for example in rows)
        yield measured("largest_group_gap", "share", "lower", largest(compared, n), shown(compared, small))

    def compared(self, wrong: dict[tuple[str, str], list[bool]]) -> tuple[list[dict[str, Any]], dict[str, int]]:
        """(one row per group with its errors and those of the rest, rows of the groups that are too small)."""
        found: list[dict[str, Any]] = []
        small: dict[str, int] = {}
        for (column, value), mine in sorted(wrong.items()):
            others = [one for (other, name), listed in wrong.items() if other == column and name != value for one in listed]
            if min(len(mine), len(others)) < self.fewest:
                small[f"{column} = {value}"] = len(mine)
                continue
            counts = (sum(mine), len(mine), sum(others), len(others))
            found.append({"name": f"{column} = {value}", "counts": counts, "n": len(mine), "rate": rate(counts[0], counts[1])})
        z = normal_quantile(1 - 0.05 / (2 * max(1, len(found))))
        for row in found:
            hits, size, other_hits, other_size = row["counts"]
            row["gap"], row["gap_low"], row["gap_high"] = rate_gap(hits, size, other_hits, other_size, z)
            row["p"] = float(fisher_exact([[hits, size - hits], [other_hits, other_size - other_hits]]).pvalue)
        for row, adjusted in zip(found, holm([row["p"] for row in found]), strict=True):
            row["p_holm"] = adjusted
        return found, small


def largest(compared: list[dict[str, Any]], n: int) -> Estimate:
    """The largest gap in either direction, with the ends that the simultaneous intervals leave for it."""
    value = max(abs(row["gap"]) for row in compared)
    low = max(max(0.0, row["gap_low"], -row["gap_high"]) for row in compared)
    high = max(max(abs(row["gap_low"]), abs(row["gap_high"])) for row in compared)
    return Estimate(value=value, low=min(low, value), high=max(high, value), n=n)


def shown(compared: list[dict[str, Any]], small: dict[str, int]) -> dict[str, Any]:
    """Each group's error rate as a bar, the largest gap first, with the gap and its p-value beside it."""
    rows = []
    for row in sorted(compared, key=lambda row: -abs(row["gap"])):
        found = row["rate"]
        told = {name: row[name] for name in ("n", "gap", "gap_low", "gap_high", "p_holm")}
        rows.append({"name": row["name"], "value": found.value, "low": found.low, "high": found.high, **told})
    return {"kind": "bars", "title": "error rate", "unit": "share", "rows": rows, "too_small": small}


check = GroupGaps()
