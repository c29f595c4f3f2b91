"""Facts of the processing -> the record of processing activities (GDPR Art. 30 (1), points a to g)."""

from __future__ import annotations

from collections.abc import Callable

from beside.cards import processing
from beside.cards.blocks import Block, Document, Pair, Section, Text
from beside.cards.papers import paper
from beside.cards.processing import Processing, say, written
from beside.cards.words import Words


def record(facts: Processing, words: Words) -> Document:
    """The record in one language."""
    date = facts.at.date().isoformat()
    sections = [
        Section(mark=mark, title=say(words, f"record_{name}"), notes=[say(words, f"record_{name}_note")], blocks=make(facts, words))
        for mark, name, make in PARTS
    ]
    lead = say(words, "record_lead", workspace=facts.workspace)
    title, label = say(words, "record_title"), say(words, "record")
    return paper("record", words, title, lead, facts.id, date, identity(facts, words), sections, label)


def identity(facts: Processing, words: Words) -> list[Pair]:
    """What this edition is of, and who had it made when."""
    return [
        Pair(name=say(words, "number"), value=facts.id),
        Pair(name=say(words, "workspace"), value=facts.workspace),
        Pair(name=say(words, "stated_purpose"), value=facts.purpose or say(words, "not_stated")),
        Pair(name=say(words, "made"), value=f"{facts.at:%Y-%m-%d %H:%M} UTC"),
        Pair(name=say(words, "made_by"), value=facts.by),
    ]


def controller(facts: Processing, words: Words) -> list[Block]:
    return [*written(facts, words, "responsible", "contact")]


def purposes(facts: Processing, words: Words) -> list[Block]:
    return [
        *written(facts, words, "intended_purpose", "legal_basis"),
        processing.purposes(facts, words),
        processing.models(facts, words),
    ]


def people(facts: Processing, words: Words) -> list[Block]:
    return [
        *written(facts, words, "affected", "data_composition", "data_collection"),
        processing.holdings(facts, words),
        processing.stored(facts, words),
    ]


def recipients(facts: Processing, words: Words) -> list[Block]:
    return [
        *written(facts, words, "data_distribution"),
        processing.insiders(facts, words),
        processing.copies(facts, words),
    ]


def transfers(facts: Processing, words: Words) -> list[Block]:
    sent = say(words, "federations", names=", ".join(facts.federations)) if facts.federations else say(words, "no_federations")
    lines = [say(words, "no_connection"), f"{say(words, 'records')}{words('colon')}{processing.records_in(facts, words)}", sent]
    return [*(Text(text=line) for line in lines), Text(text=say(words, "transfers_unknown"), muted=True)]


def limits(facts: Processing, words: Words) -> list[Block]:
    backups = "; ".join(facts.retention.backups) or say(words, "no_backups")
    return [
        *written(facts, words, "retention"),
        processing.periods(facts, words),
        Text(text=say(words, f"trained_{facts.retention.trained}")),
        Text(text=say(words, "backups", told=backups)),
    ]


def security(facts: Processing, words: Words) -> list[Block]:
    return [processing.measures(facts, words), *written(facts, words, "cybersecurity", "oversight")]


Part = tuple[str, str, Callable[[Processing, Words], list[Block]]]
PARTS: tuple[Part, ...] = (
    ("a", "controller", controller),
    ("b", "purposes", purposes),
    ("c", "people", people),
    ("d", "recipients", recipients),
    ("e", "transfers", transfers),
    ("f", "limits", limits),
    ("g", "security", security),
)
