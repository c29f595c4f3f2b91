"""Tune rows and new texts of a release -> a Look: six tests for drift, two estimates of accuracy, all without labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np

from beside.core import drift
from beside.core.answers import Said
from beside.core.askable import answers_of
from beside.core.cleaning import BETWEEN
from beside.core.drift import Aspect, Estimated, Look, Shift
from beside.core.errors import BadInput, NotEnoughData
from beside.core.interfaces import Subject, Task
from beside.core.languages import spoken
from beside.core.pairs import apart, joined
from beside.core.types import FEWEST_ROWS, Example, Prediction
from beside.core.wording import words

MOST = 1_000  # rows of either side: tests of 2,000 rows take seconds
DIGITS = 4  # of a probability: what the batch and storing change of it must not order two rows
VOCABULARY = 1_000  # most frequent words whose share of texts is compared


class Side(NamedTuple):
    """One side of the comparison."""

    texts: list[str]
    labels: list[tuple[str, ...]]  # of each answer; none where it is of another form
    sure: np.ndarray  # probability of each answer, shape (n,)


class Test(NamedTuple):
    """What one test compares."""

    aspect: Aspect
    measure: str
    statistic: Callable[[np.ndarray], np.ndarray]  # masks -> a statistic for each
    size: Callable[[np.ndarray], float]  # mask -> size of the difference


def look(
    subject: Subject,
    task: Task,
    tune: Sequence[Example],
    asked: Sequence[Prediction],
    *,
    release_id: str,
    days: float,
    budget: float,
    now: datetime,
    rng: np.random.Generator,
) -> Look:
    """Compares what was asked with the tune rows.

    Args:
        subject: the model of the release.
        tune: rows of the tune split, as the model reads them; of more than 1,000 every so-manieth is taken.
        asked: stored predictions, the newest 1,000 of which are taken.
        days: since the last look, which this one may spend.
        budget: false alarms per 30 days.

    Raises:
        NotEnoughData: fewer than 30 rows on a side.
        BadInput: the last look was so short ago that this one cannot alarm.
    """
    rows = [tune[place] for place in np.linspace(0, len(tune) - 1, min(MOST, len(tune))).astype(int)]
    new = sorted(asked, key=lambda one: one.made_at)[-MOST:]
    for what, count in (("tune rows", len(rows)), ("stored answers", len(new))):
        if count < FEWEST_ROWS:
            raise NotEnoughData(f"There are {count} {what} to compare.", f"It takes {FEWEST_ROWS} or more.")
    # a model that writes would take minutes to answer the tune rows, and its answers are not counted anyway
    said = [] if hasattr(subject, "decoded") else answers_of(subject, [row.text for row in rows])
    old, fresh = sides(rows, said, new)
    skipped: dict[str, str] = {}
    tests = list(tests_of(subject, task, old, fresh, skipped))
    alpha = drift.allowance(budget, days, len(tests))
    draws = drift.draws_for(alpha)
    if draws is None:
        hint = "Once a day is enough; never oftener than every hour. What was found last: --last."
        raise BadInput("The last look was so short ago that this one may not spend any of the budget.", hint)
    drawn = drift.masks(len(rows), len(new), draws, rng)
    known = np.array([row.target is not None for row in rows]) & bool(said)
    right = np.array([float(said[at].label == rows[at].target) for at in np.flatnonzero(known)])
    return Look(
        release_id=release_id,
        at=now,
        since=new[0].made_at,
        n=len(new),
        tune=len(rows),
        days=days,
        budget=budget,
        shifts=tuple(shift(test, drawn, alpha) for test in tests),
        accuracy=accuracy(task, old.sure[known] if said else old.sure, right, fresh.sure, rng),
        tune_accuracy=float(right.mean()) if task.single and len(right) else None,
        skipped=skipped,
    )


def sides(rows: Sequence[Example], said: Sequence[Said], new: Sequence[Prediction]) -> tuple[Side, Side]:
    """Tune rows with what the model says of them, and what was asked with what it said."""
    old = Side([row.text for row in rows], [labels_of(one) for one in said], np.array([one.probability for one in said]))
    texts = [joined(one.text, one.pair) for one in new]
    fresh = Side(texts, [labels_of(one) for one in new], np.array([one.probability for one in new]))
    if all(one.pair is not None for one in new):
        return old, fresh
    # candidates came from elsewhere, or there are none: only the first texts can be compared
    return (
        old._replace(texts=[apart(text)[0] for text in old.texts]),
        fresh._replace(texts=[apart(text)[0] for text in fresh.texts]),
    )


def shift(test: Test, drawn: np.ndarray, alpha: float) -> Shift:
    """What one test found."""
    p = drift.p_value(test.statistic(drawn))
    return Shift(aspect=test.aspect, measure=test.measure, value=test.size(drawn[0]), p=p, alpha=alpha)


def accuracy(task: Task, sure: np.ndarray, right: np.ndarray, now: np.ndarray, rng: np.random.Generator) -> tuple[Estimated, ...]:
    """Both estimates, for answers that are one label each; none where too few tune rows say what is right."""
    return (
        drift.estimates(np.round(sure, DIGITS), right, np.round(now, DIGITS), rng)
        if task.single and len(right) >= FEWEST_ROWS
        else ()
    )


def tests_of(subject: Subject, task: Task, old: Side, fresh: Side, skipped: dict[str, str]) -> Iterator[Test]:
    """The tests that mean something here; why one does not goes into `skipped`."""
    texts = [*old.texts, *fresh.texts]
    labels = indicators([*old.labels, *fresh.labels])
    if labels.shape[1] > 1 and any(old.labels) and any(fresh.labels):
        yield by_counts("predictions", "population stability index", labels)
    else:
        skipped["predictions"] = "Its answers are no labels, or all of them are the same."
    if task.single:
        sure = np.round(np.concatenate([old.sure, fresh.sure]), DIGITS)
        yield by_values("confidence", "largest gap of the distributions, 0 to 1", sure)
    else:
        skipped["confidence"] = "A probability means one thing where an answer is one label."
    if hasattr(subject, "embed"):
        yield by_vectors(np.asarray(subject.embed(texts), dtype=float))
    else:
        skipped["embeddings"] = "This model gives no vector of a text."
    yield by_counts("vocabulary", "population stability index", vocabulary(texts))
    languages = indicators([(one,) for one in spoken([text.replace(BETWEEN, " ") for text in texts])])
    yield by_counts("language", "population stability index", languages)
    yield by_values("length", "largest gap of the distributions, 0 to 1", np.array([float(len(text)) for text in texts]))


def by_counts(aspect: Aspect, measure: str, columns: np.ndarray) -> Test:
    """A test of how often things occur; columns: (rows, things), bool."""
    return Test(aspect, measure, lambda drawn: drift.chi_square(columns, drawn), lambda new: drift.psi(columns, new))


def by_values(aspect: Aspect, measure: str, values: np.ndarray) -> Test:
    """A test of how a number is distributed, shape (rows,)."""

    def statistic(drawn: np.ndarray) -> np.ndarray:
        return drift.kolmogorov(values, drawn)

    return Test(aspect, measure, statistic, lambda new: float(statistic(new[None])[0]))


def by_vectors(vectors: np.ndarray) -> Test:
    """A test of where texts lie, shape (rows, hidden)."""

    def statistic(drawn: np.ndarray) -> np.ndarray:
        return drift.mmd(vectors, drawn)

    return Test("embeddings", "squared MMD", statistic, lambda new: float(statistic(new[None])[0]))


def labels_of(said: Said | Prediction) -> tuple[str, ...]:
    """The labels of an answer; none where it has another form."""
    if isinstance(said.answer, list) and all(isinstance(one, str) for one in said.answer):
        return tuple(said.answer)
    return (said.label,) if said.label in said.probabilities else ()


def indicators(rows: Sequence[tuple[str, ...]]) -> np.ndarray:
    """Which names each row holds, bool, shape (rows, names)."""
    names = {name: place for place, name in enumerate(sorted({name for row in rows for name in row}))}
    found = np.zeros((len(rows), len(names)), dtype=bool)
    for at, row in enumerate(rows):
        found[at, [names[name] for name in row]] = True
    return found


def vocabulary(texts: Sequence[str]) -> np.ndarray:
    """Which of the most frequent words each text holds, and in the last column whether it holds others; bool."""
    held = [{word.text.casefold() for word in words(text)} for text in texts]
    counted = Counter(word for row in held for word in sorted(row))
    chosen = {word for word, _ in counted.most_common(VOCABULARY)}
    return indicators([tuple(row & chosen) + (("\0other",) if row - chosen else ()) for row in held])
