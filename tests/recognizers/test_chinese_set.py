"""Quality on hand-written Chinese sentences: one set was looked at while the recognizers were made, the other only measured on."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from beside.core.registry import names
from beside.protection import spans

TAG = re.compile(r"<(/?)([a-z_]+)>")
FREE = ("person", "address", "organisation")
SETS = ("seen", "measured")


@cache
def sentences(which: str) -> list[tuple[str, frozenset[tuple[int, int, str]]]]:
    """Texts with their marked values."""
    found = []
    for line in (Path(__file__).parent / f"chinese_{which}.txt").read_text(encoding="utf-8").splitlines():
        if not line or line[0] == "#":
            continue
        text, marked, at, begin = "", set(), 0, 0
        for tag in TAG.finditer(line):
            text += line[at : tag.start()]
            at = tag.end()
            if tag.group(1):
                marked.add((begin, len(text), tag.group(2)))
            else:
                begin = len(text)
        found.append((text + line[at:], frozenset(marked)))
    return found


@cache
def counted(which: str) -> dict[str, tuple[int, int, int]]:
    """Kind -> found rightly, found wrongly, missed; edges and kind must be right."""
    right, wrong, missed = Counter[str](), Counter[str](), Counter[str]()
    for text, marked in sentences(which):
        found = {(span.start, span.end, span.kind) for span in spans(text)}
        right.update(kind for *_, kind in found & marked)
        wrong.update(kind for *_, kind in found - marked)
        missed.update(kind for *_, kind in marked - found)
    return {kind: (right[kind], wrong[kind], missed[kind]) for kind in names("recognizers")}


def quality(which: str, kinds: list[str]) -> tuple[float, float]:
    """Precision and recall."""
    right, wrong, missed = (sum(counted(which)[kind][place] for kind in kinds) for place in range(3))
    return right / (right + wrong), right / (right + missed)


def test_the_sets_are_large_varied_and_apart():
    texts = [text for which in SETS for text, _ in sentences(which)]
    assert len(texts) >= 600 and len(set(texts)) == len(texts)
    assert sum(len(marked) for which in SETS for _, marked in sentences(which)) >= 1500
    assert len(sentences("measured")) >= 350 and {kind for _, marked in sentences("measured") for *_, kind in marked} == set(
        names("recognizers")
    )
    assert sum(not marked for which in SETS for _, marked in sentences(which)) >= 80  # order numbers, amounts, other dates


@pytest.mark.parametrize("which", SETS)
def test_values_with_a_form_are_found_and_little_else(which):
    precision, recall = quality(which, [kind for kind in names("recognizers") if kind not in FREE])
    assert precision >= 0.95 and recall >= 0.95


@pytest.mark.parametrize("which,least", [("seen", 0.88), ("measured", 0.83)])
def test_names_are_found_and_little_else(which, least):
    precision, recall = quality(which, ["person"])
    assert precision >= 0.9 and recall >= least
