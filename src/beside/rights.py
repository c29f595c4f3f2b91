"""The rights of a person through the loop: see what is kept of them, and have it erased, with proof."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from beside.cards.papers import certificate
from beside.core.erasure import PURPOSE, Asked, Erasure, Holder, Preview
from beside.core.errors import BadInput
from beside.core.registry import unknown
from beside.core.types import Release, content_id
from beside.core.vaults import OpenedValue
from beside.erasing import FOLDER, Erasing
from beside.stages import access, erase
from beside.stages.erase import Plan
from beside.store.files import whole_file
from beside.store.holding import search
from beside.store.permission import MAKERS, STEWARDS, demand_role

NAME = "person"  # what a signature is for
ONCE = ("approved", "stopped", "suspended", "expired")  # states of releases that people let through
NOTES = (
    "Files were overwritten before they were removed; a disk that writes elsewhere than it is told to may keep old blocks.",
    "A server that was running keeps a retired model in its memory until it is restarted, and no longer answers with it.",
    "Copies elsewhere (backups, exported bundles, other machines) are out of reach.",
)
POSTGRES = "PostgreSQL's own log and backups may hold deleted rows until they are recycled."


class Rights(Erasing):
    """Part of `Loop`: takes an admin or a privacy officer."""

    def person(self, asked: Asked) -> Preview:
        """Everything that holds a person, and what an erasure would do to it; nothing is changed."""
        demand_role(self.actor, STEWARDS, "see what is kept of a person")
        plan = self.planned(asked, False)
        holders = [self.of_rows(held.corpus, len(held.rows)) for held in plan.found.corpora]
        runs = [Holder(kind="run", name=id, becomes="retired, its weights deleted") for id in plan.runs]
        releases = [Holder(kind="release", name=id, becomes="retired, its bundle deleted") for id in plan.releases]
        rest = [
            Holder(kind=kind, name="", count=count, becomes=BECOMES.get(kind, "the person's words are struck out"))
            for kind, count in plan.removed.items()
            if kind not in ("row", "run", "release")
        ]
        bases = self.records.bases(self.actor)
        unknown = [f"The base {base.name} ({base.id}) was pre-trained on texts that are not kept." for base in bases]
        return Preview(holders=(*holders, *runs, *releases, *rest), unknown=tuple(unknown), yours=tuple(self.outside(plan)))

    def certificates(self) -> list[Erasure]:
        """The certificates of past erasures, the newest first."""
        demand_role(self.actor, STEWARDS, "read certificates of erasures")
        return self.records.erasures(self.actor)

    def certificate(self, file: str) -> bytes:
        """A certificate by its file name, say `ERASURE.zh.html`, made from the records.

        Raises:
            UnknownName: there is none of that name.
        """
        demand_role(self.actor, STEWARDS, "read certificates of erasures")
        made = editions(self.records.erasure(self.actor, file.partition(".")[0]))
        if file not in made:
            raise unknown("certificate", file, list(made))
        return made[file]

    def of_rows(self, corpus_id: str, count: int) -> Holder:
        """What becomes of one corpus."""
        name = self.records.corpus(self.actor, corpus_id).name
        return Holder(kind="corpus", name=f"{name} ({corpus_id})", count=count, becomes="a child corpus without these rows")

    def access(self, asked: Asked) -> dict[str, Any]:
        """Everything that is kept of a person, as plain data. Who asked for it goes into the ledger, as does each opened value.

        Raises:
            BadInput: nothing is kept of this person.
        """
        demand_role(self.actor, STEWARDS, "read what is kept of a person")
        plan = self.planned(asked, False)
        if not plan.removed:
            raise BadInput("Nothing is kept of this person.", "Check the pseudonym, or name them by words: --text WORDS.")
        of_corpus = {held.corpus: self.records.corpus(self.actor, held.corpus) for held in plan.found.corpora}
        runs = [self.records.run(self.actor, id) for id in plan.runs]
        opened = [self.open_vault(token, "access request") for token in self.records.vault_of(self.actor, plan.needles, asked)]
        content = access.told(
            [(of_corpus[held.corpus], split, row) for held in plan.found.corpora for split, row in held.rows],
            asked_and_answered=self.records.predictions_of(self.actor, plan.needles, asked),
            quoted=self.records.quoting(self.actor, plan.needles),
            vault=[one.model_dump(mode="json") for one in opened],
            runs=runs,
            releases=[one for one in self.records.releases(self.actor) if one.run_id in plan.runs],
            statements=self.records.statements(self.actor),
            now=self.clock(),
        )
        self.records.note_access(self.actor, plan.person, access.entries(content))
        return content

    def hand_out(self, asked: Asked, file: Path) -> dict[str, Any]:
        """`access` into a file: JSON, or a zip file with a table of the rows besides."""
        content = self.access(asked)
        access.write(content, file)
        return {"file": str(file.absolute()), "entries": access.entries(content)}

    open_vault: Callable[..., OpenedValue]

    def erase(self, asked: Asked, retrain: bool = False) -> Erasure:
        """Erases a person: rows, questions, answers, and all that was trained on them. After a kill the same call goes on.

        Args:
            retrain: train the runs behind releases again, on the rows that are left.

        Raises:
            BadInput: nothing is kept of this person.
            Busy: the erasure of another person is not done yet.
        """
        demand_role(self.actor, STEWARDS, "erase a person")
        if retrain:
            demand_role(self.actor, MAKERS, "train again")
        with self.workspace.lock("erase"):
            plan = self.begun(asked)
            if plan is None:
                plan = self.planned(asked, retrain)
                if not plan.removed:
                    return self.earlier(plan)
                runs = [self.records.run(self.actor, id) for id in self.worth(plan.runs)]
                plan = plan.model_copy(update={"before": tuple(self.memberships(plan, runs, "before"))})
                self.note(plan)
            return self.carried_out(plan)

    def planned(self, asked: Asked, retrain: bool) -> Plan:
        """What is to be done, from what is there now."""
        tokens = self.tokens_of(asked)
        named = asked.with_words(tokens)
        found = erase.find(named, self.alive(), self.artifacts, self.progress)
        needles, now, gone = found.needles(named), self.clock(), self.records.tombstones(self.actor)
        runs: list[str] = []
        for run in self.records.runs(self.actor)[::-1]:  # the oldest first: one that goes on from a run has what that one learned
            if run.id not in gone and (run.corpus_id in found.ids or run.recipe.base in runs):
                runs.append(run.id)
        releases, hits = self.standing_releases(), self.searched(needles).found
        retired = {one.id: erase.QUOTES for one in erase.quoting(releases, hits)}
        retired |= {one.id: erase.REASON for one in releases if one.run_id in runs}
        removed = Counter(self.records.holding(self.actor, needles, asked))
        removed += Counter(row=sum(len(held.rows) for held in found.corpora), run=len(runs), release=len(retired))
        removed += Counter(file=sum("/" in path and not path.startswith("releases/") for path in hits))
        person, basis = self.hashed(asked), [("pseudonym", asked.person), ("words", asked.words)]
        return Plan.model_validate(
            {
                "id": content_id("erasure", [person, now.isoformat()]), "person": person, "asked": asked, "tokens": tokens,
                "asked_at": now, "basis": " and ".join(name for name, given in basis if given), "who": self.actor.name,
                "found": found, "runs": runs, "again": self.worth(runs) if retrain else (), "releases": retired,
                "removed": dict(removed),
            }
        )  # fmt: skip

    def standing_releases(self) -> list[Release]:
        """The releases that were not retired yet."""
        return [release for release in self.records.releases(self.actor) if release.state != "retired"]

    def worth(self, runs: Sequence[str]) -> list[str]:
        """Of these runs those behind a release that people let through, or else the newest."""
        released = {one.run_id for one in self.records.releases(self.actor) if one.state in ONCE}
        return [id for id in runs if id in released] or list(runs[-1:])

    def earlier(self, plan: Plan) -> Erasure:
        """The certificate of an erasure after which nothing of the person came."""
        before = next((one for one in self.records.erasures(self.actor) if one.person == plan.person), None)
        if before is None:
            raise BadInput("Nothing is kept of this person.", "Check the pseudonym, or name them by words: --text WORDS.")
        self.progress.say(f"Erased already on {before.ended_at:%Y-%m-%d}; nothing of this person has come since.")
        return before

    def hashed(self, asked: Asked) -> str:
        """A name for a request that takes the workspace's key to tell: two requests for one person have the same."""
        keys = self.workspace.keys
        return hashlib.sha256(keys.sign(keys.of_workspace(), NAME, asked.key()).encode()).hexdigest()

    def outside(self, plan: Plan) -> list[str]:
        """What only people can erase: files of the folder that are not Beside's, exports of releases, backups that were noted.

        Documents say each of these in their own language, by its shape (cards/papers.py).
        """
        found = search(self.workspace.folder, plan.needles, (self.workspace.state,), self.progress.step).found
        exports = self.records.exports(self.actor, plan.releases)
        return [
            *(f"the file '{path}' in the workspace's folder" for path in found),
            *(f"the export of {one.release} to '{one.file}' on {one.at:%Y-%m-%d} by {one.who}" for one in exports),
            *(f"the backup '{told}'" for told in self.workspace.settings.retention.backups),
        ]

    def carried_out(self, plan: Plan) -> Erasure:
        """Every step, then the search for what is left, then the certificate."""
        for there in self.records.erasures(self.actor):
            if there.id == plan.id:  # a kill came between the last two lines of this function
                return self.handed_over(there)
        stones = self.buried(plan)
        self.progress.say(f"{len(plan.runs)} runs and {len(plan.releases)} releases are retired.")
        self.records.strike(self.actor, plan.needles, plan.id, plan.asked)
        self.removed(plan)
        made, notes = self.again(plan, stones)
        stones = [one.model_copy(update={"successor": made[one.id].id}) if one.id in made else one for one in stones]
        self.records.bury(self.actor, plan.id, (), stones)
        after = [*plan.before, *self.memberships(plan, list(made.values()), "after")]
        if busy := self.compacted():
            notes.append(busy)
        if self.workspace.settings.database:
            notes.append(POSTGRES)
        found, left = self.searched(plan.needles), self.records.holding(self.actor, plan.needles, plan.asked)
        erasure = Erasure(
            id=plan.id, workspace=self.workspace.folder.name, person=plan.person, basis=plan.basis, who=self.actor.name,
            asked_at=plan.asked_at, ended_at=self.clock(), rows=sum(len(held.rows) for held in plan.found.corpora),
            removed=plan.removed, tombstones=tuple(stones), membership=tuple(after),
            searched={"files": found.files, "bytes": found.bytes},
            remaining=(*map(plan.needles.struck, found.found), *(f"{count} rows: {kind}" for kind, count in left.items())),
            yours=tuple(map(plan.needles.struck, self.outside(plan))), notes=(*NOTES, *notes),
        )  # fmt: skip
        return self.handed_over(self.certified(erasure))

    def certified(self, erasure: Erasure) -> Erasure:
        """The certificate with the workspace's signature, in the records."""
        keys = self.workspace.keys
        key = keys.of_workspace()
        named = erasure.model_copy(update={"key": key.id, "public": key.public})
        made = named.model_copy(update={"value": keys.sign(key, PURPOSE, named.content())})
        self.records.add_erasure(self.actor, made)
        return made

    def handed_over(self, made: Erasure) -> Erasure:
        """The certificate as a file for the person; with it the plan, which knows the person's rows, goes."""
        for name, content in editions(made).items():
            with whole_file(self.workspace.state / FOLDER / name) as path:
                path.write_bytes(content)
        self.forget()
        return made


def editions(made: Erasure) -> dict[str, bytes]:
    """A certificate as files: `ID.json`, which is signed, and `ID.en.html` and its like, which people read."""
    return {f"{made.id}.json": (made.model_dump_json(indent=2) + "\n").encode(), **certificate(made)}


BECOMES = {
    "prediction": "deleted",
    "answer": "deleted, or the person's words are struck out",
    "attacked row": "deleted",
    "judgement": "deleted, or the person's words are struck out",
    "comparison": "the person's rows are taken out",
    "ledger entry": "its detail is erased, its hash stays in the chain",
    "vault value": "deleted, where it stands for nobody else",
    "review of spans": "deleted",
    "file": "deleted, or written anew without the person",
}
