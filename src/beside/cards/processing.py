"""What the system knows of the processing of personal data, and the tables that record and impact assessment share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from beside.cards import promise
from beside.cards.blocks import Block, Document, Pair, Pairs, Section, Table, Text, Written
from beside.cards.numbers import count, interval, number
from beside.cards.papers import paper
from beside.cards.parts import answered
from beside.cards.words import Words
from beside.core.erasure import Erasure
from beside.core.retention import KINDS, Retention
from beside.core.statements import Statement, answer
from beside.core.types import Corpus, Finding, Release, Run
from beside.store.exports import Export


@dataclass(frozen=True, kw_only=True)
class Processing:
    """What the records and the settings of a workspace say; None or an empty string = the system does not know."""

    id: str
    workspace: str
    purpose: str
    at: datetime
    by: str
    statements: Sequence[Statement]
    corpora: Sequence[Corpus]  # whose rows are here
    persons: Mapping[str, int | None]  # corpus -> how many people its rows are from
    runs: Sequence[Run]  # that were not retired
    releases: Sequence[tuple[Release, str]]  # with their states now
    findings: Mapping[str, Sequence[Finding]]  # of each run
    erasures: Sequence[Erasure]
    roles: Mapping[str, int]  # role -> how many open accounts have it
    vault: Mapping[str, int]  # kind -> values that pseudonyms stand for
    kept: Mapping[str, int]  # "prediction", "answer", "attacked row", "judgement" -> how many
    retention: Retention
    exports: Sequence[Export]
    federations: Sequence[str]  # that updates were sent to
    encrypted: bool
    tls: bool
    provider: str  # address of the identity provider
    database: str  # host of the PostgreSQL database that the records lie in; empty = they lie in the workspace's folder
    serving: str  # what is done with personal data in questions: off, tell, protect
    ledger: int  # entries
    trusted: bool  # whether the chain of the ledger holds to its signed end


Part = tuple[str, str, Callable[[Processing, Words], list[Block]]]  # letter, name and what makes it, of one part of a document


def edition(name: str, parts: Sequence[Part], facts: Processing, words: Words) -> Document:
    """A document of the processing in one language. `name`: record or impact."""
    sections = [
        Section(mark=mark, title=say(words, f"{name}_{part}"), notes=[say(words, f"{name}_{part}_note")], blocks=make(facts, words))
        for mark, part, make in parts
    ]
    lead, date = say(words, f"{name}_lead", workspace=facts.workspace), facts.at.date().isoformat()
    return paper(name, words, say(words, f"{name}_title"), lead, facts.id, date, identity(facts, words), sections, say(words, name))


def identity(facts: Processing, words: Words) -> list[Pair]:
    """What this edition is of, and who had it made when."""
    return [
        Pair(name=say(words, "number"), value=facts.id),
        Pair(name=say(words, "workspace"), value=facts.workspace),
        Pair(name=say(words, "stated_purpose"), value=facts.purpose or say(words, "not_stated")),
        Pair(name=say(words, "made"), value=f"{facts.at:%Y-%m-%d %H:%M} UTC"),
        Pair(name=say(words, "made_by"), value=facts.by),
    ]


def say(words: Words, key: str, **values: Any) -> str:
    """A sentence of these documents."""
    return words.of("processing", key, **values)


def written(facts: Processing, words: Words, *keys: str) -> list[Written]:
    """What people wrote on these questions, or that nobody did."""
    return [answered(key, answer(facts.statements, key, words.language), words) for key in keys]


def table(words: Words, columns: Sequence[str], rows: Sequence[Sequence[str]], none: str, **how: Any) -> Block:
    """A table under columns by their keys; the sentence `none` when there is no row."""
    if not rows:
        return Text(text=say(words, none))
    return Table(columns=[say(words, name) for name in columns], rows=rows, **how)


def purposes(facts: Processing, words: Words) -> Block:
    """For what the text of each corpus may be used."""
    rows = [
        [
            f"{corpus.name} · {corpus.id}",
            corpus.purpose or say(words, "not_stated"),
            words.name("legal_bases", corpus.legal_basis) if corpus.legal_basis else say(words, "not_stated"),
        ]
        for corpus in facts.corpora
    ]
    return table(words, ("corpus", "purpose", "legal_basis"), rows, "no_corpora")


def holdings(facts: Processing, words: Words) -> Block:
    """How much text of how many people each corpus holds, and what was taken out of it."""
    rows = [
        [
            f"{corpus.name} · {corpus.id}",
            count(sum(corpus.splits.values())),
            words("unknown") if facts.persons.get(corpus.id) is None else count(int(facts.persons[corpus.id] or 0)),
            ", ".join(words.name("personal", one.partition("=")[0]) for one in corpus.protections) or words("no_protections"),
            corpus.made_at.date().isoformat(),
        ]
        for corpus in facts.corpora
    ]
    return table(words, ("corpus", "rows", "people", "taken_out", "taken_in"), rows, "no_corpora", ends=(1, 2))


def stored(facts: Processing, words: Words) -> Pairs:
    """What else is kept of people."""
    values = ", ".join(f"{count(n)} {words.name('personal', kind)}" for kind, n in sorted(facts.vault.items()))
    return Pairs(
        rows=[
            Pair(name=say(words, "questions"), value=count(facts.kept.get("prediction", 0))),
            Pair(name=say(words, "answers"), value=count(facts.kept.get("answer", 0))),
            Pair(name=say(words, "attacked"), value=count(facts.kept.get("attacked row", 0))),
            Pair(name=say(words, "judgements"), value=count(facts.kept.get("judgement", 0))),
            Pair(name=say(words, "vault"), value=values or say(words, "none")),
        ]
    )


def insiders(facts: Processing, words: Words) -> Block:
    """Who inside may see what: roles, and how many accounts have them."""
    rows = [[words.name("roles", role), count(n), say(words, f"may_{role}")] for role, n in facts.roles.items()]
    return table(words, ("role", "accounts", "may"), rows, "no_accounts", ends=(1,))


def copies(facts: Processing, words: Words) -> Block:
    """The releases that left the workspace; a model may hold what it was trained on."""
    rows = [[one.release, one.file, one.who, one.at.date().isoformat()] for one in facts.exports]
    return table(words, ("release", "file", "who", "date"), rows, "no_exports", codes=(0,))


def periods(facts: Processing, words: Words) -> Table:
    """How long each kind of thing is kept."""
    days = {kind: facts.retention.days(kind) for kind in KINDS}
    told = [[say(words, f"kind_{kind}"), say(words, "days", n=n) if n else say(words, "for_ever")] for kind, n in days.items()]
    return Table(columns=[say(words, "kind"), say(words, "period")], rows=told)


def measures(facts: Processing, words: Words) -> Pairs:
    """Technical and organisational measures, as far as the system knows them."""
    chain = say(words, "ledger_whole" if facts.trusted else "ledger_broken", n=count(facts.ledger))
    protected = sum(bool(corpus.protections) for corpus in facts.corpora)
    private = sum(bool(run.spent) for run in facts.runs)
    rows = [
        ("at_rest", say(words, "encrypted" if facts.encrypted else "not_encrypted")),
        ("in_transit", say(words, "tls" if facts.tls else "no_tls")),
        ("sign_in", say(words, "provider", address=facts.provider) if facts.provider else say(words, "own_accounts")),
        ("records", records_in(facts, words)),
        ("protection", say(words, "protected_corpora", n=protected, all=len(facts.corpora))),
        ("asked", say(words, f"serving_{facts.serving}")),
        ("private", say(words, "private_runs", n=private, all=len(facts.runs))),
        ("gate", say(words, "gate_told")),
        ("ledger", chain),
        ("erasures", say(words, "erasures_told", n=len(facts.erasures), left=sum(not one.complete for one in facts.erasures))),
    ]
    return Pairs(rows=[Pair(name=say(words, name), value=value) for name, value in rows])


def records_in(facts: Processing, words: Words) -> str:
    """Where the records lie."""
    return say(words, "records_elsewhere", host=facts.database) if facts.database else say(words, "records_here")


def models(facts: Processing, words: Words) -> Block:
    """The releases with what was promised of their privacy and what an attack measured."""
    runs = {run.id: run for run in facts.runs}
    rows = []
    for release, state in facts.releases:
        run = runs.get(release.run_id)
        found = next((one for one in facts.findings.get(release.run_id, ()) if one.metric == promise.ATTACK), None)
        leaked = words("not_measured")
        if found is not None:
            ends = interval(found.low, found.high, words("no_interval"))
            leaked = say(words, "leaked", value=number(found.value), interval=ends, n=count(found.n))
        promised = promise.spent(run.spent, words) if run else say(words, "retired")
        rows.append([release.id, words.name("states", state), promised, leaked])
    return table(words, ("release", "state", "promised", "measured"), rows, "no_releases", codes=(0,))
