"""What a committee does through the loop besides signing: speak, report, stop, suspend, resolve, and see where it stands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from beside.core.committee import Comment, Halt, Incident, News, Proceedings, Resolution
from beside.core.types import Actor, Finding, Release, Run
from beside.stages import committee
from beside.stages.committee import Standing
from beside.store import stops
from beside.store.permission import STOPPERS, demand_role
from beside.store.records import Records
from beside.store.workspace import Workspace


class Committee:
    """Part of `Loop`: one actor's acts on a release. None of them waits for a training or another long verb to end."""

    workspace: Workspace
    records: Records
    actor: Actor
    clock: Callable[[], datetime]

    def standing(self, release_id: str) -> Standing:
        """Who has signed, who is missing, what is open, and why the gate is closed if it is."""
        told = self.news(release_id)
        return committee.standing_of(told.release, self.findings_of(told.release), told.proceedings, told.changes, self.clock())

    def comment(self, release_id: str, text: str, finding_id: str | None = None, replaces: str | None = None) -> Comment:
        """A word on a release or one of its findings; an edit names the comment it replaces, and both are kept."""
        release = self.records.release(self.actor, release_id)
        made = committee.comment(release, self.actor, text, finding_id, replaces, self.clock())
        self.records.add_comment(self.actor, made)
        return made

    def incident(self, release_id: str, severity: str, text: str) -> tuple[Incident, Halt | None]:
        """Something went wrong. When it is severe, or a privacy officer says so, the approval is suspended at once."""
        release = self.records.release(self.actor, release_id)
        made, halt = committee.incident(release, self.actor, severity, text, self.clock())
        self.records.add_incident(self.actor, made, halt)
        return made, halt

    def stop(self, release_id: str, reason: str) -> Halt:
        """The stop button: nothing is answered any more, here and in every other process that serves this workspace."""
        demand_role(self.actor, STOPPERS, "stop a release")
        halt = committee.stop(self.records.release(self.actor, release_id), self.actor, reason, self.clock())
        with stops.held(self.workspace.state, halt):
            self.records.add_halt(self.actor, halt)
        return halt

    def suspend(self, release_id: str, monitor: str, why: str) -> Halt:
        """A monitor that failed takes the approval away until people lift it; the actor is whoever runs the monitor."""
        release, role = self.records.release(self.actor, release_id), next(iter(self.actor.roles), "none")
        halt = committee.suspension(
            release, self.actor, role, f"monitor {monitor}", committee.words_of(why, "reason"), self.clock()
        )
        self.records.add_halt(self.actor, halt)
        return halt

    def resolve(self, release_id: str, about: str, reason: str) -> Resolution:
        """One person's word that a suspension may end, or that somebody else's condition is met."""
        release, held = self.records.release(self.actor, release_id), self.proceedings(release_id)
        made = committee.resolve(release, held, self.actor, about, reason, self.clock())
        self.records.add_resolution(self.actor, made)
        return made

    def resume(self, release_id: str, reason: str, about: str | None = None) -> list[Resolution]:
        """One person's word that a suspension may end; without `about` all that are open. A stop takes new signatures instead."""
        standing = self.standing(release_id)
        mine = [one for one in standing.proceedings.resolutions if one.who == self.actor.name]
        open_ = [one.id for one in standing.suspensions if one.id not in [said.about for said in mine]]
        if not open_ and about is None:
            raise committee.nothing_to_resume(standing)
        return [self.resolve(release_id, one, reason) for one in ([about] if about else open_)]

    def proceedings(self, release_id: str) -> Proceedings:
        """Comments, incidents, halts and resolutions of a release."""
        return self.news(release_id).proceedings

    def news(self, release_id: str) -> News:
        """What the records say of a release at this moment."""
        stopped = stops.pending(self.workspace.state, release_id)  # before the database: see there
        release = self.records.release(self.actor, release_id)
        held = stops.joined(stopped, self.records.proceedings(self.actor, release_id))
        return News(release, held, self.changes(release))

    def changes(self, release: Release) -> list[str]:
        """What is no longer as it was when people signed, each a sentence."""
        found = [one for one in self.records.findings(self.actor, release.run_id) if one.check in limited(release)]
        newest = {(one.check, one.metric): one.made_at for one in sorted(found, key=lambda one: one.made_at)}
        latest = [one for one in found if one.made_at == newest[one.check, one.metric]]
        anew = committee.measured_anew(release, [one for one in found if one.id in release.finding_ids], latest)
        return anew + committee.restated(Path(release.bundle), self.records.statements(self.actor))

    def makers_of(self, run: Run) -> tuple[str, ...]:
        """Who trained a run, as the ledger tells, and whoever releases it now."""
        trained = self.records.trained_by(self.actor, run.id)
        return tuple(dict.fromkeys(name for name in (trained, self.actor.name) if name))

    def findings_of(self, made: Release) -> list[Finding]:
        """The findings that a release was sealed with."""
        return [finding for finding in self.records.findings(self.actor, made.run_id) if finding.id in made.finding_ids]


def limited(release: Release) -> set[str]:
    """The checks whose findings the policy of a release limits."""
    return {limit.check for limit in release.policy.limits}
