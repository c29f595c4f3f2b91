"""Searching for a better recipe and repeating a run, through the loop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from beside.core.interfaces import Progress
from beside.core.recipe import Recipe
from beside.core.repetition import Repetition
from beside.core.space import read_space
from beside.core.trials import Search
from beside.core.types import Actor, Corpus, Run, Splits
from beside.engine.loading import Start
from beside.federating import Federating
from beside.store.artifacts import Artifacts
from beside.store.permission import demand_role
from beside.store.records import Records
from beside.store.studies import studies_url
from beside.store.workspace import Workspace


class Searching(Federating):
    """Part of `Loop`: many trainings to choose a recipe, one to prove that a run can be had again."""

    workspace: Workspace
    records: Records
    artifacts: Artifacts
    actor: Actor
    progress: Progress
    train: Callable[..., Run]
    settled: Callable[[Recipe], Recipe]
    start_of: Callable[[str], str | None]
    start_for: Callable[[Recipe, str], Start]
    splits: Callable[[Corpus], Splits]

    def search(
        self,
        corpus_id: str,
        recipe: Recipe | None = None,
        space: Path | None = None,
        *,
        trials: int = 30,
        workers: int = 1,
        timeout: float | None = None,
        seeds: int = 3,
    ) -> Search:
        """Trials on the tune split find a recipe; fresh seeds confirm it. The same call after a kill goes on.

        Args:
            recipe: what stays as it is.
            space: TOML file of what may change; None = what is usually worth trying.
            trials: that are to end, those of earlier calls among them.
            timeout: seconds after which no new trial begins.
            seeds: fresh ones for the winner and for the recipe without a search.
        """
        from beside.stages import search  # imports Optuna: not when only listing or reviewing

        demand_role(self.actor, ("builder",), "search for a recipe")
        recipe = self.settled(recipe or Recipe())
        base, start = recipe.base, self.start_of(recipe.base)
        asked = search.Asked(
            recipe=recipe.model_copy(update={"base": start or base}),
            space=read_space(space) if space else None,
            trials=trials,
            workers=workers,
            timeout=timeout,
            seeds=seeds,
        )
        with self.workspace.lock("search"):
            corpus = self.records.corpus(self.actor, corpus_id)
            return search.search(
                corpus,
                self.splits(corpus),
                asked,
                url=studies_url(self.workspace.settings.database, self.workspace.state),
                home=self.workspace.state / "searches",
                progress=self.progress,
                keep=lambda found: self.kept(
                    corpus, found.model_copy(update={"base": base if found.base == start else found.base})
                ),
            )

    def kept(self, corpus: Corpus, recipe: Recipe) -> Run:
        """The run of a winner: trained and stored like any other, or gone on with, or the one that is there."""
        return self.train(corpus.id, recipe, resume=self.cut_short(corpus.id, recipe))

    cut_short: Callable[..., bool]

    def rerun(self, run_id: str) -> Repetition:
        """Trains a run again from what is stored and compares; nothing is stored or replaced."""
        from beside.stages import rerun, train  # imports torch

        with self.workspace.lock("rerun"):
            run = self.records.run(self.actor, run_id)
            corpus = self.records.corpus(self.actor, run.corpus_id)
            return rerun.rerun(
                run,
                corpus,
                self.splits(corpus),
                start=self.start_for(run.recipe, corpus.task),
                artifacts=self.artifacts,
                checkpoints=self.workspace.checkpoints,
                versions=train.versions(),
                progress=self.progress,
            )
