"""Attacked rows that people judge; what they accept teaches the next model as any correction does. Part of `Loop`.

Training rows are attacked, never test rows: an edited copy of a test row in the next training would make its audit a lie.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from beside.core import registry
from beside.core.applies import why_not
from beside.core.errors import BadInput
from beside.core.interfaces import Subject
from beside.core.judging import (
    ORIGIN,
    AttackedRow,
    Judgement,
    Opinion,
    Rates,
    agreed_label,
    checked,
    human_judged,
    kept_share,
    newest,
    tally,
)
from beside.core.pairs import apart, whole
from beside.core.registry import unknown
from beside.core.statistics import Estimate
from beside.core.types import Corpus, Example, Finding, Run, Splits, content_id
from beside.part import Part
from beside.store.permission import EXAMPLE_READERS, JUDGES, demand_role

CHECK = "robustness/greedy_words"
FIRST = 100  # training rows that are attacked when nobody says how many


@dataclass(frozen=True)
class Desk:
    """The attacked rows of a release as one person sees them."""

    rows: tuple[AttackedRow, ...]  # in the order in which they were drawn
    mine: dict[str, Judgement]  # row -> what this person said of it last

    @property
    def waiting(self) -> list[AttackedRow]:
        """The rows that this person has yet to judge."""
        return [row for row in self.rows if row.id not in self.mine]

    @property
    def open(self) -> bool:
        """Whether this person may see what the model said: only who has judged every row, so that all are judged blind."""
        return bool(self.rows) and not self.waiting


class Judging(Part):
    """Part of `Loop`: has training rows attacked, and keeps what people say of them."""

    splits: Callable[[Corpus], Splits]
    subject: Callable[[Run], Subject]
    base_of: Callable[[Run], Subject | None]
    corpus_of: Callable[[str], Corpus]
    newest_findings: Callable[[Run], list[Finding]]
    noted: Callable[[str], str]

    def attack_rows(self, release_id: str, rows: int = FIRST, seed: int = 0) -> int:
        """Attacks so many training rows, drawn at random, and keeps those whose answer changes; how many of them are new.

        The same number again draws the same rows, a larger one these and more; a row that is kept is not attacked again.

        Raises:
            BadInput: the model does not answer with one label for one text.
        """
        demand_role(self.actor, EXAMPLE_READERS, "attack training rows")
        with self.workspace.lock("attack"):
            run = self.records.run(self.actor, self.records.release(self.actor, release_id).run_id)
            splits, subject = self.splits(self.records.corpus(self.actor, run.corpus_id)), self.subject(run)
            check, asked = registry.load("checks", CHECK), Splits(*map(whole, splits))
            if reason := why_not(check, subject, asked._replace(test=asked.train)):
                raise BadInput(
                    f"The rows of {release_id} cannot be attacked: {reason}", "Attack a release with one label per text."
                )
            labelled = [row for row in asked.train if row.target is not None]
            drawn = [labelled[place] for place in np.random.default_rng(seed).permutation(len(labelled))[:rows]]
            there = {row.example_id for row in self.records.attacked(self.actor, release_id) if row.attack == CHECK}
            fresh = [row for row in drawn if row.id not in there]
            self.progress.step("attack", 0, len(fresh))
            check = replace(check, base=self.base_of(run))
            hits = check.loosely(subject, [(row.text, str(row.target)) for row in fresh], asked.train)
            pairs = [(row, one.edited) for row, one in zip(fresh, hits, strict=True) if one.ended == "fooled"]
            found = self.answered(release_id, subject, pairs)
            self.records.add_attacked(self.actor, release_id, found)
            self.progress.step("attack", len(fresh), len(fresh))
        return len(found)

    def answered(self, release_id: str, subject: Subject, pairs: Sequence[tuple[Example, str]]) -> list[AttackedRow]:
        """Rows and what an attack made of them, with what the model says of both."""
        texts = [text for row, edited in pairs for text in (row.text, edited)]
        scores = iter(subject.probabilities(texts) if texts else ())
        found = []
        for row, edited in pairs:
            before, after = ({label: float(one) for label, one in zip(subject.labels, next(scores), strict=True)} for _ in range(2))
            found.append(
                AttackedRow(
                    id=content_id("attacked", [release_id, CHECK, row.id]),
                    release_id=release_id,
                    attack=CHECK,
                    example_id=row.id,
                    text=row.text,
                    edited=edited,
                    label=str(row.target),
                    before=max(before, key=before.__getitem__),
                    after=max(after, key=after.__getitem__),
                    before_probabilities=before,
                    after_probabilities=after,
                    made_at=self.clock(),
                )
            )
        return found

    def desk(self, release_id: str) -> Desk:
        """The attacked rows of a release, and what whoever asks has said of them. Empty for who may not read rows."""
        rows, said = self.records.attacked(self.actor, release_id), self.records.judgements(self.actor, release_id)
        return Desk(tuple(rows), {one.attacked_id: one for one in said if one.who == self.actor.name})

    def judge(self, release_id: str, opinions: Sequence[Opinion]) -> list[Judgement]:
        """Stores what a person says of attacked rows, all or nothing; the same as they said last is not stored again.

        Raises:
            UnknownName: there is no such row among those of the release.
            BadInput: a label that it does not know, or a comment that is too long.
        """
        demand_role(self.actor, JUDGES, "judge attacked rows")
        desk, labels, now = self.desk(release_id), self.corpus_of(release_id).labels, self.clock()
        ids, last, made = [row.id for row in desk.rows], dict(desk.mine), list[Judgement]()
        for given in opinions:
            if given.attacked_id not in ids:
                raise unknown("attacked row", given.attacked_id, ids)
            said = checked(given.model_copy(update={"comment": self.noted(given.comment)}), labels)
            before = last.get(said.attacked_id)
            if before is not None and Opinion.model_validate(before.model_dump(include={*Opinion.model_fields})) == said:
                continue
            content = {**said.model_dump(), "who": self.actor.name, "made_at": now}
            last[said.attacked_id] = one = Judgement(id=content_id("judgement", [content, len(made)]), **content)
            made.append(one)
        self.records.add_judgements(self.actor, release_id, made)
        return made

    def rates(self, release_id: str) -> Rates:
        """How often the attack succeeds: raw, with the meaning checked by thresholds, and judged by people."""
        run = self.records.run(self.actor, self.records.release(self.actor, release_id).run_id)
        found = {one.metric: one for one in self.newest_findings(run) if one.check == CHECK}
        raw, by_thresholds = (
            Estimate(value=one.value, low=one.low, high=one.high, n=one.n) if (one := found.get(metric)) else None
            for metric in ("words_success", "words_checked_success")
        )
        rows, said = self.records.attacked(self.actor, release_id), newest(self.records.judgements(self.actor, release_id))
        counted = tally(said)
        return Rates(
            raw=raw,
            checked=by_thresholds,
            kept=kept_share(counted),
            judged=human_judged(raw, counted) if raw else None,
            rows=len(rows),
            decided=counted.decided,
            unsure=counted.unsure,
            accepted=sum(agreed_label(row, said.get(row.id, ())) is not None for row in rows),
        )

    def accepted_at(self, release_id: str) -> list[datetime]:
        """When each attacked row that people accept was last judged."""
        said = newest(self.records.judgements(self.actor, release_id))
        rows = self.records.attacked(self.actor, release_id) if said else []
        return [
            max(one.made_at for one in said[row.id])
            for row in rows
            if row.id in said and agreed_label(row, said[row.id]) is not None
        ]

    def accepted(self, release_id: str, splits: Splits) -> list[Example]:
        """The attacked rows that people accept, as training rows of whom the untouched rows are.

        Args:
            splits: of the corpus that the release was trained on; a row that is no longer among its training rows is left out.
        """
        known = {row.id: row for row in splits.train}
        said = newest(self.records.judgements(self.actor, release_id))
        found = []
        for row in self.records.attacked(self.actor, release_id):
            label, before = agreed_label(row, said.get(row.id, ())), known.get(row.example_id)
            if label is None or before is None:
                continue
            text, pair = apart(row.edited)
            changed = {"id": content_id("example", [row.id, label]), "text": text, "pair": pair, "target": label}
            found.append(before.model_copy(update={**changed, "origin": f"{ORIGIN}{row.id}"}))
        return found
