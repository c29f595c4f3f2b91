"""Tune rows and new texts of a release -> a Look: six tests for drift, two estimates of accuracy, all without labels.

Once people have let a release answer again after a drift, what is asked is no longer compared with the tune rows, which it will
differ from for good, but with what was asked right after they did: the same drift alarms once, a further one alarms again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

import numpy as np

from beside.core import drift, moved
from beside.core.answers import Said
from beside.core.askable import answers_of
from beside.core.cleaning import BETWEEN
from beside.core.drift import Aspect, Estimated, Look, Shift
from beside.core.errors import BadInput, NotEnoughData
from beside.core.interfaces import Subject, Task
from beside.core.languages import spoken
from beside.core.moved import Moved
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


class Accepted(NamedTuple):
    """A drift after which people let the release answer again."""

    at: datetime
    after: Sequence[Prediction]  # the first answers since then, 2,000 at most


class Test(NamedTuple):
    """What one test compares."""

    aspect: Aspect
    measure: str
    statistic: Callable[[np.ndarray], np.ndarray]  # masks -> a statistic for each
    size: Callable[[np.ndarray], float]  # mask -> size of the difference
    told: Callable[[np.ndarray], tuple[Moved, ...]]  # mask -> what changed


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
    accepted: Accepted | None = None,
) -> Look:
    """Compares what was asked with the tune rows.

    Args:
        subject: the model of the release.
        tune: rows of the tune split, as the model reads them; of more than 1,000 every so-manieth is taken.
        asked: stored predictions, the newest 1,000 of which are taken.
        days: since the last look, which this one may spend.
        budget: false alarms per 30 days.
        accepted: the last drift that people accepted; None = there was none.

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
    old, fresh = halves_of(accepted, new) if accepted else sides(rows, said, new)
    skipped: dict[str, str] = {}
    tests = list(tests_of(subject, task, old, fresh, skipped))
    alpha = drift.allowance(budget, days, len(tests))
    draws = drift.draws_for(alpha)
    if draws is None:
        hint = "Once a day is enough; never oftener than every hour. What was found last: --last."
        raise BadInput("The last look was so short ago that this one may not spend any of the budget.", hint)
    drawn = drift.masks(len(old.texts), len(fresh.texts), draws, rng)
    known = [(one, row.target) for row, one in zip(rows, said, strict=False) if row.target is not None]
    right = np.array([float(one.label == target) for one, target in known])
    return Look(
        release_id=release_id,
        at=now,
        since=new[-len(fresh.texts)].made_at,
        n=len(fresh.texts),
        tune=len(rows),
        days=days,
        budget=budget,
        shifts=tuple(shift(test, drawn, alpha) for test in tests),
        accuracy=accuracy(task, np.array([one.probability for one, _ in known]), right, fresh.sure, rng),
        tune_accuracy=float(right.mean()) if task.single and len(right) else None,
        skipped=skipped,
        accepted=accepted.at if accepted else None,
        accepted_n=len(old.texts) if accepted else None,
    )


def halves_of(accepted: Accepted, newest: Sequence[Prediction]) -> tuple[Side, Side]:
    """Answers right after a drift was accepted, and the newest behind them. Raises NotEnoughData: too few of either."""
    after = sorted(accepted.after, key=lambda one: one.made_at)
    half = len(after) // 2
    if half < FEWEST_ROWS:
        told = f"There are {len(after)} answers since people let it answer again on {accepted.at:%Y-%m-%d %H:%M} UTC."
        raise NotEnoughData(told, f"It takes {2 * FEWEST_ROWS}: later ones are compared with those right after.")
    first = {one.id for one in after[:half]}  # no answer stands on both sides: those of one call share their moment
    later = [one for one in newest if one.id not in first]
    return side_of(after[:half]), side_of(later[-min(len(after) - half, MOST) :])


def side_of(asked: Sequence[Prediction]) -> Side:
    """One side of the comparison, from stored answers."""
    return Side(
        [joined(one.text, one.pair) for one in asked],
        [labels_of(one) for one in asked],
        np.array([one.probability for one in asked]),
    )


def sides(rows: Sequence[Example], said: Sequence[Said], new: Sequence[Prediction]) -> tuple[Side, Side]:
    """Tune rows with what the model says of them, and what was asked with what it said."""
    old = Side([row.text for row in rows], [labels_of(one) for one in said], np.array([one.probability for one in said]))
    fresh = side_of(new)
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
    new = drawn[0]
    return Shift(aspect=test.aspect, measure=test.measure, value=test.size(new), p=p, alpha=alpha, moved=test.told(new))


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
    named = [*old.labels, *fresh.labels]
    labels = indicators(named)
    if labels.shape[1] > 1 and any(old.labels) and any(fresh.labels):
        yield by_counts("predictions", labels, lambda new: moved.shares("label", named, new))
    else:
        skipped["predictions"] = "Its answers are no labels, or all of them are the same."
    if task.single:
        yield by_values("confidence", np.round(np.concatenate([old.sure, fresh.sure]), DIGITS), "sure")
    else:
        skipped["confidence"] = "A probability means one thing where an answer is one label."
    if hasattr(subject, "embed"):
        yield by_vectors(np.asarray(subject.embed(texts), dtype=float))
    else:
        skipped["embeddings"] = "This model gives no vector of a text."
    held = word_sets(texts)
    yield by_counts("vocabulary", vocabulary(held), lambda new: moved.unseen(held, new))
    languages = [(one,) for one in spoken([text.replace(BETWEEN, " ") for text in texts])]
    yield by_counts("language", indicators(languages), lambda new: moved.shares("language", languages, new))
    yield by_values("length", np.array([float(len(text)) for text in texts]), "length")


def by_counts(aspect: Aspect, columns: np.ndarray, told: Callable[[np.ndarray], tuple[Moved, ...]]) -> Test:
    """A test of how often things occur; columns: (rows, things), bool."""
    name = "population stability index"
    return Test(aspect, name, lambda drawn: drift.chi_square(columns, drawn), lambda new: drift.psi(columns, new), told)


def by_values(aspect: Aspect, values: np.ndarray, what: Literal["sure", "length"]) -> Test:
    """A test of how a number is distributed, shape (rows,)."""

    def statistic(drawn: np.ndarray) -> np.ndarray:
        return drift.kolmogorov(values, drawn)

    name = "largest gap of the distributions, 0 to 1"
    return Test(aspect, name, statistic, lambda new: float(statistic(new[None])[0]), lambda new: moved.middles(what, values, new))


def by_vectors(vectors: np.ndarray) -> Test:
    """A test of where texts lie, shape (rows, hidden)."""

    def statistic(drawn: np.ndarray) -> np.ndarray:
        return drift.mmd(vectors, drawn)

    name = "squared MMD"
    return Test("embeddings", name, statistic, lambda new: float(statistic(new[None])[0]), lambda new: moved.unlike(vectors, new))


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


def word_sets(texts: Sequence[str]) -> list[set[str]]:
    """The different words of each text, whatever their case."""
    return [{word.text.casefold() for word in words(text)} for text in texts]


def vocabulary(held: Sequence[set[str]]) -> np.ndarray:
    """Which of the most frequent words each text holds, and in the last column whether it holds others; bool.

    Args:
        held: the different words of each text.
    """
    counted = Counter(word for row in held for word in sorted(row))
    chosen = {word for word, _ in counted.most_common(VOCABULARY)}
    return indicators([tuple(row & chosen) + (("\0other",) if row - chosen else ()) for row in held])
