"""Facts of the processing -> the record of processing activities (GDPR Art. 30 (1), points a to g)."""

from __future__ import annotations

from beside.cards import processing
from beside.cards.blocks import Block, Document, Text
from beside.cards.processing import Processing, say, written
from beside.cards.words import Words


def record(facts: Processing, words: Words) -> Document:
    """The record in one language."""
    return processing.edition("record", PARTS, facts, words)


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


PARTS: tuple[processing.Part, ...] = (
    ("a", "controller", controller),
    ("b", "purposes", purposes),
    ("c", "people", people),
    ("d", "recipients", recipients),
    ("e", "transfers", transfers),
    ("f", "limits", limits),
    ("g", "security", security),
)
