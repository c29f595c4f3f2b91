"""Attacked rows for people to judge; what they accept teaches the next model as any correction does.

Training rows are attacked, never test rows: an edited copy of a test row in the next training would make its audit a lie.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from beside.core import registry
from beside.core.applies import why_not
from beside.core.attacking import Attacked, Limits, attack
from beside.core.errors import BadInput
from beside.core.judging import CHANGED, KEPT, Judged, human_judged, kept_share
from beside.core.pairs import whole
from beside.core.statistics import Estimate
from beside.core.types import Answer
from beside.loop import Loop

CHECK = "robustness/greedy_words"


def attacked(loop: Loop, release_id: str, rows: int, seed: int = 0) -> list[Attacked]:
    """Training rows of a release whose answer replaced words change, out of so many drawn at random.

    Raises:
        BadInput: the model does not answer with one label for one text.
    """
    run = loop.records.run(loop.actor, loop.records.release(loop.actor, release_id).run_id)
    splits, subject = loop.splits(loop.records.corpus(loop.actor, run.corpus_id)), loop.subject(run)
    check = registry.load("checks", CHECK)
    splits = type(splits)(*map(whole, splits))
    if reason := why_not(check, subject, splits._replace(test=splits.train)):
        raise BadInput(f"The rows of {release_id} cannot be attacked: {reason}", "Attack a release with one label per text.")
    known: Any = loop.base_of(run) or subject
    labelled = [row for row in splits.train if row.target is not None]
    drawn = sorted(np.random.default_rng(seed).permutation(len(labelled))[:rows])
    texts, targets = [labelled[place].text for place in drawn], [str(labelled[place].target) for place in drawn]
    limits = Limits(share=check.share, queries=check.queries, sentence=check.sentence)
    found = attack(subject, texts, targets, check.spots(texts, known, splits.train), limits=limits, embed=known.embed)
    return [one for one in found if one.ended == "fooled"]


def judge(loop: Loop, release_id: str, rows: Sequence[Judged]) -> list[Answer]:
    """Stores what a person says of attacked rows, each as an answer to a prediction of the approved release.

    Raises:
        GateClosed: the release may not be asked.
        BadInput: a label that it does not know.
    """
    served = loop.serve(release_id)
    if odd := [row.label for row in rows if row.label is not None and row.label not in served.labels]:
        raise BadInput(f"This release knows no label '{odd[0]}'.", f"Known labels: {', '.join(served.labels)}.")
    predictions = loop.predict(served, [row.edited for row in rows])
    return [
        loop.listen(one.id, one.label == row.label, row.label, KEPT if row.same else CHANGED)
        for one, row in zip(predictions, rows, strict=True)
    ]


def success(loop: Loop, release_id: str) -> dict[str, Estimate | None]:
    """Success of the attack three ways: `raw`, `checked` and `judged` by people; None for what nobody measured."""
    run = loop.records.run(loop.actor, loop.records.release(loop.actor, release_id).run_id)
    found = {one.metric: one for one in loop.newest_findings(run) if one.check == CHECK}
    shares = {
        name: Estimate(value=one.value, low=one.low, high=one.high, n=one.n) if (one := found.get(metric)) else None
        for name, metric in (("raw", "words_success"), ("checked", "words_checked_success"))
    }
    latest = {prediction.text: answer.note for prediction, answer in loop.records.answers(loop.actor, release_id)}
    kept, raw = kept_share(latest.values()), shares["raw"]
    return {**shares, "kept": kept, "judged": human_judged(raw, kept) if raw and kept else None}
