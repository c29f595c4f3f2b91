"""Are there a few words that change the answer before almost any text? They are searched on tune rows, tried on test rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from beside.checks._flips import bars
from beside.checks._rows import measured, no_labelled_rows
from beside.checks.robustness._attack import COLUMNS, metrics, sampled
from beside.core.errors import NotEnoughData
from beside.core.interfaces import Subject
from beside.core.near_words import labels_of, vocabulary
from beside.core.questioning import asked_once
from beside.core.statistics import rate
from beside.core.types import Example, Measurement, Splits

Trigger = tuple[str, ...]
Found = tuple[dict[str, str], list[dict[str, str]]]  # trigger of each label, and the rows that change
FEWEST = 3  # training rows in which a word must stand


@dataclass(frozen=True, kw_only=True)
class Triggers:
    """Share of right answers that one fixed trigger before the text changes, 0..1, lower is better (Wilson intervals).

    Universal triggers (Wallace et al. 2019): for each label the few words that, before any text of that label, lower its
    probability most. Wallace follows gradients; here, so that any served model can be tried, words are first asked alone and the
    best then combined by a beam search. They are found on tune rows, or on training rows where there are none, and tried on
    test rows. The checked rate takes only words that speak for no label in the training text: `terrible` before a review changes
    what it says, `screenplay` does not.
    """

    rows: int = field(default=200, metadata={"unit": "test rows", "reason": "each is asked three times"})
    searched: int = field(default=8, metadata={"unit": "rows a label", "reason": "on which a trigger is searched"})
    length: int = field(default=3, metadata={"unit": "words", "reason": "Wallace's; longer ones are seen at once"})
    words: int = field(default=10, metadata={"unit": "words a label", "reason": "of those asked alone, those that are combined"})
    asked: int = field(default=400, metadata={"unit": "words", "reason": "the most frequent; each is a very short text"})
    width: int = field(default=2, metadata={"unit": "triggers", "reason": "that go on at each length"})
    labels: int = field(default=4, metadata={"unit": "labels", "reason": "the most frequent; the search costs as much for each"})
    neutral: float = field(default=0.2, metadata={"unit": "total variation", "reason": "of a word's labels from all rows' labels"})
    shown: int = field(default=20, metadata={"unit": "rows", "reason": "changed rows kept for a person to read"})

    zh: ClassVar[str] = "有没有几个词，放在几乎任何文本之前都会改变回答？在调参行上寻找，在测试行上检验。"
    metrics: ClassVar[dict[str, tuple[str, str]]] = {
        name: said for name, said in metrics("trigger", "a fixed trigger", "固定触发词").items() if not name.endswith("_queries")
    }
    passes: ClassVar[int] = 8

    def why_not(self, subject: Subject, splits: Splits) -> str | None:
        if reason := no_labelled_rows(subject, splits):
            return reason
        return None if splits.train else "The corpus has no training rows."

    def measure(self, subject: Subject, splits: Splits, rng: np.random.Generator) -> Iterator[Measurement]:
        """Raises NotEnoughData when no row of the labels was answered rightly."""
        where = "tune" if any(row.target for row in splits.tune) else "train"
        known = [row for row in (splits.tune if where == "tune" else splits.train) if row.target in subject.labels]
        labels = [str(label) for label, _ in Counter(row.target for row in known).most_common(self.labels)]
        listed = [word for word, count in vocabulary(splits.train).most_common(self.asked) if count >= FEWEST and len(word) > 1]
        alone = asked_once(subject.probabilities, listed)
        spoken = neutral_words(listed, splits.train, self.neutral)
        rows = [row for row in sampled(splits, self.rows, rng) if row[1] in labels]
        answers = subject.predict([text for text, _ in rows])
        right = [row for row, answer in zip(rows, answers, strict=True) if answer == row[1]]
        if not right:
            raise NotEnoughData(f"None of the {len(rows)} rows was answered rightly: nothing to attack.", "Train a better model.")
        found: dict[str, Found] = {}
        for name, allowed in (("loose", set(listed)), ("tight", spoken)):
            triggers = {}
            for label in labels:
                texts = [row.text for row in known if row.target == label]
                texts = [texts[int(one)] for one in rng.permutation(len(texts))[: self.searched]]
                column = subject.labels.index(label)
                order = [listed[int(one)] for one in np.argsort(alone[:, column], kind="stable")] if listed else []
                triggers[label] = self.search(subject, texts, column, [word for word in order if word in allowed][: self.words])
            found[name] = triggers, changed(subject, right, triggers)
        yield from self.told(found, right, len(rows), where)

    def search(self, subject: Subject, texts: Sequence[str], column: int, words: Sequence[str]) -> str:
        """The trigger that lowers the mean probability of a label most; empty when none does."""
        best: tuple[float, Trigger] = (float(asked_once(subject.probabilities, texts)[:, column].mean()), ())
        beam: list[Trigger] = [()]
        for _ in range(self.length):
            longer = [(*one, word) for one in beam for word in words if word not in one]
            if not longer:
                break
            scores = asked_once(subject.probabilities, [before(one, text) for one in longer for text in texts])
            means = scores[:, column].reshape(len(longer), len(texts)).mean(axis=1)
            beam = [longer[int(place)] for place in np.argsort(means, kind="stable")[: self.width]]
            best = min(best, (float(means.min()), beam[0]))
        return before(best[1], "").strip()

    def told(self, found: dict[str, Found], right: Sequence[tuple[str, str]], asked: int, where: str) -> Iterator[Measurement]:
        """The numbers, with the triggers and the rows that they change."""
        (loose, fooled), (tight, checked) = found["loose"], found["tight"]
        for name, some, triggers in (("trigger_success", fooled, loose), ("trigger_checked_success", checked, tight)):
            evidence = {"kind": "examples", "columns": COLUMNS, "rows": some[: self.shown], "of": len(some), "unchanged": 0}
            about = {"source": f"found on {where} rows", "triggers": triggers}
            yield measured(name, "share", "lower", rate(len(some), len(right)), evidence | about)
        of_label = Counter(target for _, target in right)
        rates = {
            f"{label}: {trigger or '-'}": rate(sum(row["target"] == label for row in fooled), of_label[label])
            for label, trigger in loose.items()
            if of_label[label]
        }
        told = bars("share of right answers that the trigger changes", rates)
        yield measured("accuracy_under_trigger", "share", "higher", rate(len(right) - len(fooled), asked), told)


def before(trigger: Trigger, text: str) -> str:
    """A text with a trigger before it."""
    chinese = bool(trigger) and all("\u3400" <= char <= "\u9fff" for word in trigger for char in word)
    return ("" if chinese else " ").join([*trigger, text]) if trigger else text


def changed(subject: Subject, right: Sequence[tuple[str, str]], triggers: dict[str, str]) -> list[dict[str, str]]:
    """The rows whose answer another one becomes behind their label's trigger."""
    edits = [before(tuple(filter(None, [triggers[target]])), text) for text, target in right]
    after = subject.predict(edits)
    told = zip(right, edits, after, strict=True)
    listed = ((text, edited, target, target, answer) for (text, target), edited, answer in told if answer != target)
    return [dict(zip(COLUMNS, row, strict=True)) for row in listed]


def neutral_words(listed: Sequence[str], rows: Sequence[Example], most: float) -> set[str]:
    """The words that stand in rows of all labels about as often as there are such rows."""
    counts = Counter(row.target for row in rows if row.target is not None)
    if not listed or not counts:
        return set(listed)
    shares = np.array([counts[name] for name in sorted(counts)], dtype=float) / counts.total()
    apart = np.abs(labels_of(listed, rows) - shares).sum(axis=1) / 2
    return {word for word, distance in zip(listed, apart, strict=True) if distance <= most}


check = Triggers()
