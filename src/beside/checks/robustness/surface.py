"""Does the answer survive other capitals, spaces and punctuation? Each test row is asked once more with each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from beside.checks._flips import ask, bars, joined
from beside.checks._rows import labelled, measured, no_labelled_rows
from beside.core.errors import NotEnoughData
from beside.core.interfaces import Subject
from beside.core.registry import load
from beside.core.types import Measurement, Splits


@dataclass(frozen=True, kw_only=True)
class SurfaceFlips:
    """Share of test rows that at least one of three edits flips, 0..1, lower is better (Wilson interval).

    The edits are those of CheckList's invariance tests (Ribeiro et al. 2020): case, spacing, punctuation, one copy each.
    `accuracy_under_surface_edits` counts a row as right only when every copy of it that flips is still right; the evidence has
    the flip rate of each kind.
    """

    shown: int = field(default=20, metadata={"unit": "rows", "reason": "flips kept as examples for a person to read"})

    zh: ClassVar[str] = "大小写、空格、标点变了，回答还在吗？每个测试行各改一次再问。"
    metrics: ClassVar[dict[str, tuple[str, str]]] = {
        "surface_flip_rate": ("share of answers that case, spacing or punctuation flips", "大小写、空格或标点造成的翻转率"),
        "accuracy_under_surface_edits": ("accuracy under other case, spacing or punctuation", "大小写、空格或标点改动后的准确率"),
    }
    passes: ClassVar[int] = 4

    def why_not(self, subject: Subject, splits: Splits) -> str | None:
        return no_labelled_rows(subject, splits)

    def measure(self, subject: Subject, splits: Splits, rng: np.random.Generator) -> Iterator[Measurement]:
        """Raises NotEnoughData when no test row holds a letter."""
        surface, rows = load("perturbations", "surface"), labelled(splits)
        by_kind = {}
        for kind in surface.kinds:
            one = replace(surface, kinds=(kind,))
            by_kind[kind] = ask(subject, rows, [one.edit(text, rng) for text, _ in rows])
        flips = joined(list(by_kind.values()))
        if not len(flips):
            raise NotEnoughData(f"None of the {len(rows)} test rows holds a letter.", "Add rows with words.")
        yield measured("surface_flip_rate", "share", "lower", flips.rate(), flips.examples(self.shown))
        rates = {kind: found.rate() for kind, found in by_kind.items() if len(found)}
        kinds = bars("share of answers that flip", dict(sorted(rates.items(), key=lambda pair: -pair[1].value)))
        yield measured("accuracy_under_surface_edits", "share", "higher", flips.accuracy(), kinds)


check = SurfaceFlips()
