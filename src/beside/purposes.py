"""For what the text of a corpus may be used, through the loop: stated by a person, checked before each training."""

from __future__ import annotations

from beside.core.interfaces import Progress
from beside.core.purposes import Purpose, must_fit, same, stated
from beside.core.types import Actor, Corpus
from beside.store.records import Records
from beside.store.workspace import Workspace


class Purposes:
    """Part of `Loop`."""

    workspace: Workspace
    records: Records
    actor: Actor
    progress: Progress

    def state_purpose(self, corpus_id: str, purpose: str | None = None, legal_basis: str | None = None) -> Corpus:
        """A person says for what a corpus may be used, and on which basis; what was said before stays in the ledger.

        Raises:
            BadInput, BadOption: as `core.purposes.stated`.
            NotPermitted: it takes a builder, a privacy officer or an admin.
        """
        purpose, legal_basis = stated(purpose, legal_basis)
        corpus = self.records.corpus(self.actor, corpus_id)
        self.records.state_purpose(self.actor, corpus.id, purpose or corpus.purpose, legal_basis or corpus.legal_basis)
        return self.records.corpus(self.actor, corpus.id)

    def must_be_meant(self, corpus: Corpus, purpose: Purpose) -> None:
        """Does nothing when a training is for the purpose of its corpus, or somebody says why the other one is compatible.

        Raises:
            GateClosed: it is for another purpose.
        """
        wanted = stated(purpose.wanted, None)[0] or self.workspace.settings.purpose or None
        must_fit(corpus.name, corpus.purpose, wanted, purpose.why)
        if corpus.purpose is None:
            self.progress.say(
                f"Nobody has said for what the text of '{corpus.name}' may be used: beside purpose {corpus.name} TEXT"
            )
        elif wanted is not None and purpose.why and not same(corpus.purpose, wanted):
            self.records.note_purpose(self.actor, corpus.id, wanted, purpose.why.strip())
