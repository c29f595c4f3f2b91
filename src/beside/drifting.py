"""Drift of what a release is asked: looked for within a budget of false alarms, told, acted on by its policy. Part of `Loop`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np

from beside.core.cleaning import BETWEEN
from beside.core.committee import Halt
from beside.core.drift import MONTH, Look, Told
from beside.core.interfaces import Subject, Task
from beside.core.pairs import whole
from beside.core.protecting import plan_of
from beside.core.types import Corpus, Example, Release, Run
from beside.part import Part
from beside.protection.acting import Protector
from beside.stages import drift
from beside.stages.committee import Standing
from beside.store import drift as kept
from beside.store.alerts import send
from beside.store.permission import EXAMPLE_READERS, STAFF, demand_role
from beside.store.rows import read_rows

MONITOR = "drift"  # what a suspension names as its cause
SECONDS = 86_400.0  # of a day


class Drifting(Part):
    """Part of `Loop`: one actor's looks at what a release was asked."""

    corpus_of: Callable[[str], Corpus]
    task_of: Callable[[Corpus], Task]
    subject: Callable[[Run], Subject]
    rows_at: Callable[[Corpus], Path]
    protector: Callable[..., Protector]
    standing: Callable[[str], Standing]
    suspend: Callable[[str, str, str], Halt]

    def drift(self, release_id: str, budget: float = 1.0) -> Look:
        """Looks at the newest answers of a release; what it finds is kept, and an alarm that is new is sent.

        Args:
            budget: false alarms per 30 days.

        Raises:
            NotEnoughData: fewer than 30 tune rows, or stored answers.
            BadInput: the last look was too short ago.
        Busy: somebody else looked meanwhile.
            Erased: the rows of the corpus were erased.
        """
        demand_role(self.actor, EXAMPLE_READERS, "look for drift")
        release, now = self.records.release(self.actor, release_id), self.clock()
        before = self.looks(release.id)
        run, corpus = self.records.run(self.actor, release.run_id), self.corpus_of(release.id)
        found = drift.look(
            self.subject(run),
            self.task_of(corpus),
            self.tune_rows(corpus),
            self.records.predictions(self.actor, release.id, drift.MOST),
            release_id=release.id,
            days=days_to_spend(release, before, now),
            budget=budget,
            now=now,
            rng=np.random.default_rng(len(before)),
        )
        found = self.acted(release, found, before[-1] if before else None)
        kept.add_look(self.workspace.state, found, before)
        return found

    def looks(self, release_id: str) -> tuple[Look, ...]:
        """The looks at a release so far, the oldest first; figures alone."""
        demand_role(self.actor, STAFF, "see how texts drift")
        return kept.looks(self.workspace.state, self.records.release(self.actor, release_id).id)

    def tune_rows(self, corpus: Corpus) -> list[Example]:
        """The tune rows as the model reads what it is asked here: without personal data where that is taken out before."""
        rows = whole(read_rows(self.rows_at(corpus), "tune"))
        if self.workspace.settings.serving.personal_data != "protect":
            return rows
        protector = self.protector(plan_of(corpus.protections))

        def protected(text: str) -> str:
            return BETWEEN.join(protector.text(half).text for half in text.split(BETWEEN))

        return [row.model_copy(update={"text": protected(row.text)}) for row in rows]

    def acted(self, release: Release, found: Look, before: Look | None) -> Look:
        """The same look, with what was done: the approval suspended where the policy says so, people told of what is new."""
        if not found.alarms:
            return found
        words = sentence_of(found)
        suspended = release.policy.on_drift == "suspend" and not self.suspended(release.id)
        if suspended:
            self.suspend(release.id, MONITOR, words)
        unsent = before is not None and any(not one.sent for one in before.told)
        news = set(found.alarms) - set(before.alarms if before else ())
        told: tuple[Told, ...] = ()
        if news or unsent or suspended:
            facts = {"release": release.id, "suspended": suspended, "look": found.model_dump(mode="json")}
            title = f"Beside: what {release.id} is asked has drifted"
            told = tuple(send(self.workspace.settings.alerts, title, words, facts))
        return found.model_copy(update={"suspended": suspended, "told": told})

    def suspended(self, release_id: str) -> bool:
        """Whether a suspension is open already."""
        return bool(self.standing(release_id).suspensions)


def days_to_spend(release: Release, before: Sequence[Look], now: datetime) -> float:
    """Days of the budget that a look may spend: those since the last one, 30 at most.

    The first look at a young release gets one day in advance, so that whoever tries it sees something; the second pays it back.
    """
    if not before:
        return min(max((now - release.made_at).total_seconds() / SECONDS, 1.0), MONTH)
    days = (now - before[-1].at).total_seconds() / SECONDS
    advance = max(0.0, 1.0 - (before[0].at - release.made_at).total_seconds() / SECONDS) if len(before) == 1 else 0.0
    return min(max(days - advance, 0.0), MONTH)


def sentence_of(found: Look) -> str:
    """What a look found, for people."""
    parts = [
        f"{one.aspect} ({one.measure} {one.value:.3g}, p = {one.p:.2g}, alarm up to {one.alpha:.2g})"
        for one in found.shifts
        if one.alarm
    ]
    told = [f"{found.n} answers since {found.since:%Y-%m-%d} differ from {found.tune} tune rows in {'; '.join(parts)}."]
    for one in found.accuracy:
        told.append(f"Accuracy estimated by {one.method}: {one.value:.3f} ({one.low:.3f} to {one.high:.3f}, n = {one.n}).")
    if found.tune_accuracy is not None:
        told.append(f"On tune rows it was {found.tune_accuracy:.3f}.")
    return " ".join(told)
