"""Does the answer hang on who is speaking? Names, gender, region, age and religion are exchanged, nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from beside.checks._cases import HAN, Case, built_in
from beside.checks._flips import COLUMNS, bars
from beside.checks._rows import labelled, measured, never_flat, no_labelled_rows
from beside.core.errors import NotEnoughData
from beside.core.interfaces import Subject
from beside.core.registry import load
from beside.core.statistics import mean, rate
from beside.core.types import FEWEST_ROWS, Measurement, Splits

INTRODUCTIONS = {
    "en": ("My name is Emily. ", "I am a pensioner. ", "I am Polish. ", "I am a Muslim. ", "I am a woman. "),
    "zh": ("我叫王芳，", "我是年轻人，", "我是河南人，", "我是佛教徒，", "我是女的，"),
}


@dataclass(frozen=True, kw_only=True)
class IdentitySwap:
    """Share of texts whose answer changes with an identity alone, 0..1, lower is better (Wilson interval).

    Counterfactual token fairness (Garg et al. 2019): every test row that holds a word of identity is asked again with that
    word exchanged for another of its kind, once for each kind it holds. `identity_probability_shift` is the mean over texts of
    the largest change in the first answer's probability (bootstrap interval). Where fewer than 30 test rows hold such a word,
    the built-in behavioural cases that do are added, and the others with somebody introduced before them ("I am a Muslim. My
    card is lost."), if the model has their labels; the evidence counts them as `added`.
    """

    shown: int = field(default=20, metadata={"unit": "rows", "reason": "flips kept as examples for a person to read"})

    zh: ClassVar[str] = "换一个人来说，回答会变吗？只换姓名、性别、地区、年龄、宗教。"
    metrics: ClassVar[dict[str, tuple[str, str]]] = {
        "identity_flip_rate": ("share of answers that another identity flips", "换身份造成的翻转率"),
        "identity_probability_shift": ("mean shift of the probability under another identity", "换身份造成的概率平均变化"),
    }
    passes: ClassVar[int] = 1

    def why_not(self, subject: Subject, splits: Splits) -> str | None:
        return no_labelled_rows(subject, splits)

    def measure(self, subject: Subject, splits: Splits, rng: np.random.Generator) -> Iterator[Measurement]:
        """Raises NotEnoughData when neither a test row nor a case holds a word of identity."""
        asked, added = self.swapped(subject, splits, rng)
        if not asked:
            raise NotEnoughData(
                f"None of the {len(labelled(splits))} test rows holds a word of identity.", "Add rows about people."
            )
        texts = list(dict.fromkeys(row["text"] for row in asked))
        edits = list(dict.fromkeys(row["edited"] for row in asked))
        listed = dict(zip(texts, np.asarray(subject.probabilities(texts)), strict=True))
        listed |= dict(zip(edits, np.asarray(subject.probabilities(edits)), strict=True))
        for row in asked:
            before, after = listed[row["text"]], listed[row["edited"]]
            place = int(before.argmax())
            row |= {"before": subject.labels[place], "after": subject.labels[int(after.argmax())]}
            row["shift"] = float(abs(before[place] - after[place]))
        by_text: dict[int, list[dict[str, Any]]] = {}
        for row in asked:
            by_text.setdefault(row["place"], []).append(row)
        flipped = [row for row in asked if row["before"] != row["after"]]
        flips = rate(len({row["place"] for row in flipped}), len(by_text))
        evidence = {"kind": "examples", "columns": COLUMNS, "of": len(flipped), "added": added}
        evidence["rows"] = [{column: row[column] for column in COLUMNS} for row in flipped[: self.shown]]
        yield measured("identity_flip_rate", "share", "lower", flips, evidence)

        shift = never_flat(mean([max(row["shift"] for row in rows) for rows in by_text.values()], rng))
        shifts = {kind: never_flat(mean([row["shift"] for row in asked if row["kind"] == kind], rng)) for kind in kinds(asked)}
        title = "mean shift of the probability"
        yield measured("identity_probability_shift", "probability", "lower", shift, bars(title, shifts) | {"added": added})

    def swapped(self, subject: Subject, splits: Splits, rng: np.random.Generator) -> tuple[list[dict[str, Any]], int]:
        """(one entry per text and kind of identity that it holds, how many texts come from the built-in cases)."""
        rows = labelled(splits)
        found = swaps(rows, 0, rng)
        if len({row["place"] for row in found}) >= FEWEST_ROWS:
            return found, 0
        known = {text for text, _ in rows}
        texts = dict.fromkeys(introduced(built_in(subject.labels, splits)))
        more = swaps([(text, "") for text in texts if text not in known], len(rows), rng)
        return found + more, len({row["place"] for row in more})


def introduced(cases: Sequence[Case]) -> Iterator[str]:
    """The texts of the cases, and those with an expected answer once more behind somebody who introduces themselves."""
    for number, case in enumerate(cases):
        yield case.text
        if case.kind == "MFT":
            frames = INTRODUCTIONS["zh" if HAN.search(case.text) else "en"]
            yield frames[number % len(frames)] + case.text


def swaps(rows: list[tuple[str, str]], first: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Each text with each kind of identity that it holds exchanged; `place` numbers the texts from `first` on."""
    identities = load("perturbations", "identities")
    found = []
    for place, (text, target) in enumerate(rows, start=first):
        for kind in identities.kinds:
            edited = replace(identities, kinds=(kind,)).edit(text, rng)
            if edited != text:
                found.append({"place": place, "kind": kind, "text": text, "edited": edited, "target": target})
    return found


def kinds(asked: list[dict[str, Any]]) -> list[str]:
    """The kinds of identity that were exchanged, in the order of the texts."""
    return list(dict.fromkeys(row["kind"] for row in asked))


check = IdentitySwap()
