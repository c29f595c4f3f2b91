"""What checks that attack share: which rows, two runs (loose and tight), four numbers, and the rows to read.

Two rates, because most edits that fool a model also change what a text says: TextFooler's success on BERT and movie reviews
fell from 85 to 14 % when edits had to pass constraints at which people agree that the meaning stayed (Morris et al. 2020,
"Reevaluating Adversarial Examples in Natural Language", which is TFAdjusted).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from beside.checks._rows import labelled, measured, never_flat
from beside.core.attacking import Attacked
from beside.core.edits import Spot
from beside.core.errors import NotEnoughData
from beside.core.questioning import units
from beside.core.statistics import mean, rate
from beside.core.types import Measurement, Splits

COLUMNS = ["text", "edited", "target", "before", "after"]
Embed = Callable[[Sequence[str]], np.ndarray]


def metrics(name: str, english: str, chinese: str) -> dict[str, tuple[str, str]]:
    """The four numbers of an attack: name of the metric -> its words in English and in Chinese."""
    return {
        f"{name}_success": (f"share of right answers that {english} change", f"{chinese}改变的正确回答占比"),
        f"{name}_checked_success": (
            f"share of right answers that {english} change, the meaning checked",
            f"{chinese}在保持原意的约束下改变的正确回答占比",
        ),
        f"accuracy_under_{name}": (f"accuracy under {english}", f"{chinese}之下的准确率"),
        f"{name}_queries": (f"texts asked per row by {english}", f"{chinese}每行提问的次数"),
    }


def sampled(splits: Splits, most: int, rng: np.random.Generator) -> list[tuple[str, str]]:
    """So many labelled test rows, drawn at random, in their order; all when there are no more."""
    rows = labelled(splits)
    return rows if len(rows) <= most else [rows[int(place)] for place in sorted(rng.choice(len(rows), most, replace=False))]


def told(
    name: str, loose: Sequence[Attacked], tight: Sequence[Attacked], shown: int, rng: np.random.Generator, about: dict[str, Any]
) -> Iterator[Measurement]:
    """The four numbers of an attack. Raises NotEnoughData when no row was answered rightly."""
    right = [one for one in loose if one.ended != "wrong"]
    if not right:
        raise NotEnoughData(f"None of the {len(loose)} rows was answered rightly: nothing to attack.", "Train a better model.")
    fooled, checked = ([one for one in some if one.ended == "fooled"] for some in (loose, tight))
    yield measured(f"{name}_success", "share", "lower", rate(len(fooled), len(right)), examples(fooled, shown, loose) | about)
    evidence = examples(checked, shown, tight) | about
    yield measured(f"{name}_checked_success", "share", "lower", rate(len(checked), len(right)), evidence)
    yield measured(f"accuracy_under_{name}", "share", "higher", rate(len(right) - len(fooled), len(loose)))
    asked = never_flat(mean([one.queries for one in right], rng), 0.0, float("inf"))
    yield measured(f"{name}_queries", "texts a row", "higher", asked)


def examples(found: Sequence[Attacked], shown: int, rows: Sequence[Attacked]) -> dict[str, Any]:
    """Attacked rows whose answer changed, as evidence; `unchanged` counts rows that have nothing to edit."""
    listed = [{column: getattr(one, column) for column in COLUMNS} for one in found[:shown]]
    unchanged = sum(one.ended == "nothing to edit" for one in rows)
    return {"kind": "examples", "columns": COLUMNS, "rows": listed, "of": len(found), "unchanged": unchanged}


def near_only(spots: Sequence[Sequence[Spot]], texts: Sequence[str], embed: Embed, least: float) -> list[list[Spot]]:
    """The spots of each text with only those others that lie near to what stands there.

    Args:
        embed: asked for single words.
        least: the lowest cosine that counts; 0 = all.
    """
    if least <= 0:
        return [list(some) for some in spots]
    placed = [(text[start:end], others) for text, some in zip(texts, spots, strict=True) for start, end, others in some]
    listed = sorted({word.casefold() for old, others in placed for word in (old, *others)})
    vectors = dict(zip(listed, units(np.asarray(embed(listed), dtype=float)), strict=True)) if listed else {}

    def near(old: str, new: str) -> bool:
        return float(vectors[old.casefold()] @ vectors[new.casefold()]) >= least

    kept = [
        [(start, end, [other for other in others if near(text[start:end], other)]) for start, end, others in some]
        for text, some in zip(texts, spots, strict=True)
    ]
    return [[spot for spot in some if spot[2]] for some in kept]


def merged(*several: Sequence[Spot]) -> list[Spot]:
    """Spots from several sources; the others of the same place together."""
    places: dict[tuple[int, int], list[str]] = {}
    for start, end, others in (spot for some in several for spot in some):
        places.setdefault((start, end), []).extend(others)
    return [(start, end, list(dict.fromkeys(others))) for (start, end), others in sorted(places.items())]
