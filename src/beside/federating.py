"""Training across sites, through the loop: the coordinator's part and a site's."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from typing import Any

from beside.core.federation import Coordinator, Sites, must_federate
from beside.core.recipe import Recipe
from beside.core.types import Corpus, Run, Splits
from beside.part import Part
from beside.store.departures import MAY_SEND, note_departure
from beside.store.permission import demand_role


class Federating(Part):
    """Part of `Loop`: a model that learns from rows which never come together."""

    settled: Callable[[Recipe], Recipe]
    start_of: Callable[[str], str | None]
    splits: Callable[[Corpus], Splits]

    def coordinate(
        self,
        corpus_id: str,
        recipe: Recipe | None,
        sites: Sites,
        *,
        expected: int,
        fewest: int,
        resume: bool = False,
    ) -> Run:
        """A recipe and sites become a run, which is audited and released like any other.

        Args:
            corpus_id: the coordinator's corpus: its labels are the federation's, its tune rows choose, its test rows prove.
            expected: sites that the first round waits for.
            fewest: sites that every later round takes.
            resume: go on after the last round of this very federation.
        """
        from beside.stages import federate, train  # imports torch

        with self.workspace.lock("federate"):
            demand_role(self.actor, MAY_SEND, "train across sites")
            corpus, recipe = self.records.corpus(self.actor, corpus_id), self.settled(must_federate(recipe or Recipe()))
            name = train.run_id(corpus.id, recipe)
            home = self.workspace.checkpoints / name
            if there := [run for run in self.records.runs(self.actor, corpus.id) if run.id == name]:
                self.progress.say(f"Already trained with this very recipe: {name}. Change a knob (--set seed=1) to train another.")
                return there[0]
            run = federate.coordinate(
                corpus,
                self.splits(corpus),
                recipe,
                id=name,
                start=self.start_of(recipe.base),
                sites=sites,
                expected=expected,
                fewest=fewest,
                artifacts=self.artifacts,
                home=home,
                resume=resume,
                progress=self.progress,
                versions=train.versions(),
                now=self.clock(),
            )
            self.records.add_run(self.actor, run)
            shutil.rmtree(home, ignore_errors=True)
        return run

    def take_part(self, corpus_id: str, name: str, coordinator: Coordinator) -> dict[str, Any]:
        """This workspace is a site: it learns from the train rows of a corpus; what leaves is in the ledger, and no text does."""
        from beside.stages import federate  # imports torch

        def left(federation: str, detail: Mapping[str, Any]) -> None:
            note_departure(self.records.database, self.actor, federation, {"corpus": corpus.id, **detail})

        with self.workspace.lock("federate"):
            demand_role(self.actor, MAY_SEND, "send updates to a federation")
            corpus = self.records.corpus(self.actor, corpus_id)
            rows = self.splits(corpus).train
            return federate.take_part(name, rows, coordinator, self.workspace.checkpoints, self.progress, left)
