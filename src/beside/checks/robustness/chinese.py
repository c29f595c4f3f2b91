"""Does the answer survive Chinese slips: homophones, similar characters, other widths, traditional or simplified writing?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from beside.checks._flips import Flips, ask, bars
from beside.checks._rows import labelled, measured, no_labelled_rows
from beside.core.errors import NotEnoughData
from beside.core.interfaces import Subject
from beside.core.registry import load
from beside.core.statistics import Estimate, normal_quantile, wilson
from beside.core.types import Measurement, Splits

HAN, KANA = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]"), re.compile(r"[\u3040-\u30ff]")
# perturbation -> (metric, name of its bar)
KINDS = {
    "homophones": ("homophone_flip_rate", "homophones"),
    "glyphs": ("glyph_flip_rate", "similar characters"),
    "widths": ("width_flip_rate", "full width and half width"),
    "scripts": ("script_flip_rate", "traditional and simplified"),
}


@dataclass(frozen=True, kw_only=True)
class ChineseFlips:
    """Share of Chinese test rows whose answer changes, for each kind of edit, 0..1, lower is better (Wilson intervals).

    `worst_chinese_flip_rate` is that of the worst kind. Its interval holds for all kinds at once (Bonferroni), since the worst
    of several is picked after looking. Rows that a kind cannot edit are left out of its rate.
    """

    shown: int = field(default=20, metadata={"unit": "rows", "reason": "flips of each kind kept for a person to read"})

    zh: ClassVar[str] = "中文里的同音字、形近字、全角半角、繁体简体变了，回答还在吗？"
    metrics: ClassVar[dict[str, tuple[str, str]]] = {
        "homophone_flip_rate": ("share of answers that homophones flip", "同音字造成的翻转率"),
        "glyph_flip_rate": ("share of answers that similar characters flip", "形近字造成的翻转率"),
        "width_flip_rate": ("share of answers that full or half width flips", "全角半角造成的翻转率"),
        "script_flip_rate": ("share of answers that traditional or simplified writing flips", "繁简转换造成的翻转率"),
        "worst_chinese_flip_rate": ("share of answers that the worst kind of Chinese edit flips", "最差一种中文改动的翻转率"),
    }
    passes: ClassVar[int] = 5

    def why_not(self, subject: Subject, splits: Splits) -> str | None:
        if reason := no_labelled_rows(subject, splits):
            return reason
        return None if chinese(splits) else f"None of the {len(splits.test)} test rows is Chinese."

    def measure(self, subject: Subject, splits: Splits, rng: np.random.Generator) -> Iterator[Measurement]:
        """Raises NotEnoughData when no Chinese row can be edited."""
        rows = chinese(splits)
        found: dict[str, Flips] = {}
        for kind, (metric, name) in KINDS.items():
            perturbation = load("perturbations", kind)
            flips = ask(subject, rows, [perturbation.edit(text, rng) for text, _ in rows])
            if len(flips):
                found[name] = flips
                yield measured(metric, "share", "lower", flips.rate(), flips.examples(self.shown))
        if not found:
            raise NotEnoughData(f"None of the {len(rows)} Chinese test rows can be edited.", "Add rows with words.")
        rates = dict(sorted(((name, flips.rate()) for name, flips in found.items()), key=lambda pair: -pair[1].value))
        title = "share of answers that flip"
        yield measured("worst_chinese_flip_rate", "share", "lower", worst(list(rates.values())), bars(title, rates))


def chinese(splits: Splits) -> list[tuple[str, str]]:
    """The labelled test rows that hold Chinese characters and no kana."""
    return [row for row in labelled(splits) if HAN.search(row[0]) and not KANA.search(row[0])]


def worst(rates: list[Estimate]) -> Estimate:
    """The highest rate; the interval is the widest that the simultaneous Wilson intervals of all rates allow for the highest."""
    z = normal_quantile(1 - 0.05 / (2 * len(rates)))
    highest = max(rates, key=lambda one: (one.value, -one.n))
    ends = [wilson(round(one.value * one.n), one.n, z) for one in rates]
    low, high = max(low for low, _ in ends), max(high for _, high in ends)
    return Estimate(value=highest.value, low=min(low, highest.value), high=high, n=highest.n)


check = ChineseFlips()
