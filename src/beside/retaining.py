"""Retention through the loop: what is older than its period, and its removal, with the machinery that erases people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from beside.core.errors import Altered
from beside.core.retention import KINDS, Due, Outlook, Retention, Sweep
from beside.core.types import Release, content_id
from beside.erasing import FOLDER, Erasing
from beside.stages import retain
from beside.stages.committee import Standing
from beside.stages.retain import Aged, Overdue
from beside.store.files import shred, whole_file
from beside.store.permission import STEWARDS, demand_role
from beside.store.retaining import old_logs, shred_logs

SWEEP = "retention.json"  # the plan of a sweep that is not done; it holds ids and counts, no text
STANDING = ("approved", "suspended")  # states of releases that answer, or may again without a new round of signatures


class Keeping(Erasing):
    """Part of `Loop`: takes an admin or a privacy officer."""

    standing: Callable[[str], Standing]
    standing_releases: Callable[[], list[Release]]

    def retention(self) -> Outlook:
        """What is older than its period now, since when, and what its removal does; nothing is changed."""
        demand_role(self.actor, STEWARDS, "see what is due")
        plan, rules = self.overdue(), self.workspace.settings.retention
        old = self.records.old(self.actor, plan.limits)
        due = [Due(kind=kind, days=rules.days(kind), count=0) for kind in KINDS]
        for place, one in enumerate(due):
            if one.days is None:
                continue
            if one.kind == "corpora":
                found = self.due_corpora(plan)
            elif one.kind == "logs":
                files = list(old_logs(self.workspace.state, plan.limits["logs"]))
                names = tuple(file.name for file, _ in files)
                found = Due(kind="logs", days=None, count=len(files), since=min((at for _, at in files), default=None), names=names)
            else:
                count, oldest, kept = old[one.kind]
                found = Due(kind=one.kind, days=None, count=count, since=oldest, kept=kept)
            since = None if found.since is None else found.since + timedelta(days=one.days)
            due[place] = found.model_copy(update={"days": one.days, "since": since})
        states = {id: self.standing(id).state for id in plan.releases}
        return Outlook(at=plan.at, due=tuple(due), runs=plan.runs, releases=states, held=plan.held, trained=rules.trained)

    def due_corpora(self, plan: Overdue) -> Due:
        """The corpora with rows that are due, those that stay for a release included."""
        every = [*plan.aged, *plan.kept]
        names = tuple(f"{self.records.corpus(self.actor, one.corpus).name} ({one.corpus}): {one.count}/{one.rows}" for one in every)
        count, kept = sum(one.count for one in every), sum(one.count for one in plan.kept)
        since = min((one.oldest for one in every), default=None)
        return Due(kind="corpora", days=None, count=count, since=since, names=names, kept=kept)

    def enforce_retention(self) -> Sweep | None:
        """Removes what is older than its period; None when nothing is. After a kill the same call goes on.

        What an approved release was trained on stays with it, or goes with it, as `[retention] trained` says.
        """
        demand_role(self.actor, STEWARDS, "remove what is due")
        with self.workspace.lock("retention"):
            plan = self.unfinished_sweep()
            if plan is None:
                if not self.retention().anything:
                    return None
                plan = self.overdue()
                self.note_sweep(plan)
            return self.swept(plan)

    def swept(self, plan: Overdue) -> Sweep:
        """Every step; each may be done again."""
        state = self.workspace.state
        stones = self.buried(plan)
        places = {one.id: one.successor for one in stones if one.thing == "corpus"}
        made = Sweep(
            id=plan.id, who=self.actor.name, at=plan.at, removed={}, corpora=places, runs=plan.runs, releases=tuple(plan.releases),
            held=plan.held,
        )  # fmt: skip
        removed = Counter(self.records.remove_old(self.actor, plan.limits, made, list(plan.going), plan.runs))
        if stones:
            self.removed(plan)
        removed["row"] += sum(plan.going.values())
        removed["log file"] += shred_logs(state, plan.limits["logs"]) if "logs" in plan.limits else 0
        busy = self.compacted()
        counts = {kind: count for kind, count in removed.items() if count}
        made = made.model_copy(update={"removed": counts, "notes": (busy,) if busy else ()})
        self.records.note_sweep(self.actor, made)
        shred(state / FOLDER / SWEEP)
        return made

    def overdue(self) -> Overdue:
        """What is to be done, from what is there now."""
        rules, now = self.workspace.settings.retention, self.clock()
        limits = {kind: limit for kind in KINDS if (limit := rules.limit(kind, now)) is not None}
        found, gone = self.aged(limits), self.records.tombstones(self.actor)
        runs = [run for run in self.records.runs(self.actor)[::-1] if run.id not in gone]
        releases = self.standing_releases()
        held = held_for(rules, found, {run.id: run.corpus_id for run in runs}, releases, lambda id: self.standing(id).state)
        going = tuple(one for one in found if one.corpus not in held)
        corpora = {one.corpus for one in going}
        dead = tuple(run.id for run in runs if run.corpus_id in corpora)
        return Overdue(
            id=content_id("retention", [now.isoformat(), limits, sorted(corpora)]),
            at=now,
            limits=limits,
            aged=going,
            held=held,
            kept=tuple(one for one in found if one.corpus in held),
            runs=dead,
            releases={one.id: retain.REASON for one in releases if one.run_id in dead},
        )

    def aged(self, limits: dict[str, datetime]) -> list[Aged]:
        """The corpora with rows that are due."""
        if "corpora" not in limits:
            return []
        known = {corpus.id: corpus for corpus in self.records.corpora(self.actor)}
        said = {prediction.id: answer.made_at for prediction, answer in self.records.answers(self.actor)}
        dates = retain.Dates(known, self.records.tombstones(self.actor), said)
        return list(retain.aged(self.alive(), dates, self.artifacts, limits["corpora"]))

    # the plan of a sweep that is not done

    @property
    def sweep_file(self) -> Path:
        """Where it lies."""
        return self.workspace.state / FOLDER / SWEEP

    def unfinished_sweep(self) -> Overdue | None:
        """The plan of a sweep that was killed.

        Raises:
            Altered: it cannot be read.
        """
        with suppress(FileNotFoundError):
            try:
                plan = Overdue.model_validate_json(self.sweep_file.read_bytes())
            except ValueError as error:
                raise Altered(f"The plan of a sweep, '{self.sweep_file}', cannot be read.", "Remove it and begin again.") from error
            self.progress.say(f"Going on with {plan.id}, begun {plan.at:%Y-%m-%d %H:%M} UTC.")
            return plan
        return None

    def note_sweep(self, plan: Overdue) -> None:
        """Keeps the plan until it is done."""
        self.sweep_file.parent.mkdir(mode=0o700, exist_ok=True)
        with whole_file(self.sweep_file) as path:
            path.write_text(plan.model_dump_json(), encoding="utf-8")


def held_for(
    rules: Retention, found: Sequence[Aged], trained: dict[str, str], releases: Sequence[Release], state: Callable[[str], str]
) -> dict[str, str]:
    """Corpora that stay although they are due, each with the standing release that it stays for.

    Args:
        found: corpora with rows that are due.
        trained: run -> the corpus that it was trained on.
        state: tells the state of a release now.
    """
    if rules.trained == "retire":
        return {}
    due = {one.corpus for one in found}
    return {
        trained[one.run_id]: one.id
        for one in releases
        if trained.get(one.run_id) in due and state(one.id) in STANDING
    }  # fmt: skip
