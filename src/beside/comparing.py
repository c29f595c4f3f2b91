"""Which method suits a corpus: several trained on equal terms, one after the other, and measured on the same tune rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from beside.core import registry
from beside.core.errors import BadInput, BadOption, NotEnoughData
from beside.core.interfaces import Progress, Subject
from beside.core.pairs import whole
from beside.core.ranking import scored
from beside.core.recipe import Recipe
from beside.core.types import Actor, Corpus, Example, Run, Splits
from beside.stages.compare import Contest, Memory, Trial, contest, picture_of
from beside.store.files import whole_file
from beside.store.records import Records
from beside.store.workspace import Workspace


class Comparing:
    """Part of `Loop`: the verb `compare`."""

    workspace: Workspace
    records: Records
    actor: Actor
    progress: Progress
    train: Callable[..., Run]
    splits: Callable[[Corpus], Splits]
    subject: Callable[[Run], Subject]
    base_of: Callable[[Run], Subject | None]
    cut_short: Callable[..., bool]

    def compare(
        self, corpus_id: str, methods: Sequence[str] = (), seeds: int = 1, recipe: Recipe | None = None, probe: str | None = None
    ) -> Contest:
        """Trains each method on the same rows, with the same recipe and seeds, and measures all of them on the tune split.

        Each training is an ordinary run; one that is there is not trained again, so the same call goes on after a kill. A method
        that refuses this base or recipe is left out, with its reason.

        Args:
            methods: names; none = all that there are.
            seeds: how many seeds each method is trained with, counted up from the recipe's.
            recipe: knobs for all; what it leaves open each training fills in by rule, the learning rate by method.
            probe: another corpus, to measure what the base knew of it and each trained model forgot.

        Raises:
            UnknownName: no such corpus or method.
            BadOption: the recipe names a method, or there are no seeds.
            NotEnoughData: there is no tune split to compare on, or no method could be trained.
        """
        asked = recipe or Recipe()
        if seeds < 1 or asked.method is not None:
            raise BadOption("A comparison needs one seed or more, and a recipe that leaves the method open.", "Use --methods.")
        names = list(dict.fromkeys(methods or registry.names("methods")))
        for name in names:
            registry.source("methods", name)
        with self.workspace.lock("compare"):
            corpus = self.records.corpus(self.actor, corpus_id)
            other = self.records.corpus(self.actor, probe) if probe else None
            tune = known(self.splits(corpus).tune)
            if not tune:
                raise NotEnoughData(f"The corpus '{corpus.name}' has no tune split to compare on.", "Import with one.")
            runs, refused = self.contenders(corpus, names, [asked.seed + more for more in range(seeds)], asked)
            if not runs:
                raise NotEnoughData("No method could be trained: " + "; ".join(f"{name}: {why}" for name, why in refused.items()))
            found = self.measured(corpus, runs, tune, other)
            found = found.model_copy(update={"refused": refused})
            return found.model_copy(update={"picture": self.drawn(found)})

    def contenders(
        self, corpus: Corpus, names: Sequence[str], seeds: Sequence[int], asked: Recipe
    ) -> tuple[dict[str, list[Run]], dict[str, str]]:
        """The runs of each method, one per seed; and the methods that could not be trained, with the reason."""
        runs: dict[str, list[Run]] = {}
        refused: dict[str, str] = {}
        for name in names:
            try:
                for seed in seeds:
                    self.progress.say(f"Comparing: {name}, seed {seed}.")
                    recipe = asked.model_copy(update={"method": name, "seed": seed})
                    begun = self.cut_short(corpus.id, recipe)
                    runs.setdefault(name, []).append(self.train(corpus.id, recipe, resume=begun))
            except (BadOption, BadInput) as error:
                self.progress.say(f"Left out: {name}. {error.message}")
                runs.pop(name, None)
                refused[name] = error.message
        return runs, refused

    def measured(self, corpus: Corpus, runs: dict[str, list[Run]], tune: list[tuple[str, str]], other: Corpus | None) -> Contest:
        """All runs asked about the tune rows, and about those of the other corpus."""
        task, first = registry.load("tasks", corpus.task), next(iter(runs.values()))[0]
        answered, targets = scored(task, [text for text, _ in tune], [target for _, target in tune])
        if not targets:
            raise NotEnoughData("No tune row is relevant, so there is nothing to find.", "Import rows with relevant pairs.")
        memory, rng = self.memory(first, other), np.random.default_rng(first.seed)
        trials: dict[str, list[Trial]] = {}
        forgotten = {}
        for name, tried in runs.items():
            for run in tried:
                subject = self.subject(run)
                trials.setdefault(name, []).append(Trial(run=run, answers=answered(subject)))
                if memory and run is tried[0]:
                    forgotten[name] = memory.forgotten(subject, rng)

        def score(answers: Sequence[str], right: Sequence[str]) -> float:
            return float(next(iter(task.score(answers, right, corpus.labels).values())))

        metric = next(iter(task.metrics))
        ranked = [one.model_copy(update={"forgetting": forgotten.get(one.method)}) for one in contest(trials, targets, score, rng)]
        return Contest(
            corpus_id=corpus.id,
            metric=metric,
            n=len(targets),
            seeds=tuple(run.seed for run in next(iter(runs.values()))),
            contenders=tuple(ranked),
            probe=other.id if memory and other else None,
            probe_n=len(memory.texts) if memory else 0,
        )

    def memory(self, run: Run, other: Corpus | None) -> Memory | None:
        """What the base of these runs knows of another corpus; None without one, and for a base that knows nothing yet."""
        base = self.base_of(run) if other else None
        if base is None or other is None:
            return None
        rows = self.splits(other)
        return Memory.of(base, known(rows.train), known(rows.tune))

    def drawn(self, found: Contest) -> str:
        """The picture, written into the folder of the workspace; its path."""
        from beside.charts import draw  # takes a second to load

        file = self.workspace.folder / f"compare-{found.corpus_id}.svg"
        with whole_file(file) as half:
            half.write_text(draw(picture_of(found)), encoding="utf-8")
        return str(file)


def known(examples: Sequence[Example]) -> list[tuple[str, str]]:
    """(text, target) of the rows whose answer is known."""
    return [(example.text, example.target) for example in whole(examples) if example.target is not None]
