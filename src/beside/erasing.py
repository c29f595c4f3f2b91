"""How an erasure is carried out, step by step; each step may be done again, so that one that was killed goes on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from beside.core.committee import Halt
from beside.core.erasure import Asked, Membership, Needles, Removal, Tombstone
from beside.core.errors import Altered, BadInput, BesideError, Busy, UnknownName
from beside.core.interfaces import Subject
from beside.core.registry import names
from beside.core.types import FEWEST_ROWS, Corpus, Run, Splits, content_id
from beside.part import Part
from beside.stages import erase
from beside.stages.erase import Plan
from beside.store.files import shred, whole_file
from beside.store.holding import Searched, clear, file_holds, models_in, retire, search
from beside.store.sealer import sealer_for
from beside.store.sealing import Keys
from beside.store.vault import Sealer

FOLDER = "erasures"  # of the state folder: certificates, and plans of erasures that are not done
PLAN = "plan.json"  # holds the person's rows until the erasure is done, then it is shredded
MODELS = ("tensorboard", "tracking")  # folders with one of a run's name in each
TRIES = 5


class Erasing(Part):
    """Part of `Loop`: finds a person, and takes them out."""

    splits: Callable[[Corpus], Splits]
    subject: Callable[[Run], Subject]
    train: Callable[..., Run]
    cut_short: Callable[..., bool]
    encryption: Callable[[], Keys]

    # what is there

    def alive(self) -> list[Corpus]:
        """The corpora whose rows are here, the oldest first."""
        gone = self.records.tombstones(self.actor)
        return [corpus for corpus in self.records.corpora(self.actor)[::-1] if corpus.id not in gone]

    def tokens_of(self, asked: Asked) -> tuple[str, ...]:
        """The tokens of the vault that stand for the words in protected rows; none without a vault."""
        if not asked.words or not self.records.vault(self.actor):
            return ()
        sealer = Sealer(self.encryption(), self.workspace.state)
        marks = [sealer.mark(kind, words.strip()) for words in asked.words for kind in names("recognizers")]
        return tuple(self.records.tokens_of(self.actor, marks))

    def searched(self, needles: Needles) -> Searched:
        """A byte search through the whole state of the workspace, but for the plan of the erasure itself."""
        state = self.workspace.state
        return search(state, needles, (state / FOLDER / PLAN,), self.progress.step)

    def memberships(self, plan: Plan, runs: Sequence[Run], when: str) -> Iterator[Membership]:
        """How well models give the person away: those behind releases, or else the newest one."""
        held = {one.corpus: one for one in plan.found.corpora}
        for run in runs:
            corpus = self.records.corpus(self.actor, run.corpus_id)
            mine = erase.members(held.get(corpus.id if when == "before" else str(corpus.parent)))
            if len(mine) < FEWEST_ROWS:
                yield erase.too_few(run.id, when, len(mine))
                continue
            self.progress.say(f"Membership test on {run.id}.")
            rng = np.random.default_rng(run.seed)
            yield erase.membership(run.id, when, mine, self.splits(corpus), self.subject(run), rng)

    # the plan of an erasure that is not done

    def unfinished(self) -> Plan | None:
        """The plan of an erasure that was killed, or that goes on in another process.

        Raises:
            Altered: it cannot be read.
        """
        file = self.workspace.state / FOLDER / PLAN
        try:
            with sealer_for(file).open(file) as stream:
                return Plan.model_validate_json(stream.read())
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise Altered(f"The plan of an erasure, '{file}', cannot be read.", "Remove it and begin again.") from error

    def begun(self, asked: Asked) -> Plan | None:
        """The plan of an erasure of this person that was killed.

        Raises:
            Busy: it is another person's, and must be ended first.
        """
        plan = self.unfinished()
        if plan is None:
            return None
        if plan.asked.key() != asked.key():
            told = f"An erasure of another person was begun on {plan.asked_at:%Y-%m-%d %H:%M} UTC and is not done."
            raise Busy(told, "End it first, with the same command as then; its plan is in .beside/erasures/plan.json.")
        self.progress.say(f"Going on with {plan.id}, begun {plan.asked_at:%Y-%m-%d %H:%M} UTC.")
        return plan

    def note(self, plan: Plan) -> None:
        """Keeps the plan until `forget`."""
        folder = self.workspace.state / FOLDER
        folder.mkdir(mode=0o700, exist_ok=True)
        with whole_file(folder / PLAN) as path:
            path.touch(mode=0o600)
            with sealer_for(folder).create(path) as stream:
                stream.write(plan.model_dump_json().encode())

    def forget(self) -> None:
        """Shreds the plan."""
        shred(self.workspace.state / FOLDER / PLAN)

    # the steps

    def buried(self, plan: Removal) -> list[Tombstone]:
        """Child corpora, tombstones and retired releases; from here on nothing of the rows is served or trained on."""
        gone, stones, children = self.records.tombstones(self.actor), [], []
        for id, count in plan.going.items():
            corpus = self.records.corpus(self.actor, id)
            stone = gone.get(corpus.id)
            if stone is None:
                made = erase.child(corpus, plan.stays(id), plan.needles, self.artifacts, self.clock())
                children += [made] if made else []
                kept = {"rows": corpus.splits, "erased": count, "sha256": corpus.examples, **plan.told(id)}
                stone = self.stone(plan, corpus.id, "corpus", kept, made.id if made else None)
            stones.append(stone)
        for id in plan.runs:
            run = self.records.run(self.actor, id)
            stones.append(gone.get(id) or self.stone(plan, id, "run", {"corpus": run.corpus_id, "sha256": run.model}))
        for id in plan.releases:
            release = self.records.release(self.actor, id)
            stones.append(gone.get(id) or self.stone(plan, id, "release", {"run": release.run_id, "seal": release.seal}))
        self.records.bury(self.actor, plan.id, children, stones)
        for id, reason in plan.releases.items():
            self.retire(plan, id, reason)
        return stones

    def stone(self, plan: Removal, id: str, thing: str, kept: dict[str, object], successor: str | None = None) -> Tombstone:
        """What is left of one thing."""
        told = {"id": id, "thing": thing, "erasure": plan.id, "kept": kept, "successor": successor, "at": self.clock()}
        return Tombstone.model_validate(told)

    def retire(self, plan: Removal, release_id: str, reason: str) -> None:
        """Closes the gate on a release for good."""
        if self.records.proceedings(self.actor, release_id).retired() is None:
            role = next((role for role in ("privacy_officer", "admin") if role in self.actor.roles), "none")
            halt = Halt(
                id=content_id("halt", [plan.id, release_id]), release_id=release_id, what="retirement", reason=reason,
                cause=plan.id, who=self.actor.name, role=role, at=self.clock(),
            )  # fmt: skip
            self.records.add_halt(self.actor, halt)

    def removed(self, plan: Removal) -> None:
        """Everything on the disk that was made from the rows."""
        state, needles = self.workspace.state, plan.needles
        for id, reason in plan.releases.items():
            retire(Path(self.records.release(self.actor, id).bundle), plan.id, reason, needles)
        clear(state / "cache")  # results that can be measured again
        for pointer in (state / "neighbours").glob("*.json"):  # embeddings of rows, which can be computed again
            with suppress(OSError, ValueError, KeyError, UnknownName):
                self.artifacts.erase(json.loads(pointer.read_text(encoding="utf-8"))["embeddings"])
            shred(pointer)
        for home in self.workspace.checkpoints.iterdir():
            if home.is_dir() and made_from(home, plan):
                clear(home)
        for trial in (state / "searches").glob("*/*/"):  # checkpoints of trials
            clear(trial)
        for folder in MODELS:
            for id in plan.runs:
                clear(state / folder / id)
        self.without_artifacts(plan, needles)

    def without_artifacts(self, plan: Removal, needles: Needles) -> None:
        """Deletes the artifacts of what is dead, and those that hold the rows and belong to nothing that lives."""
        gone = set(self.records.tombstones(self.actor))
        corpora, runs = self.records.corpora(self.actor), self.records.runs(self.actor)
        findings = self.records.findings(self.actor)
        bases = [base.model for base in self.records.bases(self.actor)]
        live = models_in(self.artifacts, [*bases, *(run.model for run in runs if run.id not in gone)])
        live |= {one.evidence for one in findings if one.evidence and one.run_id not in gone}
        live |= {id for one in corpora if one.id not in gone for id in (one.examples, one.report) if id}
        trees = {run.model for run in runs if run.id in plan.runs}
        dead = models_in(self.artifacts, trees) - trees
        dead |= {one.evidence for one in findings if one.evidence and one.run_id in plan.runs}
        dead |= {id for one in corpora if one.id in plan.going for id in (one.examples, one.report) if id}
        for id in [*sorted(dead - live), *sorted(trees - live)]:  # trees last: they name the files
            self.artifacts.erase(id)
        forms = needles.bytes()
        for id in list(self.artifacts.ids()) if forms else ():
            with suppress(UnknownName):
                if not file_holds(self.artifacts.place(id), needles, forms):
                    continue
                for corpus in corpora:
                    if corpus.report == id and corpus.id not in gone:
                        report = erase.emptied(id, self.artifacts, needles)
                        self.records.replace_report(self.actor, corpus.id, str(report))
                        live.discard(id)
                if id not in live:
                    self.artifacts.erase(id)

    def compacted(self) -> str:
        """Writes the database anew without what was deleted; why that was not possible, empty when it was."""
        why = ""
        for _ in range(TRIES):
            try:
                self.records.compact()
                return ""
            except Busy as error:
                why = error.message
        return why

    def again(self, plan: Plan, stones: Sequence[Tombstone]) -> tuple[dict[str, Run], list[str]]:
        """The runs that were to be trained again, on what is left of their corpora; and why some could not be."""
        children = {one.id: one.successor for one in stones if one.thing == "corpus"}
        made, notes = {}, []
        for id in plan.again:
            run = self.records.run(self.actor, id)
            if run.recipe.base in plan.runs:
                notes.append(f"{id} was not trained again: it went on from {run.recipe.base}, which is gone. Train from a base.")
                continue
            child = children.get(run.corpus_id)
            if child is None:
                notes.append(f"{id} was not trained again: no row of its corpus is left.")
                continue
            recipe = run.recipe.model_copy(update={"threads": None})
            try:
                made[id] = self.train(child, recipe, resume=self.cut_short(child, recipe))
            except BadInput as error:
                notes.append(f"{id} was not trained again: {error.message}")
            except BesideError as error:
                if error.code in ("not_enough_data", "gate_closed", "unreadable_text"):
                    notes.append(f"{id} was not trained again: {error.message}")
                    continue
                raise
        return made, notes


def made_from(home: Path, plan: Removal) -> bool:
    """Whether a folder of checkpoints is of a training on a corpus that held the person, or of a workshop of models."""
    if home.name.removeprefix("rerun-") in plan.runs or home.name in ("few-labels", "compress"):
        return True
    try:
        asked = json.loads((home / "request.json").read_text(encoding="utf-8"))
        return asked["corpus"] in plan.going or asked["recipe"]["base"] in plan.runs
    except (OSError, ValueError, KeyError, TypeError):
        return False
