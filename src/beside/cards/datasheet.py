"""Facts -> the datasheet of the corpus, in the order of Gebru et al. 2021, "Datasheets for Datasets"."""

from __future__ import annotations

from typing import Any

from beside.cards import parts
from beside.cards.blocks import Block, Document, Heading, Pair, Pairs, Section, Text
from beside.cards.details import figures, key_figures
from beside.cards.facts import Facts
from beside.cards.numbers import count
from beside.cards.words import Words


def datasheet(facts: Facts, words: Words) -> Document:
    """The datasheet in one language."""
    corpus = facts.corpus
    sizes = {"rows": count(sum(corpus.splits.values())), "labels": count(len(corpus.labels))}
    return parts.document(
        "datasheet",
        facts,
        words,
        title=corpus.name,
        lead=say(words, "lead", corpus=corpus.name, **sizes),
        identity=parts.identity(facts, words),
        sections=[section(number, name, facts, words) for number, name in enumerate(BLOCKS, 1)],
    )


def say(words: Words, key: str, **values: Any) -> str:
    """A sentence of the datasheet."""
    return words.of("datasheet", key, **values)


def section(number: int, name: str, facts: Facts, words: Words) -> Section:
    """One of the seven parts."""
    return Section(mark=str(number), title=say(words, name), notes=[say(words, f"{name}_note")], blocks=BLOCKS[name](facts, words))


def motivation(facts: Facts, words: Words) -> list[Block]:
    return parts.written(facts, words, "data_motivation")


def composition(facts: Facts, words: Words) -> list[Block]:
    languages = figures(facts.report, words)[-1:] or [(words("languages"), words("unknown"))]
    return [
        *parts.written(facts, words, "data_composition"),
        Heading(text=say(words, "rows_labels")),
        parts.rows_per_label(facts, words),
        parts.pairs([*languages, (say(words, "person_column"), persons(facts, words))], facts.corpus.id),
    ]


def persons(facts: Facts, words: Words) -> str:
    """How many people the rows are from, where a column told them apart."""
    found = key_figures(facts.report).get("persons")
    return words("unknown") if found is None else count(found)


def collection(facts: Facts, words: Words) -> list[Block]:
    corpus = facts.corpus
    rows = [
        Pair(name=say(words, "taken_in"), value=corpus.made_at.date().isoformat(), source=corpus.id),
        Pair(name=say(words, "from"), value=corpus.parent or say(words, "from_import"), source=corpus.id),
    ]
    return [*parts.written(facts, words, "data_collection", "legal_basis", "necessity", "impact_assessment"), Pairs(rows=rows)]


def preprocessing(facts: Facts, words: Words) -> list[Block]:
    return [
        Heading(text=words("intake")),
        parts.intake(facts, words),
        Heading(text=words("protections")),
        Text(text=parts.protections(facts, words), source=facts.corpus.id),
        *parts.written(facts, words, "data_labelling"),
        Text(text=say(words, "raw_kept"), muted=True),
    ]


def uses(facts: Facts, words: Words) -> list[Block]:
    used = say(words, "used_for_value", task=words.name("tasks", facts.corpus.task), run=facts.run.id)
    rows = [Pair(name=say(words, "used_for"), value=used, source=facts.run.id)]
    return [Pairs(rows=rows), parts.test_uses(facts, words), *parts.written(facts, words, "data_uses")]


def distribution(facts: Facts, words: Words) -> list[Block]:
    return [Text(text=say(words, "in_bundle")), *parts.written(facts, words, "data_distribution")]


def maintenance(facts: Facts, words: Words) -> list[Block]:
    return [
        *parts.written(facts, words, "data_maintenance", "retention", "contact"),
        Text(text=say(words, "versions"), muted=True),
    ]


BLOCKS = {
    "motivation": motivation,
    "composition": composition,
    "collection": collection,
    "preprocessing": preprocessing,
    "uses": uses,
    "distribution": distribution,
    "maintenance": maintenance,
}
