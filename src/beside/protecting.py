"""Personal data out of corpora and texts. Part of `Loop`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from beside.core.anonymity import Anonymity
from beside.core.errors import BadInput
from beside.core.interfaces import Silent, Subject
from beside.core.protecting import Plan, ProtectionReport, plan, plan_of
from beside.core.registry import names
from beside.core.types import Corpus, Example, Run
from beside.core.vaults import OpenedValue, Pseudonyms
from beside.protection import spans
from beside.protection.acting import Protected, Protector
from beside.protection.tagging import Tagger
from beside.reviewing import Reviewing
from beside.stages import anonymity, protect
from beside.store.permission import PROTECTORS, demand_role
from beside.store.rows import read_pairs, read_rows
from beside.store.sealing import Keys
from beside.store.secret import protection_key
from beside.store.vault import Sealer


class Protecting(Reviewing):
    """Part of `Loop`: protects what is stored, and what is given."""

    corpus_of: Callable[[str], Corpus]
    subject: Callable[[Run], Subject]

    def protect(
        self, corpus_id: str, name: str, how: Plan | None = None, key: bytes | None = None, tagger: Tagger | None = None
    ) -> tuple[Corpus, ProtectionReport]:
        """A corpus becomes a child corpus without the personal data that is found; the same again gives the child that is there.

        Args:
            name: of the child.
            how: what to look for and what to do with it; None: every kind is replaced by its name.
            key: secret of what needs one; None: the workspace's own.
            tagger: a model that looks as well.
        """
        demand_role(self.actor, PROTECTORS, "protect a corpus")
        if not name.strip():
            raise BadInput("The protected corpus has no name.", "Give it one: --name NAME.")
        how = how or plan()
        with self.workspace.lock("protect"):
            corpus = self.records.corpus(self.actor, corpus_id)
            sealer = Sealer(self.encryption(), self.workspace.state) if how.needs_vault else None
            child, report = protect.protect_corpus(
                corpus,
                read_pairs(self.artifacts.path(corpus.examples)),
                self.protector(how, key, sealer, tagger),
                name=name.strip(),
                artifacts=self.artifacts,
                progress=self.progress,
                now=self.clock(),
                reviews=self.records.span_reviews(self.actor, corpus.id),
            )
            self.records.add_protected(self.actor, child, report, sealer.made() if sealer else ())
            return self.records.corpus(self.actor, child.id), report

    def protect_texts(self, texts: Sequence[str], how: Plan | None = None) -> list[Protected]:
        """Texts without the personal data that is found in them; nothing is stored.

        Raises:
            NotPermitted: hashes and surrogates under the workspace's secret are for those who may protect a corpus: others
                could try values until one fits a protected row.
        """
        how = how or plan()
        if how.needs_key:
            demand_role(self.actor, PROTECTORS, "hash or draw surrogates under the workspace's secret")
        protector = self.protector(how)
        return [protector.text(text) for text in texts]

    def rows_like(self, corpus: Corpus, rows: Sequence[Example]) -> list[Example]:
        """Rows that are to join a corpus, protected as it was: a correction must not bring back what was taken out."""
        how = plan_of(corpus.protections)
        if how is None:
            return list(rows)
        work = protect.Protection(corpus, self.protector(how), Silent())
        return [work.row(row) for row in rows]

    def texts_like(self, corpus: Corpus, texts: Sequence[str]) -> list[str]:
        """The same for texts without a label."""
        how = plan_of(corpus.protections)
        if how is None:
            return list(texts)
        protector = self.protector(how)
        return [protector.text(text).text for text in texts]

    def told(self, texts: Sequence[str]) -> list[dict[str, int]] | None:
        """How often each kind of personal data stands in each text; None where the workspace does not look."""
        if self.workspace.settings.serving.personal_data == "off":
            return None
        return [dict(sorted(Counter(span.kind for span in spans(text)).items())) for text in texts]

    def k_anonymity(self, corpus_id: str, columns: Sequence[str], k: int = 5) -> Anonymity:
        """How small the groups are in which rows cannot be told apart by these columns. Columns: stages/anonymity.py."""
        demand_role(self.actor, PROTECTORS, "look for rows that stand alone")
        corpus = self.records.corpus(self.actor, corpus_id)
        rows = read_rows(self.artifacts.path(corpus.examples))
        return anonymity.k_anonymity(rows, columns, k, total=sum(corpus.splits.values()), progress=self.progress)

    def noted(self, note: str) -> str:
        """What a person writes beside an answer, as it may be stored here."""
        return self.protector().text(note).text if self.workspace.settings.serving.personal_data == "protect" else note

    def tagger(self, asked: str) -> Tagger:
        """The model of a run or of a release on a `tag` corpus, to look for personal data with.

        Raises:
            UnknownName: there is neither a run nor a release of this id.
            BadInput: its corpus is of another task, or it tags no personal data.
        """
        known = any(release.id == asked for release in self.records.releases(self.actor))
        run = self.records.run(self.actor, self.records.release(self.actor, asked).run_id if known else asked)
        corpus = self.records.corpus(self.actor, run.corpus_id)
        if corpus.task != "tag":
            raise BadInput(
                f"'{asked}' was trained for the task '{corpus.task}'.", "A tagger is trained on a corpus of the task tag."
            )
        return Tagger(self.subject(run), asked)

    def protector(
        self, how: Plan | None = None, key: bytes | None = None, vault: Pseudonyms | None = None, tagger: Tagger | None = None
    ) -> Protector:
        """What carries out a plan, with the workspace's own secret unless another is given."""
        how = how or plan()
        return Protector(how, key or (protection_key(self.workspace.state) if how.needs_key else None), vault, tagger)

    def encryption(self) -> Keys:
        """The keys of the workspace's encryption, opened."""
        return Keys.open(self.workspace.folder)

    def open_vault(self, token: str, why: str) -> OpenedValue:
        """The value that a pseudonym stands for; who opened it and why is in the ledger before it is seen."""
        return self.records.open_vault(self.actor, token, why, self.encryption)

    def forget_vault(self, persons: Sequence[str] = (), values: Sequence[str] = ()) -> int:
        """Deletes what pseudonyms stand for, by the person's pseudonym in the corpus or by the value; how many were deleted."""
        marks: list[str] = []
        if values:
            sealer = Sealer(self.encryption(), self.workspace.state)
            marks = [sealer.mark(kind, value) for value in values for kind in names("recognizers")]
        return self.records.forget_vault(self.actor, persons=persons, marks=marks)
