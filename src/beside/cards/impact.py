"""Facts of the processing -> the impact assessment: GDPR Art. 35 (7), PIPL Art. 55 and 56.

The system tells what it knows; whether the processing is necessary and its risks are borne is a person's to write. What nobody
wrote and nothing measured is said to be missing.
"""

from __future__ import annotations

from beside.cards import processing
from beside.cards.blocks import Block, Document, Table, Text
from beside.cards.numbers import count, interval, number
from beside.cards.processing import Processing, say, written
from beside.cards.words import Words
from beside.core import naming

SENSITIVE = ("resident_id", "passport", "permit", "bank_card", "iban", "ssn", "birth_date")  # kinds near to what PIPL Art. 28 names


def impact(facts: Processing, words: Words) -> Document:
    """The assessment in one language."""
    return processing.edition("impact", PARTS, facts, words)


def screening(facts: Processing, words: Words) -> list[Block]:
    """What makes an assessment a duty, and what the system knows of each."""
    taken = {one.partition("=")[0] for corpus in facts.corpora for one in corpus.protections}
    kinds = [kind for kind in SENSITIVE if kind in taken]
    named = ", ".join(words.name("personal", kind) for kind in kinds)
    people = [facts.persons.get(corpus.id) for corpus in facts.corpora]
    known = [one for one in people if one is not None]
    rows = [
        ["sensitive", say(words, "sensitive_found", kinds=named) if kinds else words("unknown")],
        ["automated", say(words, "automated_told", n=sum(state == "approved" for _, state in facts.releases))],
        ["scale", say(words, "scale_told", n=count(max(known))) if known else words("unknown")],
        ["others", say(words, "others_told", n=len(facts.exports), sites=len(facts.federations))],
        ["abroad", words("unknown")],
    ]
    return [
        Table(columns=[say(words, "trigger"), say(words, "known")], rows=[[say(words, name), told] for name, told in rows]),
        Text(text=say(words, "screening_end"), muted=True),
    ]


def description(facts: Processing, words: Words) -> list[Block]:
    return [
        *written(facts, words, "intended_purpose", "data_motivation", "inputs", "data_distribution"),
        processing.purposes(facts, words),
        processing.holdings(facts, words),
        processing.models(facts, words),
    ]


def necessity(facts: Processing, words: Words) -> list[Block]:
    return [
        *written(facts, words, "necessity", "legal_basis", "retention"),
        processing.periods(facts, words),
        Text(text=say(words, "rights_told", n=len(facts.erasures))),
    ]


def risks(facts: Processing, words: Words) -> list[Block]:
    return [
        *written(facts, words, "affected", "risks", "foreseeable_misuse"),
        measured(facts, words),
        Text(text=say(words, "risks_end"), muted=True),
    ]


def measured(facts: Processing, words: Words) -> Block:
    """What audits measured that tells of risks to people: privacy and fairness, each with its interval and n; what none did."""
    rows = []
    for release, _ in facts.releases:
        found = [one for one in facts.findings.get(release.run_id, ()) if one.check.split("/")[0] in ("privacy", "fairness")]
        for one in found:
            ends = interval(one.low, one.high, words("no_interval"))
            value = say(words, "finding", value=number(one.value), interval=ends, n=count(one.n))
            verdict = words.name("verdicts", one.verdict)
            rows.append([release.id, naming.metric(one.metric, words.language), value, verdict])
        for aspect in ("privacy", "fairness"):
            if not any(one.check.startswith(f"{aspect}/") for one in found):
                rows.append([release.id, words.name("aspects", aspect), words("not_measured"), "–"])
    return processing.table(words, ("release", "what", "value", "verdict"), rows, "no_releases", codes=(0,))


def safeguards(facts: Processing, words: Words) -> list[Block]:
    return [processing.measures(facts, words), *written(facts, words, "cybersecurity", "oversight", "monitoring_plan")]


def conclusion(facts: Processing, words: Words) -> list[Block]:
    return [*written(facts, words, "impact_assessment"), Text(text=say(words, "keep_three_years"), muted=True)]


PARTS: tuple[processing.Part, ...] = (
    ("0", "screening", screening),
    ("a", "description", description),
    ("b", "necessity", necessity),
    ("c", "risks", risks),
    ("d", "safeguards", safeguards),
    ("e", "conclusion", conclusion),
)
