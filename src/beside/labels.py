"""More out of few labels: a label without training, texts without a label. Part of `Loop`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from beside.core.interfaces import Subject
from beside.core.types import Corpus, Run, Splits
from beside.part import Part
from beside.stages import add_label, improve, self_train

WORKSHOP = "few-labels"  # folder among the checkpoints; what a killed process left there goes with the next use


class Labels(Part):
    """Part of `Loop`: what gives a run another label, or more rows of its labels."""

    splits: Callable[[Corpus], Splits]
    subject: Callable[[Run], Subject]
    train: Callable[..., Run]
    cut_short: Callable[..., bool]
    texts_like: Callable[[Corpus, Sequence[str]], list[str]]

    def add_label(self, run_id: str, label: str, texts: Sequence[str]) -> Run:
        """A child run that knows one label more, on a child corpus that holds its texts; nothing is trained."""
        from beside.engine.newlabel import widen  # imports torch
        from beside.stages.train import model_folder

        label = label.strip()
        with self.workspace.lock("add-label"):
            parent = self.records.run(self.actor, run_id)
            before = self.records.corpus(self.actor, parent.corpus_id)
            texts = self.texts_like(before, texts)
            rows = add_label.grown(before, self.splits(before), label, texts)
            corpus = improve.stored(before, rows, self.artifacts, self.clock())
            place = partial(widen, threads=parent.recipe.threads, progress=self.progress)
            with model_folder(self.workspace.checkpoints / WORKSHOP) as folder:
                made = add_label.add_label(
                    parent, corpus, rows, label, widen=place, artifacts=self.artifacts, home=folder, now=self.clock()
                )
            self.records.add_corpus(self.actor, corpus)
            if there := [run for run in self.records.runs(self.actor, corpus.id) if run.id == made.id]:
                return there[0]
            self.records.add_run(self.actor, made)
        return made

    def self_train(self, run_id: str, texts: Sequence[str]) -> Run:
        """A child run that has learned, beside the corpus, those texts that its parent is sure of.

        How sure it must be is measured on training rows held out in cross-validation. After a kill the same call goes on.
        """
        from beside.engine.routes import answered  # imports torch
        from beside.stages.train import model_folder

        with self.workspace.lock("self-train"):
            parent = self.records.run(self.actor, run_id)
            before = self.records.corpus(self.actor, parent.corpus_id)
            rows, texts = self.splits(before), self.texts_like(before, texts)
            with model_folder(self.workspace.checkpoints / WORKSHOP) as folder:
                known = self_train.Known(*answered(rows.train, before.labels, before.task, parent.recipe, folder))
            more = self_train.grown(parent, self.subject(parent), rows, texts, known, self.progress)
            corpus = improve.stored(before, more, self.artifacts, self.clock())
            self.records.add_corpus(self.actor, corpus)
            recipe = parent.recipe.model_copy(update={"threads": None})
            return self.train(corpus.id, recipe, resume=self.cut_short(corpus.id, recipe, parent.id), parent=parent.id)
