"""A run becomes a smaller or faster one: part of `Loop`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from beside.comparing import Comparing
from beside.core.compressing import Compression, chain_of
from beside.core.options import options
from beside.core.types import Corpus, Run, Splits
from beside.part import Part
from beside.stages import release
from beside.store.files import whole_file
from beside.store.permission import demand_role

WORKSHOP = "compress"  # folder among the checkpoints


class Compressing(Comparing, Part):
    """Part of `Loop`: the verb `compress`; what compares trainings stands below it."""

    splits: Callable[[Corpus], Splits]
    texts_like: Callable[[Corpus, Sequence[str]], list[str]]

    def compress(self, run_id: str, names: Sequence[str], settings: Sequence[str] = (), texts: Sequence[str] = ()) -> Run:
        """A child run with a smaller or faster model, which needs its own audit, release and approval.

        The same call again gives the run that is there, and goes on after a kill.

        Args:
            names: compressors, in the order in which they work.
            settings: their options, `name.option=value`.
            texts: without an answer, for compressors that learn from the parent's.

        Raises:
            UnknownName: no such run or compressor.
            BadOption: an option that does not exist, or a compressor that cannot do with this model.
        """
        chain = chain_of(names, settings)
        from beside.stages import compress, train  # imports torch

        demand_role(self.actor, ("builder",), "compress a model")
        with self.workspace.lock("compress"):
            parent = self.records.run(self.actor, run_id)
            corpus = self.records.corpus(self.actor, parent.corpus_id)
            unlabelled = self.texts_like(corpus, texts) if texts else []
            versions = {**train.versions(), **compress.packages()}
            home = self.workspace.checkpoints / WORKSHOP / compress.run_id(parent, chain, unlabelled, versions)
            runs = self.records.runs(self.actor, corpus.id)
            if there := [run for run in runs if run.id == home.name]:
                self.progress.say(f"Already compressed like this: {home.name}.")
                train.forget(home.parent, home.name)
                return there[0]
            if alike := self.alike(runs, parent, chain):
                told = "by other code, with other texts or on another kind of processor"
                self.progress.say(f"Compressed so before, {told}: {', '.join(alike)}. It is made anew.")
            made = compress.compress(
                parent,
                corpus,
                self.splits(corpus),
                chain,
                unlabelled,
                artifacts=self.artifacts,
                home=home,
                place=train.model_folder,
                progress=self.progress,
                versions=versions,
                now=self.clock(),
            )
            self.records.add_run(self.actor, made)
            train.forget(home.parent, home.name)
        return made

    def alike(self, runs: Sequence[Run], parent: Run, chain: Mapping[str, Any]) -> list[str]:
        """Ids of the runs that the same chain made of the same run, with the same options."""
        asked = {name: options(compressor) for name, compressor in chain.items()}
        told = {run.id: release.compression_of(run, self.artifacts) for run in runs if run.parent == parent.id}
        return [id for id, one in told.items() if one and one.chain == tuple(chain) and one.settings == asked]

    def picture(self, run_id: str) -> Path:
        """The picture of a compressed run, copied into the folder of the workspace; its path."""
        from beside.stages import compress  # imports torch

        tree = self.artifacts.read_json(self.records.run(self.actor, run_id).model)
        file = self.workspace.folder / f"compress-{run_id}.svg"
        with whole_file(file) as half:
            half.write_bytes(self.artifacts.read_bytes(tree[compress.PICTURE]))
        return file

    def compression(self, run_id: str) -> Compression | None:
        """What a compressed run says of itself; None for one that was trained."""
        return release.compression_of(self.records.run(self.actor, run_id), self.artifacts)
