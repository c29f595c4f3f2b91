"""Does the answer survive a typing slip? Each test row is asked once more with typos."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from beside.checks._flips import ask
from beside.checks._rows import labelled, measured, no_labelled_rows
from beside.core.errors import NotEnoughData
from beside.core.interfaces import Subject
from beside.core.registry import load
from beside.core.types import Measurement, Splits


@dataclass(frozen=True, kw_only=True)
class TypoFlips:
    """Share of test rows whose answer changes under one copy with typos, 0..1, lower is better (Wilson interval).

    `accuracy_under_typos` is the accuracy on those copies, higher is better. Rows in which nothing can be mistyped (only
    digits, one character) are left out of both and counted in the evidence.
    """

    shown: int = field(default=20, metadata={"unit": "rows", "reason": "flips kept as examples for a person to read"})

    zh: ClassVar[str] = "打错几个字，回答还在吗？每个测试行带着错字再问一次。"
    metrics: ClassVar[dict[str, tuple[str, str]]] = {
        "flip_rate": ("share of answers that flip", "答案翻转率"),
        "accuracy_under_typos": ("accuracy under typos", "有错别字时的准确率"),
    }
    passes: ClassVar[int] = 2

    def why_not(self, subject: Subject, splits: Splits) -> str | None:
        return no_labelled_rows(subject, splits)

    def measure(self, subject: Subject, splits: Splits, rng: np.random.Generator) -> Iterator[Measurement]:
        """Raises NotEnoughData when no test row can be mistyped."""
        typos, rows = load("perturbations", "typos"), labelled(splits)
        flips = ask(subject, rows, [typos.edit(text, rng) for text, _ in rows])
        if not len(flips):
            raise NotEnoughData(f"None of the {len(rows)} test rows holds a word that can be mistyped.", "Add rows with words.")
        yield measured("flip_rate", "share", "lower", flips.rate(), flips.examples(self.shown))
        yield measured("accuracy_under_typos", "share", "higher", flips.accuracy())


check = TypoFlips()
