"""Attacks on many rows at once: edits that a person would answer alike, searched for until the model's answer changes.

How to use it, from a check or a defence:

    synonyms = replace(load("perturbations", "synonyms"), neighbours=near)       # or resource=..., typos, glyphs, masked_words
    spots = [synonyms.spots(text) for text in texts]                             # places and what may stand there instead
    found = attack(subject, texts, targets, spots, limits=Limits(share=0.3, queries=200))
    harder = [one.edited for one in found]                                       # the text itself where nothing was found

The subject needs `labels` and `probabilities(texts)`, and `embed(texts)` when `limits.sentence` is above 0 and no other `embed` is
given. Everything else is arithmetic: nothing here knows torch, a language or a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from beside.core.edits import Spot, apart
from beside.core.errors import BadOption
from beside.core.hunting import beam, greedy, population
from beside.core.interfaces import Subject
from beside.core.questioning import Embed, asked_once
from beside.core.tries import Hunt, Questions
from beside.core.wording import words

Ended = Literal["fooled", "held", "wrong", "nothing to edit"]
SEARCHES = ("greedy", "beam", "population")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What an attack may do to a row."""

    share: float = field(default=1.0, metadata={"unit": "share of words", "reason": "at least one word may always be edited"})
    queries: int = field(
        default=500, metadata={"unit": "texts a row", "reason": "what a row may cost, the untouched text included"}
    )
    sentence: float = field(default=0.0, metadata={"unit": "cosine", "reason": "least between edited and untouched text; 0 = any"})


@dataclass(frozen=True, kw_only=True)
class Attacked:
    """One row after an attack."""

    text: str
    edited: str  # the best that was found, also when the answer held; the text itself when nothing helped
    target: str
    before: str
    after: str  # the answer to `edited`
    ended: Ended  # `wrong`: it was answered wrongly before any edit and was not attacked
    edits: int  # places edited
    queries: int  # texts that the model was asked for this row


def attack(
    subject: Subject,
    texts: Sequence[str],
    targets: Sequence[str],
    spots: Sequence[Sequence[Spot]],
    *,
    limits: Limits | None = None,
    search: str = "greedy",
    embed: Embed | None = None,
    rng: np.random.Generator | None = None,
) -> list[Attacked]:
    """Attacks all rows together; untargeted: any other label than the right one will do.

    Args:
        subject: the model under attack, which answers with one label per text.
        texts: the rows.
        targets: the right label of each; a row whose label the model does not know counts as wrong.
        spots: for each row, places (start, end, others) and what may stand there instead; of two that overlap the first is used.
        search: `greedy` (TextFooler, Jin et al. 2020), `beam` or `population` (Alzantot et al. 2018).
        embed: compares sentences, for instance that of the base before its training; None: the subject's own.
        rng: for `population`; the others draw nothing.

    Returns:
        One result per row, in order.

    Raises:
        BadOption: there is no such search.
    """
    if search not in SEARCHES:
        raise BadOption(f"There is no search '{search}'.", f"There are: {', '.join(SEARCHES)}.")
    limits = limits or Limits()
    if not texts:
        return []
    scores = asked_once(subject.probabilities, texts)
    label = {name: place for place, name in enumerate(subject.labels)}
    hunts = [
        Hunt(
            text=text, target=label.get(target, -1), spots=apart(some, text), most=allowed(text, limits.share),
            left=limits.queries - 1, before=row, edited=text, said=int(row.argmax()), right=float(row[label.get(target, 0)]),
        )
        for text, target, some, row in zip(texts, targets, spots, scores, strict=True)
    ]  # fmt: skip
    right = [hunt for hunt in hunts if hunt.said == hunt.target and hunt.spots]
    questions = Questions(subject, (embed or subject.embed) if limits.sentence > 0 else None, limits.sentence)
    if search == "population":
        population(right, questions, rng or np.random.default_rng(0))
    else:
        {"greedy": greedy, "beam": beam}[search](right, questions)
    return [result(hunt, target, subject.labels) for hunt, target in zip(hunts, targets, strict=True)]


def allowed(text: str, share: float) -> int:
    """How many places of a text may be edited."""
    return max(1, int(share * len(words(text))))


def result(hunt: Hunt, target: str, labels: Sequence[str]) -> Attacked:
    """A hunt at its end, in words."""
    before = int(hunt.before.argmax())
    ended: Ended = "wrong" if before != hunt.target else "fooled" if hunt.fooled else "held" if hunt.spots else "nothing to edit"
    return Attacked(
        text=hunt.text, edited=hunt.edited, target=target, before=labels[before], after=labels[hunt.said], ended=ended,
        edits=len(hunt.chosen), queries=hunt.asked,
    )  # fmt: skip
