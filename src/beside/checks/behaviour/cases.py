"""Does it answer the cases that people wrote down: expected answers, edits that must not matter, edits that must?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from beside.checks._cases import Case, built_in, read_cases
from beside.checks._flips import bars
from beside.checks._rows import measured
from beside.core.errors import BadOption
from beside.core.interfaces import Subject
from beside.core.statistics import Estimate, normal_quantile, rate, wilson
from beside.core.types import Measurement, Splits


@dataclass(frozen=True, kw_only=True)
class Cases:
    """Share of cases passed, 0..1, higher is better (Wilson interval); after CheckList (Ribeiro et al. 2020).

    Minimum functionality (MFT): the expected label. Invariance (INV): the edit must not change the answer. Direction (DIR): the
    edit must move the probability of a label up or down; one beyond `sure` may stay there. `weakest_capability_passed` is the
    share in the capability that passes least; its interval holds for all capabilities at once (Bonferroni).
    """

    cases: str = field(
        default="", metadata={"unit": "path", "reason": "CSV or TOML of your own; empty: built-in, where labels fit"}
    )
    sure: float = field(default=0.95, metadata={"unit": "probability", "reason": "a probability this high need not rise further"})
    shown: int = field(default=40, metadata={"unit": "cases", "reason": "failed cases kept for a person to read"})

    zh: ClassVar[str] = "人写下的用例答对了吗：该答什么，哪些改动不该影响，哪些该影响？"
    metrics: ClassVar[dict[str, tuple[str, str]]] = {
        "cases_passed": ("share of behavioural cases passed", "行为用例通过率"),
        "weakest_capability_passed": ("share of cases passed in the weakest capability", "最弱一项能力的用例通过率"),
    }
    passes: ClassVar[int] = 0  # the test rows are not asked

    def why_not(self, subject: Subject, splits: Splits) -> str | None:
        if not splits.test:
            return "The corpus has no test rows."
        if self.cases or built_in(subject.labels, splits):
            return None
        return "There is no table of cases, and the built-in ones are for other labels."

    def measure(self, subject: Subject, splits: Splits, rng: np.random.Generator) -> Iterator[Measurement]:
        """Raises BadInput for a table that cannot be read, BadOption for a label that the model does not know."""
        cases = read_cases(Path(self.cases)) if self.cases else built_in(subject.labels, splits)
        for case in cases:
            if case.label and case.label not in subject.labels:
                what = f"Line {case.line} of '{self.cases}': the model knows no label '{case.label}'."
                raise BadOption(what, f"Its labels: {', '.join(subject.labels)}.")
        held, told = self.judged(subject, cases)
        by_kind = {kind: grouped(cases, held, "kind", kind) for kind in dict.fromkeys(case.kind for case in cases)}
        failed = [row for row, passed in zip(told, held, strict=True) if not passed]
        evidence = {
            "kind": "examples",
            "title": "failed cases",
            "columns": [*told[0]],
            "rows": failed[: self.shown],
            "of": len(failed),
        }
        kinds = {kind: {"passed": sum(passed), "of": len(passed)} for kind, passed in by_kind.items()}
        yield measured(
            "cases_passed", "share", "higher", rate(sum(held), len(held)), evidence | {"kinds": kinds, "added": len(cases)}
        )

        names = dict.fromkeys(case.capability for case in cases)
        groups = {name: grouped(cases, held, "capability", name) for name in names}
        rates = {name: rate(sum(passed), len(passed)) for name, passed in groups.items()}
        ordered = dict(sorted(rates.items(), key=lambda pair: pair[1].value))
        chart = bars("share of cases passed", ordered) | {"added": len(cases)}
        yield measured("weakest_capability_passed", "share", "higher", weakest(list(ordered.values())), chart)

    def judged(self, subject: Subject, cases: Sequence[Case]) -> tuple[list[bool], list[dict[str, Any]]]:
        """(whether each case holds, its row for a person to read)."""
        texts = list(dict.fromkeys(text for case in cases for text in (case.text, case.edited) if text))
        table = np.asarray(subject.probabilities(texts), dtype=float)  # (texts, labels)
        row = {text: table[place] for place, text in enumerate(texts)}
        held, told = [], []
        for case in cases:
            before, after = row[case.text], row[case.edited or case.text]
            answers = [subject.labels[int(place.argmax())] for place in (before, after)]
            if case.kind == "DIR":
                column = subject.labels.index(case.label)
                first, second = float(before[column]), float(after[column])
                sign = 1 if case.direction == "up" else -1
                beyond = min(first, second) >= self.sure if sign > 0 else max(first, second) <= 1 - self.sure
                held.append(sign * (second - first) > 0 or beyond)
                shown = [f"{case.label} {first:.3f}", f"{case.label} {second:.3f}"]
            else:
                held.append(answers[0] == (case.label if case.kind == "MFT" else answers[1]))
                shown = answers
            target = f"{case.label} {case.direction}".strip() or answers[0]
            told.append({"text": case.text, "edited": case.edited, "target": target, "before": shown[0], "after": shown[1]})
        return held, told


def grouped(cases: Sequence[Case], held: Sequence[bool], by: str, name: str) -> list[bool]:
    """Whether each case of one kind or capability holds."""
    return [passed for case, passed in zip(cases, held, strict=True) if getattr(case, by) == name]


def weakest(rates: list[Estimate]) -> Estimate:
    """The lowest of several rates, with the interval that simultaneous Wilson intervals of all allow for the lowest."""
    z = normal_quantile(1 - 0.05 / (2 * len(rates)))
    lowest = min(rates, key=lambda one: (one.value, -one.n))
    ends = [wilson(round(one.value * one.n), one.n, z) for one in rates]
    low, high = min(low for low, _ in ends), min(high for _, high in ends)
    return Estimate(value=lowest.value, low=min(low, lowest.value), high=max(high, lowest.value), n=lowest.n)


check = Cases()
