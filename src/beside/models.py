"""Which models and rows the verbs of the loop work on: a run's own, those it may be compared with, and its newest findings."""

from __future__ import annotations

from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from beside.bases import RUN, Bases
from beside.core.applies import for_task
from beside.core.asking import Neighbours
from beside.core.defending import of_old
from beside.core.errors import BadOption, Erased
from beside.core.interfaces import Subject, Task
from beside.core.pairs import whole
from beside.core.policies import read_policy
from beside.core.recipe import Policy, Recipe
from beside.core.registry import load
from beside.core.types import Corpus, Finding, Run, Splits
from beside.engine import loading
from beside.stages import audit, neighbours
from beside.stages.audit import Model
from beside.stages.serve import Served
from beside.store.permission import EXAMPLE_READERS, demand_role
from beside.store.rows import read_rows, read_splits


class Models(Bases):
    """Part of `Loop`: finds what a verb needs; changes nothing."""

    def splits(self, corpus: Corpus) -> Splits:
        """All rows of a corpus; their texts are not for everybody who may know of the corpus."""
        demand_role(self.actor, EXAMPLE_READERS, "read the rows of a corpus")
        return read_splits(self.rows_at(corpus))

    def rows_at(self, corpus: Corpus) -> Path:
        """The file of a corpus's rows. Raises Erased: it is there no longer."""
        self.must_be_there(corpus.id)
        return self.artifacts.path(corpus.examples)

    def must_be_new(self, corpus: Corpus) -> None:
        """Does nothing when a corpus that was just taken in was never erased.

        Raises:
            Erased: these very rows were; they are not kept again.
        """
        if corpus.id in self.records.tombstones(self.actor):
            self.artifacts.erase(corpus.examples)
            self.must_be_there(corpus.id)

    def must_be_there(self, id: str) -> None:
        """Does nothing when a corpus or run was not erased.

        Raises:
            Erased: it was; the message says when, the hint what took its place.
        """
        if stone := self.records.tombstones(self.actor).get(id):
            told = f"The {stone.thing} '{id}' was erased on {stone.at:%Y-%m-%d} ({stone.erasure})."
            raise Erased(told, f"In its place: {stone.successor}." if stone.successor else "Nothing took its place.")

    def neighbours(self, served: Served, text: str, count: int = 5) -> Neighbours:
        """The training rows nearest to a text; for those alone who may see training rows."""
        demand_role(self.actor, neighbours.SEE_ROWS, "see training rows")
        served.must_answer(text, self.clock())
        run = self.records.run(self.actor, served.release.run_id)
        corpus = self.records.corpus(self.actor, run.corpus_id)
        train, home = whole(read_rows(self.rows_at(corpus), "train")), self.workspace.state / "neighbours"
        kept = neighbours.Kept(model=run.model, corpus=corpus.examples, artifacts=self.artifacts, home=home)
        return neighbours.neighbours(served.subject, text, train, kept, count=count, progress=self.progress)

    def task_of(self, corpus: Corpus) -> Task:
        """What a corpus asks of a model."""
        task: Task = load("tasks", corpus.task)
        return task

    def corpus_of(self, release_id: str) -> Corpus:
        """The rows that a release was trained on."""
        run = self.records.run(self.actor, self.records.release(self.actor, release_id).run_id)
        return self.records.corpus(self.actor, run.corpus_id)

    def rules(self, policy: str, corpus: Corpus) -> Policy:
        """A policy, without the limits that say nothing about this corpus's task; how many those are is told."""
        asked = read_policy(policy)
        pairs = any(row.pair is not None for row in islice(read_rows(self.rows_at(corpus)), 1))
        rules = for_task(asked, self.task_of(corpus), pairs)
        if gone := len(asked.limits) - len(rules.limits):
            self.progress.say(
                f"{gone} of {len(asked.limits)} limits of policy {asked.name} do not speak of the task {corpus.task}."
            )
        return rules

    def subject(self, run: Run) -> Subject:
        """The model of a run, ready to answer."""
        from beside.engine.runtime import load_subject  # imports torch

        self.must_be_there(run.id)
        return load_subject(self.artifacts.folder(run.model), run.recipe.threads)

    def to_compare(self, run: Run, corpus: Corpus) -> dict[str, Model]:
        """What checks may compare a run with: its parent, the champion of its corpus, its base before any training."""
        others: dict[str, Run | None] = {
            "parent": self.records.run(self.actor, run.parent) if run.parent else None,
            "champion": self.champion_of(corpus.name),
        }
        gone = self.records.tombstones(self.actor)
        models = {
            role: Model(other.model, partial(self.subject, other))
            for role, other in others.items()
            if other is not None and other.id != run.id and other.id not in gone
        }
        if before := self.before_protection(corpus):
            models[audit.ORIGINALS] = Model(before.examples, partial(self.whole_splits, before))
        content = loading.content_of(run.recipe)
        return {
            **models,
            "base": Model(content, partial(self.base_of, run)),
            "filler": Model(content, partial(self.filler_of, run)),
        }

    def before_protection(self, corpus: Corpus) -> Corpus | None:
        """The corpus that a protected one was made from; None when it was not protected, or its rows were erased."""
        gone = self.records.tombstones(self.actor)
        while corpus.protections:
            if corpus.parent is None or corpus.parent in gone:
                return None
            corpus = self.records.corpus(self.actor, corpus.parent)
            if not corpus.protections:
                return corpus
        return None

    def whole_splits(self, corpus: Corpus) -> Splits:
        """All rows of a corpus as a model is asked them."""
        return Splits(*map(whole, self.splits(corpus)))

    def champion_of(self, corpus_name: str) -> Run | None:
        """The run of the newest approved release of a corpus of that name."""
        for made in self.records.releases(self.actor):  # the newest first
            run = self.records.run(self.actor, made.run_id)
            if made.state == "approved" and self.records.corpus(self.actor, run.corpus_id).name == corpus_name:
                return run
        return None

    def base_of(self, run: Run) -> Subject | None:
        """The base model of a run before any training; None for one that starts from nothing, or is not on this machine."""
        from beside.engine.untrained import base_subject  # imports torch

        start = self.start_of(run.recipe.base)
        return base_subject(run.recipe.model_copy(update={"base": start}) if start else run.recipe)

    def filler_of(self, run: Run) -> Any:
        """The masked language model of a run's base before any training; None for one whose weights hold no mask head."""
        from beside.engine.filling import filler_of  # imports torch

        start = self.start_of(run.recipe.base)
        return filler_of(run.recipe.model_copy(update={"base": start}) if start else run.recipe)

    def newest_findings(self, run: Run) -> list[Finding]:
        """What the last audit that measured it found of each check and metric; the policy of a release judges it anew."""
        found = self.records.findings(self.actor, run.id)
        newest = {(one.check, one.metric): one.made_at for one in sorted(found, key=lambda one: one.made_at)}
        return [one for one in found if one.made_at == newest[one.check, one.metric]]

    def start_for(self, recipe: Recipe, task: str) -> loading.Start:
        """Where a recipe starts from, with the training rows of the run that it goes on from where one of its defences needs them.

        Raises:
            BadOption: that run answers another kind of question.
            Erased: the run or its rows are there no longer.
        """
        folder = self.start_of(recipe.base)
        if not recipe.base.startswith(RUN) or not of_old(recipe):
            return loading.Start(folder)
        before = self.records.corpus(self.actor, self.records.run(self.actor, recipe.base).corpus_id)
        if before.task != task:
            raise BadOption(f"{recipe.base} answers the task {before.task}, this corpus {task}.", "Leave defence out.")
        return loading.Start(folder, [row for row in whole(self.splits(before).train) if row.target is not None])

    def cut_short(self, corpus_id: str, recipe: Recipe, parent: str | None = None) -> bool:
        """Whether this very training was killed after its first checkpoint, so that `resume` would go on from there."""
        from beside.stages import train  # imports torch

        return train.cut_short(self.workspace.checkpoints, train.run_id(corpus_id, recipe, parent))
