"""Corpus, corrections -> child Corpus; challenger against champion on the same test rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import get_args

import numpy as np

from beside.core.errors import BadInput, NotEnoughData
from beside.core.interfaces import Subject, Task
from beside.core.pairs import halves, shown, whole
from beside.core.registry import load
from beside.core.statistics import mcnemar, paired_gap
from beside.core.types import Comparison, Corpus, Example, Run, Split, Splits, content_id
from beside.store.artifacts import Artifacts
from beside.store.rows import write_rows

SIGNIFICANT = 0.05  # p-value under which the data can tell two models apart
FLIPPED_SHOWN = 200


@dataclass(frozen=True, kw_only=True)
class Improvement:
    """What `improve` made: the child corpus, the challenger trained on it, and how it compares with the champion."""

    corpus: Corpus
    run: Run
    comparison: Comparison


def child(corpus: Corpus, splits: Splits, corrections: Sequence[Example], *, artifacts: Artifacts, now: datetime) -> Corpus:
    """The corpus with what people corrected added to its train split; tune and test stay as they were, so that scores compare.

    A correction of a text that is already a training row replaces it. A text that stands in tune or test is left out: it would
    be measured on what it was taught.

    Raises:
        NotEnoughData: no correction is new.
    """
    splits, corrections = Splits(*map(whole, splits)), whole(corrections)
    held_out = {folded(example.text) for example in chain(splits.tune, splits.test)}
    wanted = {folded(example.text): example for example in corrections if folded(example.text) not in held_out}
    known = {(folded(example.text), example.target) for example in splits.train}
    fresh = [example for text, example in wanted.items() if (text, example.target) not in known]
    if not fresh:
        raise NotEnoughData(
            f"None of {len(corrections)} corrections adds anything to corpus '{corpus.name}'.",
            "Correct some answers on the page Try it, or with POST /v1/feedback.",
        )
    replaced = {folded(example.text) for example in fresh}
    kept = [example for example in splits.train if folded(example.text) not in replaced]
    return stored(corpus, Splits(kept + fresh, splits.tune, splits.test), artifacts, now)


def must_compare(task: Task) -> None:
    """Does nothing when two models of a task can be compared by which rows each answers right.

    Raises:
        BadInput: answers of this task are nearer or farther, not right or wrong.
    """
    if not task.exact:
        what = "an order of candidates is better or worse" if task.ranks else "a number is near or far"
        raise BadInput(
            f"Champion and challenger are compared by right and wrong answers, and {what}.",
            "Import the corrections with the other rows, train again, and compare both audits.",
        )


def stored(parent: Corpus, splits: Splits, artifacts: Artifacts, now: datetime) -> Corpus:
    """Writes the rows of a child corpus and describes it."""
    digest = hashlib.sha256()

    def rows() -> Iterator[tuple[Split, Example]]:
        for split, examples in zip(get_args(Split), splits, strict=True):
            for example in map(halves, examples):
                digest.update(json.dumps([split, example.model_dump()], ensure_ascii=False, sort_keys=True).encode() + b"\n")
                yield split, example

    with artifacts.new_file() as file:
        write_rows(file.path, rows())
    task: Task = load("tasks", parent.task)
    labels = task.labels(str(example.target) for example in chain(*splits) if example.target is not None)
    return parent.model_copy(
        update={
            "id": content_id("corpus", {"parent": parent.id, "rows": digest.hexdigest()}),
            "labels": labels,
            "splits": {split: len(examples) for split, examples in splits._asdict().items()},
            "examples": file.id,
            "parent": parent.id,
            "made_at": now,
        }
    )


def compare(
    champion: Run,
    challenger: Run,
    champion_subject: Subject,
    challenger_subject: Subject,
    test: Iterable[Example],
    *,
    rng: np.random.Generator,
) -> Comparison:
    """Both models on the same test rows: exact McNemar test, paired interval of the gap, and the rows whose answer changed."""
    rows = whole(example for example in test if example.target is not None)
    if not rows:
        raise NotEnoughData("There is no test row to compare on.", "Import the corpus with a test split.")
    texts = [example.text for example in rows]
    before, after = champion_subject.predict(texts), challenger_subject.predict(texts)
    was_right = [answer == example.target for answer, example in zip(before, rows, strict=True)]
    is_right = [answer == example.target for answer, example in zip(after, rows, strict=True)]
    only_champion = sum(old and not new for old, new in zip(was_right, is_right, strict=True))
    only_challenger = sum(new and not old for old, new in zip(was_right, is_right, strict=True))
    p_value = mcnemar(only_champion, only_challenger)
    gap = paired_gap(was_right, is_right, rng)
    better = "challenger" if only_challenger > only_champion else "champion"
    flipped = [
        {"id": example.id, "text": shown(example.text), "target": str(example.target), "before": old, "after": new}
        for example, old, new in zip(rows, before, after, strict=True)
        if old != new
    ]
    return Comparison(
        champion=champion.id,
        challenger=challenger.id,
        n=len(rows),
        champion_accuracy=sum(was_right) / len(rows),
        challenger_accuracy=sum(is_right) / len(rows),
        gap=gap.value,
        low=gap.low,
        high=gap.high,
        only_champion=only_champion,
        only_challenger=only_challenger,
        p_value=p_value,
        verdict=better if p_value < SIGNIFICANT else "cannot tell",
        flipped=tuple(flipped[:FLIPPED_SHOWN]),
    )


def folded(text: str) -> str:
    """A text without what does not change it: case and spaces."""
    return " ".join(text.casefold().split())
