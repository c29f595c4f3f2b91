"""Personal data out of corpora and texts. Part of `Loop`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from beside.core.errors import BadInput
from beside.core.interfaces import Progress
from beside.core.protecting import Plan, ProtectionReport, plan
from beside.core.types import Actor, Corpus
from beside.protection.acting import Protected, Protector
from beside.stages import protect
from beside.store.artifacts import Artifacts
from beside.store.permission import PROTECTORS, demand_role
from beside.store.records import Records
from beside.store.rows import read_pairs
from beside.store.secret import protection_key
from beside.store.workspace import Workspace


class Protecting:
    """Part of `Loop`: protects what is stored, and what is given."""

    workspace: Workspace
    records: Records
    artifacts: Artifacts
    actor: Actor
    progress: Progress
    clock: Callable[[], datetime]

    def protect(
        self, corpus_id: str, name: str, how: Plan | None = None, key: bytes | None = None
    ) -> tuple[Corpus, ProtectionReport]:
        """A corpus becomes a child corpus without the personal data that is found; the same again gives the child that is there.

        Args:
            name: of the child.
            how: what to look for and what to do with it; None: every kind is replaced by its name.
            key: secret of what needs one; None: the workspace's own.
        """
        demand_role(self.actor, PROTECTORS, "protect a corpus")
        if not name.strip():
            raise BadInput("The protected corpus has no name.", "Give it one: --name NAME.")
        with self.workspace.lock("protect"):
            corpus = self.records.corpus(self.actor, corpus_id)
            child, report = protect.protect_corpus(
                corpus,
                read_pairs(self.artifacts.path(corpus.examples)),
                self.protector(how, key),
                name=name.strip(),
                artifacts=self.artifacts,
                progress=self.progress,
                now=self.clock(),
            )
            self.records.add_protected(self.actor, child, report)
            return self.records.corpus(self.actor, child.id), report

    def protect_text(self, text: str, how: Plan | None = None, key: bytes | None = None) -> Protected:
        """A text without the personal data that is found in it; nothing is stored."""
        return self.protector(how, key).text(text)

    def protector(self, how: Plan | None = None, key: bytes | None = None) -> Protector:
        """What carries out a plan, with the workspace's own secret unless another is given."""
        how = how or plan()
        return Protector(how, key or (protection_key(self.workspace.state) if how.needs_key else None))
