"""Forms of a model against another on the same rows and the same machine: score, answers that change, size, speed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from beside.core.compressing import Interval, Measured
from beside.core.interfaces import Progress, Task
from beside.core.pairs import whole
from beside.core.ranking import scored
from beside.core.statistics import Estimate, bootstrap, rate
from beside.core.types import Example

ROUNDS = 7  # of interleaved timing: the range of seven holds the median of all with 98 %
TIMED = 64  # texts asked in one round
ALONE = 100  # texts asked one by one
MOST = 4_000  # tune rows looked at


class Yardstick:
    """The tune rows, and what one model says to them.

    Args:
        task: of the models.
        labels: of its answers.
        reference: the model that others are held against.
        tune: rows with known answers, one at least.
        seed: of the resamples.
    """

    def __init__(self, task: Task, labels: tuple[str, ...], reference: Any, tune: Sequence[Example], seed: int) -> None:
        rows = whole(tune)[:MOST]
        self.task, self.labels, self.seed = task, labels, seed
        self.texts = [row.text for row in rows]
        self.answered, self.targets = scored(task, self.texts, [str(row.target) for row in rows])
        self.metric = next(iter(task.metrics))
        self.reference = reference
        self.known = self.answered(reference)

    def score(self, answers: Sequence[str]) -> Interval:
        """The main score of answers with its interval over the rows."""
        value = self.task.scorer(answers, self.targets, self.labels)
        return told(bootstrap(lambda rows: value(rows)[self.metric], len(self.targets), np.random.default_rng(self.seed)))

    def gap(self, answers: Sequence[str]) -> Interval:
        """How much better answers score than the reference's, on the same resampled rows."""
        before = self.task.scorer(self.known, self.targets, self.labels)
        after = self.task.scorer(answers, self.targets, self.labels)
        found = bootstrap(
            lambda rows: after(rows)[self.metric] - before(rows)[self.metric],
            len(self.targets),
            np.random.default_rng(self.seed),
        )
        return told(found)

    def flips(self, answers: Sequence[str]) -> Interval | None:
        """Share of the rows that are answered otherwise; None where answers are near or far."""
        if not self.task.exact:
            return None
        return told(rate(sum(one != other for one, other in zip(answers, self.known, strict=True)), len(answers)))

    def company(self, subject: Any) -> Interval | None:
        """Share of rows that are answered otherwise alone than among others."""
        if not self.task.exact:
            return None
        texts = self.texts[:: max(1, len(self.texts) // ALONE)][:ALONE]
        among = subject.predict(texts)
        return told(rate(sum(subject.predict([text]) != [answer] for text, answer in zip(texts, among, strict=True)), len(texts)))

    def measure(self, subjects: Mapping[str, Any], sizes: Mapping[str, int], progress: Progress) -> list[Measured]:
        """Each form against the reference."""
        seconds = timed({"": self.reference, **subjects}, self.texts[:: max(1, len(self.texts) // TIMED)][:TIMED], progress)
        found = []
        for number, (form, subject) in enumerate(subjects.items(), 1):
            answers = self.answered(subject)
            progress.step("measure", number, len(subjects), form)
            found.append(
                Measured(
                    form=form,
                    size=sizes[form],
                    speed=float(min(TIMED, len(self.texts)) / np.median(seconds[form])),
                    faster=ratio(seconds[""], seconds[form]),
                    score=self.score(answers),
                    gap=self.gap(answers),
                    flips=self.flips(answers),
                    company=self.company(subject),
                )
            )
        return found


def timed(subjects: Mapping[str, Any], texts: Sequence[str], progress: Progress) -> dict[str, list[float]]:
    """Seconds that each model takes for the texts, in rounds that go through all models, so that a busy moment meets them alike."""
    seconds: dict[str, list[float]] = {form: [] for form in subjects}
    for number in range(ROUNDS + 1):
        for form, subject in subjects.items():
            began = time.perf_counter()
            (subject.embed if subject.task.apart else subject.logits)(texts)
            if number:  # the first round warms up
                seconds[form].append(time.perf_counter() - began)
        progress.step("time", number, ROUNDS)
    return seconds


def ratio(reference: Sequence[float], other: Sequence[float]) -> Interval:
    """How many times as fast as the reference: the median of the rounds, and the range of them."""
    rounds = sorted(np.asarray(reference) / np.asarray(other))
    return Interval(value=float(np.median(rounds)), low=float(rounds[0]), high=float(rounds[-1]), n=len(rounds))


def told(found: Estimate) -> Interval:
    """An estimate as it is stored."""
    return Interval(value=found.value, low=found.low, high=found.high, n=found.n)


def size_of(folder: Path) -> int:
    """Bytes of all files in a model folder."""
    return sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
