"""Drift of what a release is asked: looked for within a budget of false alarms, told, acted on by its policy. Part of `Loop`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from beside.cards.alarm import alarm, trial
from beside.cards.words import Words
from beside.core.cleaning import BETWEEN
from beside.core.committee import Halt
from beside.core.drift import MONTH, WAYS, Aspect, Look, Told, Way
from beside.core.errors import BadInput
from beside.core.interfaces import Subject, Task
from beside.core.pairs import whole
from beside.core.protecting import plan_of
from beside.core.types import Corpus, Example, Release, Run
from beside.part import Part
from beside.protection.acting import Protector
from beside.stages import drift
from beside.stages.committee import Standing
from beside.stages.drift import Accepted
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
        accepted = self.accepted_drift(release)
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
            accepted=accepted,
        )
        found = self.acted(release, found, before)
        kept.add_look(self.workspace.state, found, before)
        return found

    def looks(self, release_id: str) -> tuple[Look, ...]:
        """The looks at a release so far, the oldest first; figures alone."""
        demand_role(self.actor, STAFF, "see how texts drift")
        return kept.looks(self.workspace.state, self.records.release(self.actor, release_id).id)

    def try_alerts(self) -> tuple[Told, ...]:
        """Sends a trial to whom alarms are sent, so that they need not drift to find out whether it arrives.

        Raises:
            BadInput: nobody is named.
        """
        demand_role(self.actor, EXAMPLE_READERS, "send a trial of an alarm")
        settings = self.workspace.settings
        title, words = trial(self.workspace.folder.resolve().name, self.actor.name, Words(settings.language))
        told = tuple(send(settings.alerts, title, words, {"trial": True}))
        if not told:
            raise BadInput(
                "Nobody is named whom alarms are sent to.", "Write the table [alerts] in beside.toml: see docs/guide.md."
            )
        return told

    def tune_rows(self, corpus: Corpus) -> list[Example]:
        """The tune rows as the model reads what it is asked here: without personal data where that is taken out before."""
        rows = whole(read_rows(self.rows_at(corpus), "tune"))
        if self.workspace.settings.serving.personal_data != "protect":
            return rows
        protector = self.protector(plan_of(corpus.protections))

        def protected(text: str) -> str:
            return BETWEEN.join(protector.text(half).text for half in text.split(BETWEEN))

        return [row.model_copy(update={"text": protected(row.text)}) for row in rows]

    def acted(self, release: Release, found: Look, before: Sequence[Look]) -> Look:
        """The same look, with what was done: the approval suspended where the policy says so, people told of what is new."""
        if not found.alarms:
            return found
        found = found.model_copy(update={"begun": begun(found, before[-1] if before else None)})
        if release.policy.on_drift == "suspend" and not self.suspended(release.id):
            self.suspend(release.id, MONITOR, reason_of(found))
            found = found.model_copy(update={"suspended": True})
        ways, news = to_tell(found, before)
        if not ways:
            return found
        settings, stopped = self.workspace.settings, self.suspended(release.id)
        title, words = alarm(found, before[-1] if before else None, stopped, Words(settings.language))
        facts = {"release": release.id, "suspended": found.suspended, "look": found.model_dump(mode="json")}
        told = tuple(send(settings.alerts, title, words, facts, ways))
        return found.model_copy(update={"told": told, "news": news if told else ()})

    def accepted_drift(self, release: Release) -> Accepted | None:
        """The last drift after which people let the release answer again; None where that never happened."""
        held = self.standing(release.id)
        open_ = [halt.id for halt in held.suspensions]
        mine = [halt.id for halt in held.proceedings.halts if halt.cause == f"monitor {MONITOR}" and halt.id not in open_]
        said = [one.at for id in mine for one in held.proceedings.about(id)]
        if not said:
            return None
        return Accepted(max(said), self.records.predictions_after(self.actor, release.id, max(said), 2 * drift.MOST))

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


def begun(found: Look, before: Look | None) -> dict[Aspect, datetime]:
    """When each alarm was first raised of the looks that had it without a break."""
    same = before is not None and before.accepted == found.accepted
    earlier = {one: before.begun.get(one, before.at) for one in before.alarms} if before and same else {}
    return {one: earlier.get(one, found.at) for one in found.alarms}


def to_tell(found: Look, before: Sequence[Look]) -> tuple[tuple[Way, ...], tuple[Aspect, ...]]:
    """By which ways people are told of a look, none where they know already, and of which alarms.

    An alarm is told once, again when the approval is suspended, and after 30 days as a reminder. A way that failed at the last look
    is tried again, that way alone.
    """
    month = [one for one in before if found.at - one.at < timedelta(days=MONTH) and one.accepted == found.accepted]
    known = {aspect for one in month for aspect in one.news}
    if found.suspended or not set(found.alarms) <= known:
        return WAYS, found.alarms
    failed = tuple(one.way for one in before[-1].told if not one.sent) if before else ()
    return failed, ()


def reason_of(found: Look) -> str:
    """Why the approval is suspended, for the record; what changed stands with the look."""
    return f"What it is asked has drifted in {', '.join(found.alarms)}; found in {found.n} answers since {found.since:%Y-%m-%d}."
