"""Can it be asked back what protection took out? Each replaced value is guessed among others of its kind, with the model's help."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np

from beside.checks._rows import bar, measured, never_flat
from beside.checks.privacy._attacks import confidence
from beside.core.errors import NotEnoughData
from beside.core.interfaces import Subject, Task
from beside.core.pairs import joined
from beside.core.statistics import mean
from beside.core.types import Example, Measurement, Splits

INSTEAD = re.compile(r"<([A-Z][A-Z_]*)(?::[^<>\s]*)?>|\*{4}")  # what protection puts in place of a value: <PHONE>, <PHONE:…>, ****
MASKED = "masked"  # kind of a value of which only **** is left
LONGEST, MOST = 5000, 20  # characters of a text, and replaced values in it, that are looked at
FEWEST = 2  # values of one kind, to have one to guess and one to take it for


class Gap(NamedTuple):
    """One value that was taken out, and where."""

    row: Example  # as the model learned it
    asked: str  # its text, with the target behind it where the answer is written
    starts: tuple[tuple[int, int], ...]  # the places in `asked` where this value stood
    kind: str
    value: str

    def filled(self, value: str) -> str:
        """The text with a value in those places, everything else as it was protected."""
        parts: list[str] = []
        at = 0
        for start, end in self.starts:
            parts += (self.asked[at:start], value)
            at = end
        return "".join([*parts, self.asked[at:]])


@dataclass(frozen=True, kw_only=True)
class Reconstruction:
    """How much better than chance the replaced values of training rows are guessed; `n` counts values.

    Whoever has the protected text and may ask the model puts every candidate in the place of `<PERSON>` and its like, and takes the
    one that makes the model surest: of the right label, or of the written answer. The candidates are other values of the same kind
    from the same rows before they were protected. A model that saw protected rows alone should help nobody; it does when values
    were missed elsewhere, or when it learned from the rows before.

    `reconstruction_auc`: share of the other candidates that the true value beats, 0..1; 0.5 = chance, lower is better.
    `reconstruction_first`: share of values that come first of all their candidates, 0..1; by chance one in candidates + 1.
    Places where nothing is left (`redact`) or another value stands (`surrogate`) are not seen, so they are not guessed.
    """

    values: int = field(default=80, metadata={"unit": "values at most", "reason": "each is asked once for every candidate"})
    candidates: int = field(default=15, metadata={"unit": "other values", "reason": "chance is then one in sixteen"})
    originals: Splits | None = field(default=None, metadata={"given": True})

    zh: ClassVar[str] = "能把保护时去掉的内容问出来吗？借助模型，在同类的值中猜出每个被替换的值。"
    metrics: ClassVar[dict[str, tuple[str, str]]] = {
        "reconstruction_auc": (
            "guessing replaced values: other candidates that the true one beats",
            "猜测被替换的值：真值胜过的其他候选比例",
        ),
        "reconstruction_first": ("guessing replaced values: true one comes first", "猜测被替换的值：真值排在第一的比例"),
    }
    any_task: ClassVar[bool] = True
    pairs: ClassVar[bool] = True
    passes: ClassVar[int] = 2

    def __post_init__(self) -> None:
        if min(self.values, self.candidates) < 1:
            raise ValueError("there must be at least one value and one candidate.")

    def metrics_for(self, task: Task | None) -> Iterable[str]:
        """Nothing where there is neither one label nor a written answer."""
        return () if task is not None and not (task.single or task.writes) else self.metrics

    def why_not(self, subject: Subject, splits: Splits) -> str | None:
        if not splits.test:
            return "The corpus has no test rows."
        if self.originals is None:
            return "Nothing was replaced in this corpus, or the rows before it was protected are not here."
        task = getattr(subject, "task", None)
        if task is not None and not (task.single or task.writes):
            return "It looks at the probability of one label or of a written answer, and this task has neither."
        if not any(True for _ in gaps(subject, splits, self.originals)):
            return "No training row holds a mark in place of a value that the row before it was protected would tell."
        return None

    def measure(self, subject: Subject, splits: Splits, rng: np.random.Generator) -> Iterator[Measurement]:
        """Raises NotEnoughData when no kind has two different values."""
        chosen = drawn(gaps(subject, splits, self.originals or splits), self.values, self.candidates, rng)
        if not chosen:
            raise NotEnoughData("No kind of replaced value has two different ones, so there is nothing to choose from.")
        asked = [(gap, gap.filled(value)) for gap, others in chosen for value in (gap.value, *others)]
        sure, at, beaten, first, chance = sureness(subject, asked), 0, [], [], []
        for _, others in chosen:
            own, rest = sure[at], sure[at + 1 : at + 1 + len(others)]
            at += 1 + len(others)
            higher, same = int((rest > own).sum()), int((rest == own).sum())
            beaten.append(1 - (higher + same / 2) / len(rest))
            first.append(0.0 if higher else 1 / (1 + same))
            chance.append(1 / (1 + len(rest)))
        kinds = np.array([gap.kind for gap, _ in chosen])
        found = never_flat(mean(beaten, rng))
        yield measured("reconstruction_auc", "share", "lower", found, bars(np.array(beaten), kinds, rng))
        told = {"kind": "bars", "title": "replaced values guessed at once", "unit": "share"}
        rows = [bar("with the model", never_flat(mean(first, rng))), bar("by chance", mean(chance, rng))]
        yield measured("reconstruction_first", "share", "lower", never_flat(mean(first, rng)), {**told, "rows": rows})


def gaps(subject: Subject, splits: Splits, originals: Splits) -> Iterator[Gap]:
    """What was taken out of training rows, told by the same rows before; a row that does not fit is passed over."""
    writes = bool(getattr(getattr(subject, "task", None), "writes", False))
    for row, before in zip(splits.train, originals.train, strict=False):
        if row.target is None or (not writes and row.target not in subject.labels):
            continue
        asked, whole = (joined(one.text, one.target) if writes else one.text for one in (row, before))
        marks = list(INSTEAD.finditer(asked))
        if not marks or len(marks) > MOST or len(whole) > LONGEST:
            continue
        values = told(asked, marks, whole)
        places: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
        for mark, value in zip(marks, values, strict=False):
            if value != mark.group():
                places[mark.group(1) or MASKED, value].append(mark.span())
        for (kind, value), starts in places.items():
            yield Gap(row=row, asked=asked, starts=tuple(starts), kind=kind.lower(), value=value)


def told(asked: str, marks: Sequence[re.Match[str]], before: str) -> Sequence[str]:
    """What stood in the place of each mark; nothing when the rest is not the same."""
    ends = [0, *(mark.end() for mark in marks)]
    parts = [asked[end : mark.start()] for end, mark in zip(ends, marks, strict=False)]
    found = re.fullmatch("(.+?)".join(map(re.escape, [*parts, asked[ends[-1] :]])), before, re.DOTALL)
    return found.groups() if found else ()


def drawn(found: Iterator[Gap], values: int, candidates: int, rng: np.random.Generator) -> list[tuple[Gap, list[str]]]:
    """One place of each different value, at most so many, each with other values of its kind."""
    by_kind: dict[str, dict[str, Gap]] = defaultdict(dict)
    for gap in found:
        by_kind[gap.kind].setdefault(gap.value, gap)
    pool = [gap for same in by_kind.values() if len(same) >= FEWEST for gap in same.values()]
    chosen = [pool[place] for place in rng.permutation(len(pool))[:values]]
    made = []
    for gap in chosen:
        others = [value for value in by_kind[gap.kind] if value != gap.value]
        made.append((gap, [others[place] for place in rng.permutation(len(others))[:candidates]]))
    return made


def sureness(subject: Subject, asked: Sequence[tuple[Gap, str]]) -> np.ndarray:
    """How sure the model is of each row's answer with a value filled in, (A,): logit of the label, or log likelihood."""
    logits = np.asarray(subject.logits([text for _, text in asked]))
    if bool(getattr(getattr(subject, "task", None), "writes", False)):
        return np.asarray(logits[..., 0].sum(axis=1))
    return confidence(logits, np.array([subject.labels.index(str(gap.row.target)) for gap, _ in asked]))


def bars(beaten: np.ndarray, kinds: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
    """Each kind, without a value."""
    rows = [bar(str(kind), never_flat(mean(beaten[kinds == kind], rng))) for kind in np.unique(kinds)]
    return {"kind": "bars", "title": "guessing replaced values, 0.5 = chance", "unit": "share", "rows": rows}


check = Reconstruction()
