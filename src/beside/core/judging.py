"""Attacked rows that people judge: does the changed text still mean the same, and what is its right label?

How often an attack fools a model while the meaning stays is the raw rate times the share of its edits that people accept (Morris et
al. 2020, "Reevaluating Adversarial Examples in Natural Language"). A row counts once, however many people judged it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from beside.core.errors import BadInput
from beside.core.statistics import Z95, Estimate, normal_quantile, wilson
from beside.core.types import Value

ORIGIN = "judged:"  # origin of a training row that people accepted, before the id of the attacked row
LONGEST_COMMENT = 2_000  # characters
TWO_AT_ONCE = normal_quantile(1 - 0.05 / 4)  # two intervals that both hold in 95 of 100 cases (Bonferroni): 97.5 % each

Meaning = Literal["kept", "changed", "unsure"]


class AttackedRow(Value):
    """A training row whose answer an attack changed. What the model said is for nobody who has yet to judge it."""

    id: str
    release_id: str
    attack: str  # the check whose attack it was: `robustness/greedy_words`
    example_id: str  # of the training row
    text: str  # both texts of a pair as core/pairs.py joins them
    edited: str
    label: str  # right label of the untouched text
    before: str  # the model's answer to it
    after: str  # the model's answer to the changed text
    before_probabilities: dict[str, float]
    after_probabilities: dict[str, float]
    made_at: datetime


class Judgement(Value):
    """What one person says of one attacked row; their newest counts."""

    id: str
    attacked_id: str
    meaning: Meaning
    label: str | None = None  # right label of the changed text; None = that of the untouched text, if the meaning was kept
    comment: str = ""
    who: str
    made_at: datetime


class Opinion(Value):
    """A judgement before it has a person and a time."""

    attacked_id: str
    meaning: Meaning
    label: str | None = None
    comment: str = ""


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Rows by what most people say of them."""

    kept: int
    changed: int
    unsure: int  # judged, and neither has more than half of those who judged the row

    @property
    def decided(self) -> int:
        """Rows of which most people say either."""
        return self.kept + self.changed


@dataclass(frozen=True, kw_only=True)
class Rates:
    """How often an attack succeeds, and what people think of its edits; None is what nobody measured."""

    raw: Estimate | None  # share of right answers to test rows that it changes
    checked: Estimate | None  # the same, with the meaning checked by thresholds
    kept: Estimate | None  # share of judged edits of training rows that mean the same
    judged: Estimate | None  # raw success at which people agree that the meaning stayed
    rows: int  # attacked rows that may be judged
    decided: int  # of these, rows of which most people say the same
    unsure: int  # judged, and people do not agree or cannot tell
    accepted: int  # meaning kept and label agreed: they teach the next model


def checked(opinion: Opinion, labels: Sequence[str]) -> Opinion:
    """The opinion without spaces around its words.

    Raises:
        BadInput: a label that the release does not know, or a comment that is too long.
    """
    label, comment = (opinion.label or "").strip() or None, opinion.comment.strip()
    if label is not None and label not in labels:
        raise BadInput(f"This release knows no label '{label}'.", f"Known labels: {', '.join(labels)}.")
    if len(comment) > LONGEST_COMMENT:
        raise BadInput(f"The comment has {len(comment)} characters.", f"A comment may have {LONGEST_COMMENT}.")
    return opinion.model_copy(update={"label": label, "comment": comment})


def newest(judgements: Iterable[Judgement]) -> dict[str, list[Judgement]]:
    """Attacked row -> what each person said of it last. `judgements`: in the order in which they were said."""
    last = {(one.attacked_id, one.who): one for one in judgements}
    rows: defaultdict[str, list[Judgement]] = defaultdict(list)
    for (row, _), one in last.items():
        rows[row].append(one)
    return dict(rows)


def meaning_of(said: Sequence[Judgement]) -> Meaning:
    """What more than half of those who judged a row say; unsure when no answer has more than half."""
    most, votes = Counter(one.meaning for one in said).most_common(1)[0]
    return most if 2 * votes > len(said) else "unsure"


def agreed_label(row: AttackedRow, said: Sequence[Judgement]) -> str | None:
    """The label of a row that people accept: more than half of those who judged it say that the meaning stayed and give this label.

    None where they do not.
    """
    labels = Counter(one.label or row.label for one in said if one.meaning == "kept")
    if not labels:
        return None
    most, votes = labels.most_common(1)[0]
    return most if 2 * votes > len(said) else None


def tally(said: Mapping[str, Sequence[Judgement]]) -> Tally:
    """Judged rows, each once, by what most people say. `said`: as `newest` gives it."""
    found = Counter(meaning_of(some) for some in said.values())
    return Tally(kept=found["kept"], changed=found["changed"], unsure=found["unsure"])


def kept_share(rows: Tally, z: float = Z95) -> Estimate | None:
    """Share of decided rows that still mean the same, 0..1, `n` decided rows; None when none is decided.

    The interval is Wilson's. Rows on which people do not agree widen it: its low end takes them all for changed, its high end all
    for kept.

    Args:
        z: standard deviations of the interval.
    """
    if not rows.decided:
        return None
    n = rows.decided + rows.unsure
    low, high = wilson(rows.kept, n, z)[0], wilson(rows.kept + rows.unsure, n, z)[1]
    return Estimate(value=rows.kept / rows.decided, low=low, high=high, n=rows.decided)


def human_judged(raw: Estimate, rows: Tally) -> Estimate | None:
    """Success of an attack at which people agree that the meaning stayed: raw success times the share that people accept.

    The ends are products of the ends of two 97.5 % intervals, which hold together in at least 95 of 100 cases (Bonferroni). It
    takes edits of training rows, which people judge, to keep the meaning as often as those of test rows, which the raw rate counts.

    Args:
        raw: a rate; `n` rows that were attacked.
    """
    kept = kept_share(rows, TWO_AT_ONCE)
    if kept is None or raw.n <= 0:
        return None
    low, high = wilson(round(raw.value * raw.n), raw.n, TWO_AT_ONCE)
    return Estimate(value=raw.value * kept.value, low=low * kept.low, high=high * kept.high, n=kept.n)
