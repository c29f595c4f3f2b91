"""The record of processing activities and the impact assessment through the loop, made from what the workspace knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

from beside.cards import dossier, typeset
from beside.cards.details import key_figures
from beside.cards.impact import impact
from beside.cards.processing import Processing
from beside.cards.record import record
from beside.cards.words import LANGUAGES, Words
from beside.core.errors import Altered, UnknownName
from beside.core.registry import unknown
from beside.core.types import Corpus, content_id
from beside.part import Part
from beside.stages.committee import Standing
from beside.store.permission import ROLES, STEWARDS, demand_role
from beside.store.sealer import sealer_of

PAPERS = {"record": record, "impact": impact}


class Papers(Part):
    """Part of `Loop`: takes an admin or a privacy officer."""

    standing: Callable[[str], Standing]

    def paper(self, name: str, format: str = "md", language: str = "en") -> bytes:
        """The record of processing (GDPR Art. 30) or the impact assessment (Art. 35, PIPL Art. 55), as of now.

        Args:
            name: record or impact.

        Raises:
            UnknownName: no such document, format or language, or no font of this machine can print it as PDF.
        """
        demand_role(self.actor, STEWARDS, "have documents of the processing made")
        for given, allowed, what in (
            (name, tuple(PAPERS), "document"),
            (format, dossier.FORMATS, "format"),
            (language, LANGUAGES, "language"),
        ):
            if given not in allowed:
                raise unknown(what, given, list(allowed))
        document = PAPERS[name](self.processing(name), Words(language))
        if format != "pdf":
            return dossier.printed(document, f"{name}.{{language}}", up="")[f"{name}.{language}.{format}"]
        made = typeset.pdf(document)
        if made is None:
            raise UnknownName(f"No font here can print '{name}.{language}.pdf'.", typeset.HOW)
        return made

    def processing(self, name: str = "record") -> Processing:
        """What is known of the processing. `name`: of the document that it is for."""
        demand_role(self.actor, STEWARDS, "have documents of the processing made")
        settings, now = self.workspace.settings, self.clock()
        gone = self.records.tombstones(self.actor)
        corpora = [one for one in self.records.corpora(self.actor) if one.id not in gone]
        findings = self.records.findings(self.actor)
        runs = [run for run in self.records.runs(self.actor) if run.id not in gone]
        rows, trusted = self.chain()
        return Processing(
            id=content_id(name, [self.workspace.folder.name, now.isoformat()]),
            workspace=self.workspace.folder.name,
            purpose=settings.purpose,
            at=now,
            by=self.actor.name,
            statements=self.records.statements(self.actor),
            corpora=corpora,
            persons={corpus.id: self.people_in(corpus) for corpus in corpora},
            runs=runs,
            releases=[(one, self.standing(one.id).state) for one in self.records.releases(self.actor)],
            findings={run.id: [one for one in findings if one.run_id == run.id] for run in runs},
            erasures=self.records.erasures(self.actor),
            roles=self.roles_held(),
            vault=Counter(one.kind for one in self.records.vault(self.actor)),
            kept=self.records.kept(self.actor),
            retention=settings.retention,
            exports=self.records.exports(self.actor),
            federations=self.records.federations(self.actor),
            encrypted=sealer_of(self.workspace.folder).keys() is not None,
            tls=settings.tls is not None,
            provider=settings.oidc.issuer if settings.oidc else "",
            database=place_of(settings.database),
            serving=settings.serving.personal_data,
            ledger=rows,
            trusted=trusted,
        )

    def people_in(self, corpus: Corpus) -> int | None:
        """How many people the rows of a corpus are from, where its import told them apart."""
        if corpus.report is None:
            return None
        with suppress(UnknownName, Altered):
            return key_figures(self.artifacts.read_json(corpus.report)).get("persons")
        return None

    def roles_held(self) -> dict[str, int]:
        """Role -> how many open accounts have it, in the order of the roles; those that nobody has are left out."""
        held = Counter(role for one in self.workspace.people.accounts(self.actor) if one.disabled_at is None for role in one.roles)
        return {role: held[role] for role in ROLES if held[role]}

    def chain(self) -> tuple[int, bool]:
        """How many entries the ledger has, and whether its chain is whole up to its signed end."""
        try:
            chain = self.workspace.check_ledger()
        except Altered:
            return len(self.records.ledger(self.actor, limit=10**9)), False
        return chain.rows, chain.trusted


def place_of(database: str | None) -> str:
    """Where the records lie, without the password that the address may hold."""
    if database is None:
        return ""
    return urlsplit(database).hostname or "?"
