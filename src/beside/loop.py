"""The product on one page: the verbs in order, each calls one stage and stores its answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

import numpy as np

from beside.committee import Committee
from beside.compressing import Compressing
from beside.core import gate
from beside.core.asking import WhatIf
from beside.core.columns import Columns
from beside.core.errors import BadInput, NotEnoughData
from beside.core.interfaces import Progress, Silent
from beside.core.options import read_settings
from beside.core.pairs import whole
from beside.core.purposes import Purpose
from beside.core.recipe import Recipe
from beside.core.report import Report
from beside.core.types import Actor, Answer, Corpus, Explanation, Finding, Prediction, Release, Run, Skipped
from beside.documents import Documents
from beside.drifting import Drifting
from beside.engine import loading
from beside.guarding import Guarding
from beside.judging import Judging
from beside.labels import Labels
from beside.models import Models
from beside.proofs import Proofs
from beside.protecting import Protecting
from beside.searching import Searching
from beside.stages import audit, improve, intake, listen, release, review, serve, verify
from beside.stages.audit import Model
from beside.stages.improve import Improvement
from beside.stages.review import Decision, Said
from beside.stages.serve import Served
from beside.stewards import Stewards
from beside.store.cache import Cache
from beside.store.proof import proof_of
from beside.store.workspace import Workspace


class Loop(Committee, Compressing, Documents, Drifting, Guarding, Judging, Labels, Models, Proofs, Protecting, Searching, Stewards):
    """text in -> protect -> train -> audit -> release -> review -> serve -> listen -> improve, for one actor in one workspace.

    Args:
        workspace: where everything is kept.
        actor: who is asking; every read and write is on this person's account.
        progress: where long work tells how far it is.
        clock: the time, passed in.
    """

    def __init__(
        self,
        workspace: Workspace,
        actor: Actor,
        progress: Progress | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.workspace, self.actor, self.clock = workspace, actor, clock
        self.progress: Progress = progress or Silent()
        self.records, self.artifacts = workspace.records, workspace.artifacts

    def intake(
        self, source: str, name: str, columns: Columns | None = None, task: str = "classify", seed: int = 0
    ) -> tuple[Corpus, Report]:
        """A file becomes a corpus with a report."""
        with self.workspace.lock("import"):
            reads = loading.embedded_tokens()
            corpus, report = intake.intake(
                source,
                name=name,
                task=task,
                columns=columns,
                seed=seed,
                artifacts=self.artifacts,
                progress=self.progress,
                now=self.clock(),
                token_lengths=reads.counts,
                unknown_tokens=reads.unknown,
            )
            self.must_be_new(corpus)
            self.records.add_corpus(self.actor, corpus)
            stored = self.records.corpus(self.actor, corpus.id)  # the one of an earlier import, when this was the same again
        return stored, report

    def train(
        self,
        corpus_id: str | None,
        recipe: Recipe | None = None,
        resume: bool = False,
        parent: str | None = None,
        track: Sequence[str] = (),
        purpose: Purpose = Purpose(),
    ) -> Run:
        """A corpus and a recipe become a run; the same pair again gives the run that is there."""
        from beside.stages import train  # imports torch: not when only listing or reviewing

        with self.workspace.lock("train"):
            if resume and recipe is None:
                corpus_id, recipe, parent = train.unfinished(
                    self.workspace.checkpoints, corpus_id and self.records.corpus(self.actor, corpus_id).id
                )
            if corpus_id is None:
                raise BadInput("No corpus was given.", "Name one: `beside train CORPUS`; `beside list corpora` shows them.")
            corpus, recipe = self.records.corpus(self.actor, corpus_id), self.settled(recipe or Recipe())
            self.must_be_meant(corpus, purpose)
            name, checkpoints = train.run_id(corpus.id, recipe, parent), self.workspace.checkpoints
            if resume:
                self.progress.say(f"Going on with {name}: corpus {corpus.name}, base {recipe.base}, seed {recipe.seed}.")
            if there := [run for run in self.records.runs(self.actor, corpus.id) if run.id == name]:
                self.progress.say(f"Already trained with this very recipe: {name}. Change a knob (--set seed=1) to train another.")
                train.forget(checkpoints, name)  # a kill may have come between the last two lines of the block below
                return there[0]
            with train.requested(checkpoints, corpus, recipe, parent):
                run = train.train(
                    corpus,
                    self.splits(corpus),
                    recipe,
                    start=self.start_for(recipe, corpus.task),
                    artifacts=self.artifacts,
                    checkpoints=checkpoints,
                    boards=self.workspace.state / "tensorboard",
                    resume=resume,
                    progress=self.progress,
                    now=self.clock(),
                    parent=parent,
                    track=track,
                )
                self.records.add_run(self.actor, run)
        return run

    def audit(
        self, run_id: str, checks: Sequence[str] = (), policy: str = "default", settings: Sequence[str] = (), fresh: bool = False
    ) -> list[Finding | Skipped]:
        """A run becomes findings. Each audit that looks at the test split once more is counted.

        Args:
            settings: options of checks, `aspect/name.option=value`.
            fresh: measure also what is known from an earlier audit of the same model and rows.
        """
        with self.workspace.lock("audit"):
            run = self.records.run(self.actor, run_id)
            corpus = self.records.corpus(self.actor, run.corpus_id)
            rules = self.rules(policy, corpus)
            found = audit.audit(
                run,
                Model(run.model, lambda: self.subject(run)),
                self.splits(corpus),
                rules,
                rows=corpus.examples,
                given=self.to_compare(run, corpus),
                checks=checks,
                settings=read_settings(settings),
                folder=self.workspace.folder,
                cache=Cache(self.workspace.state / "cache"),
                fresh=fresh,
                # before the look: a kill must not hide it
                look=partial(self.records.count_test_use, self.actor, corpus.id, run.id, "audit"),
                artifacts=self.artifacts,
                progress=self.progress,
                now=self.clock(),
            )
            self.records.add_findings(self.actor, found)
        return found

    def release(self, run_id: str, policy: str = "default", model_signing: bool = False) -> Release:
        """A run and its newest findings become a sealed draft, signed with the key of the workspace."""
        from beside.engine.runtime import same_answers  # imports torch

        with self.workspace.lock("release"):
            run = self.records.run(self.actor, run_id)
            corpus = self.records.corpus(self.actor, run.corpus_id)
            rules = self.rules(policy, corpus)
            findings, skipped = self.newest_findings(run), self.records.skipped(self.actor, run.id)
            rules = gate.settled(rules, findings, skipped)
            if not findings:
                raise NotEnoughData(f"The run '{run.id}' was never audited.", f"First: beside audit {run.id}")
            splits = self.splits(corpus)
            made = release.release(
                run,
                corpus,
                findings,
                skipped,
                rules,
                statements=self.records.statements(self.actor),
                texts=[example.text for example in whole((splits.tune or splits.train)[: release.TRUTH_TEXTS])],
                test_uses=self.records.test_uses(self.actor, corpus.id),
                artifacts=self.artifacts,
                home=self.workspace.bundles,
                truth=same_answers,
                now=self.clock(),
                kept=self.kept_with(run, findings, splits),
            )
            self.tell_of_fonts()
            self.records.add_release(self.actor, made.model_copy(update={"makers": self.makers_of(run)}))
            verify.attest_release(made, self.workspace.keys, self.clock(), model_signing)
        return self.records.release(self.actor, made.id)

    def review(self, release_id: str, decision: Decision, reason: str, said: Said = Said()) -> Release:
        """A person signs over the seal; the policy decides the state."""
        with self.workspace.lock("review"):
            told = self.news(release_id)
            signed = review.sign(
                told.release,
                self.findings_of(told.release),
                self.actor,
                decision,
                reason,
                now=self.clock(),
                said=said,
                proceedings=told.proceedings,
                changes=told.changes,
                prove=partial(proof_of, keys=self.workspace.keys),
            )
            self.records.save_release(self.actor, signed)
        return signed

    def serve(self, release_id: str | None = None) -> Served:
        """A release that may be served becomes one that answers; any other is refused. Without an id: the newest approved one."""
        from beside.engine.runtime import load_subject  # imports torch

        chosen = (
            self.records.release(self.actor, release_id) if release_id else serve.newest_approved(self.records.releases(self.actor))
        )
        keys = self.workspace.keys.known
        news, findings = partial(self.news, chosen.id), self.findings_of(chosen)
        opened = serve.open_release(chosen, findings, load=load_subject, keys=keys, now=self.clock(), news=news)
        opened.threshold = self.threshold_of(findings)
        return opened

    def predict(self, served: Served, texts: Sequence[str]) -> list[Prediction]:
        """Texts become answers that are kept, so that a correction can name them."""
        predictions = self.guarded(served, texts)
        self.records.add_predictions(self.actor, predictions)
        return predictions

    def explain(self, served: Served, text: str) -> Explanation:
        """Why the model answers as it does, word by word."""
        return self.explained(served, text)

    def what_if(self, served: Served, text: str, edited: str) -> WhatIf:
        """What an edit changes: two answers, kept like any other."""
        before, after = self.predict(served, [text, edited])
        return WhatIf(before=before, after=after)

    def listen(self, prediction_id: str, correct: bool, label: str | None = None, note: str = "") -> Answer:
        """What a person says of an answer, on disk before this returns."""
        prediction = self.records.prediction(self.actor, prediction_id)
        labels, task, note = tuple(prediction.probabilities), None, self.noted(note)
        if prediction.answer is not None:  # the answer has a form of its own, so its task knows what a right one looks like
            corpus = self.corpus_of(prediction.release_id)
            labels, task = corpus.labels, self.task_of(corpus)
        answer = listen.listen(prediction, correct, label, note, labels, self.actor, task=task, now=self.clock())
        self.records.add_answer(self.actor, answer)
        return answer

    def improve(self, release_id: str) -> Improvement:
        """Corrections become a child corpus, a challenger is trained on it and meets the champion on the same test rows.

        After a kill the same call goes on where it was.
        """
        with self.workspace.lock("improve"):
            champion_release = self.records.release(self.actor, release_id)
            champion = self.records.run(self.actor, champion_release.run_id)
            parent = self.records.corpus(self.actor, champion.corpus_id)
            improve.must_compare(self.task_of(parent))
            splits, said = self.splits(parent), listen.corrections(self.records.answers(self.actor, release_id))
            taught = self.rows_like(parent, [*self.accepted(release_id, splits), *said])
            grown = improve.child(parent, splits, taught, artifacts=self.artifacts, now=self.clock())
            self.records.add_corpus(self.actor, grown)
            corpus = self.records.corpus(self.actor, grown.id)
            asked = champion.recipe.model_copy(update={"threads": None})
            begun = self.cut_short(corpus.id, asked, champion.id)
            challenger = self.train(corpus.id, asked, resume=begun, parent=champion.id)
            rng, test = np.random.default_rng(champion.seed), self.splits(corpus).test
            self.records.count_test_use(self.actor, parent.id, challenger.id, "improve")
            comparison = improve.compare(champion, challenger, self.subject(champion), self.subject(challenger), test, rng=rng)
            self.records.add_comparison(self.actor, comparison)
        return Improvement(corpus=corpus, run=challenger, comparison=comparison)


def as_plain(value: object) -> object:
    """Any result of a verb as plain data for JSON."""
    if isinstance(value, Improvement):
        return {"corpus": as_plain(value.corpus), "run": as_plain(value.run), "comparison": as_plain(value.comparison)}
    return json.loads(value.model_dump_json()) if hasattr(value, "model_dump_json") else value
