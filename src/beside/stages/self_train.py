"""Run, texts without labels -> the rows of a child corpus: what the model is sure of joins the training rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from beside.core.confidence import FEWEST, WANTED, surest, threshold
from beside.core.errors import NotEnoughData
from beside.core.interfaces import Progress, Subject
from beside.core.types import Example, Run, Splits, content_id

MOST = 10  # taken texts of a label for each row of the most frequent one: what is guessed must not drown what is known


class Known(NamedTuple):
    """Answers to rows whose label is known, by models that did not learn them."""

    right: np.ndarray  # bool
    sure: np.ndarray  # probability of the answer, 0..1


def grown(run: Run, subject: Subject, splits: Splits, texts: Sequence[str], known: Known, progress: Progress) -> Splits:
    """The rows with those texts that the model is sure of, labelled by it; their `origin` names the run.

    Raises:
        NotEnoughData: at no threshold are nine in ten sure answers right, or no new text is sure enough.
    """
    there = {example.text.casefold() for rows in splits for example in rows}
    fresh = [text for text in dict.fromkeys(text.strip() for text in texts) if text and text.casefold() not in there]
    above = threshold(known.sure, known.right)
    if above is None:
        raise NotEnoughData(
            f"Of {len(known.right)} rows held out, too few sure answers are right: no threshold leaves {FEWEST} of them with "
            f"{WANTED:.0%} right.",
            "The model is not good enough to teach itself. Label more rows first.",
        )
    probabilities = subject.probabilities(fresh)
    answers, sure = [subject.labels[place] for place in probabilities.argmax(axis=1)], probabilities.max(axis=1)
    most = MOST * max(Counter(example.target for example in splits.train).values())
    places = surest(answers, sure, above, most)
    accepted = known.right[known.sure >= above]
    progress.say(
        f"Sure from {above:.3f} on: {accepted.mean():.3f} of {len(accepted)} such rows held out were right. "
        f"{len(places)} of {len(fresh)} new texts are taken, at most {most} of a label."
    )
    if not places:
        raise NotEnoughData(f"None of {len(fresh)} new texts is sure enough ({above:.3f}).", "Give more texts, or label some.")
    rows = [
        Example(
            id=content_id("example", [fresh[place], answers[place], run.id]),
            text=fresh[place],
            target=answers[place],
            origin=f"run:{run.id}",
        )
        for place in places
    ]
    return Splits([*splits.train, *rows], splits.tune, splits.test)
