"""Facts -> the model card: what it is, what was found, what nobody measured, how it came about, how to check it."""

from __future__ import annotations

from beside.cards import parts
from beside.cards.blocks import Block, Code, Document, Heading, Pair, Section, Text
from beside.cards.facts import Facts
from beside.cards.findings import audited, headlines, tally
from beside.cards.header import header
from beside.cards.numbers import count
from beside.cards.words import Words
from beside.core.types import FEWEST_ROWS

PEOPLE = ("intended_purpose", "foreseeable_misuse", "affected", "oversight", "inputs", "responsible", "contact")
COMMANDS = """jq -r '.files | to_entries[] | "\\(.value)  \\(.key)"' manifest.json | sha256sum --check --quiet
sha256sum manifest.json"""


def card(facts: Facts, words: Words) -> Document:
    """The model card in one language."""
    return parts.document(
        "card",
        facts,
        words,
        title=facts.corpus.name,
        lead=lead(facts, words),
        identity=identity(facts, words),
        heads=headlines(facts, words),
        tally=tally(facts, words),
        tally_title=words("tally", n=len(facts.policy.limits)),
        tally_note=words("test_uses") + words("colon") + words("test_uses_value", n=facts.test_uses),
        yaml=header(facts),
        sections=[*evidence(facts, words), *origin(facts, words)],
    )


def lead(facts: Facts, words: Words) -> str:
    """The first sentence: what this model is."""
    recipe, corpus = facts.run.recipe, facts.corpus
    sizes = {"labels": count(len(corpus.labels)), "rows": count(corpus.splits.get("train", 0))}
    return words("lead", task=words.name("tasks", corpus.task), base=recipe.base, method=recipe.method, **sizes)


def identity(facts: Facts, words: Words) -> list[Pair]:
    """Names and days by which this release can be found again."""
    run, corpus = facts.run, facts.corpus
    return [
        *parts.identity(facts, words),
        *([Pair(name=words("parent_corpus"), value=corpus.parent, source=corpus.id)] if corpus.parent else []),
        Pair(name=words("trained_on"), value=run.made_at.date().isoformat(), source=run.id),
        Pair(name=words("audited_on"), value=audited(facts.findings) or words("not_measured")),
        Pair(name=words("purpose"), value=words.sentence(facts.policy.purpose) or words("purpose_unknown")),
        Pair(name=words("license"), value=words("license_unknown")),
    ]


def evidence(facts: Facts, words: Words) -> list[Section]:
    """What was found, what was not, what people say of it."""
    by_label = parts.labels(facts, words)
    met = words("tally_note", fewest=FEWEST_ROWS)
    sections = [
        Section(
            title=words("found"),
            notes=[words("found_note"), met],
            blocks=[*parts.judged(facts, words), parts.test_uses(facts, words)],
            wide=True,
        ),
        Section(title=words("unmeasured"), notes=[words("unmeasured_note")], blocks=parts.unknowns(facts, words)),
        Section(
            title=words.of("document", "by_people"),
            notes=[words.of("document", "by_people_note")],
            blocks=parts.written(facts, words, *PEOPLE),
        ),
        Section(title=words("pictures"), notes=[words("pictures_note")], blocks=parts.drawn(facts, words), wide=True),
    ]
    if by_label:
        sections.append(Section(title=words("by_label"), notes=[words("by_label_note")], blocks=by_label, wide=True))
    return sections


def origin(facts: Facts, words: Words) -> list[Section]:
    """How the model came about, who decides, how to check all this."""
    intake: list[Block] = [
        parts.rows_per_label(facts, words),
        Heading(text=words("intake")),
        parts.intake(facts, words),
        Heading(text=words("protections")),
        Text(text=parts.protections(facts, words)),
    ]
    training: list[Block] = [
        parts.trained(facts, words),
        Heading(text=words("recipe")),
        parts.recipe(facts, words),
        Heading(text=words("versions")),
        Text(text=parts.versions(facts, words)),
    ]
    return [
        Section(title=words("data"), notes=[words("data_note")], blocks=intake),
        Section(title=words("training"), blocks=training),
        Section(title=words("review"), notes=[words("review_note")], blocks=[parts.decided(facts, words)]),
        Section(title=words("verify"), blocks=verifying(facts, words)),
    ]


def verifying(facts: Facts, words: Words) -> list[Block]:
    """How anybody checks the bundle, with Beside and without."""
    return [
        Text(text=words("verify_1")),
        Code(text=f"beside verify {facts.release_id}/"),
        Text(text=words("verify_2")),
        Code(text=COMMANDS),
        Text(text=words("verify_3")),
        Text(text=words("verify_4", n=facts.truth_texts, limit=f"{facts.truth_limit:g}")),
        Text(text=words("verify_5")),
    ]
