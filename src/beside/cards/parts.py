"""Parts that several documents share: what people wrote, the findings, what is unknown, the sources with their hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from beside.cards.blocks import Block, Document, Figures, Judged, Pair, Pairs, Section, Table, Text, Written
from beside.cards.details import deciding, figures, knobs, label_rows, split_sums, training
from beside.cards.facts import Facts
from beside.cards.findings import groups, unmeasured
from beside.cards.labels import by_label
from beside.cards.numbers import interval, number
from beside.cards.pictures import pictures
from beside.cards.words import LANGUAGES, Words
from beside.core.questions import QUESTIONS
from beside.core.statements import Statement, answer
from beside.core.types import SPLITS, content_id

ASKED = {question.key: question for question in QUESTIONS}
Row = tuple[str, str, str]  # id, what it is, hash


def document(name: str, facts: Facts, words: Words, *, title: str, lead: str, sections: Sequence[Section], **more: Any) -> Document:
    """A document with all that every document has: names, date, sources at the end."""
    other = Words(LANGUAGES[1 - LANGUAGES.index(words.language)])
    pages = {"n": "{n}", "all": "{all}"}  # filled in by whatever counts the pages
    return Document(
        name=name,
        language=words.language,
        tag=words("tag"),
        label=words.of("document", name),
        title=title,
        lead=lead,
        release=facts.release_id,
        date=facts.date,
        dated=words.of("document", "dated", date=facts.date),
        colon=Markup(words("colon")),  # keeps its space
        limit=words("limit"),
        contents=words.of("document", "contents"),
        page=words.of("document", "page", **pages),
        other=words("other"),
        other_tag=other("tag"),
        sections=[*sections, sources(facts, words)],
        **more,
    )


def pairs(rows: Sequence[tuple[str, str]], source: str = "") -> Pairs:
    """Names and values that were all read from one record."""
    return Pairs(rows=[Pair(name=name, value=value, source=source) for name, value in rows])


def identity(facts: Facts, words: Words) -> list[Pair]:
    """Names by which a release and what it is made of can be found again."""
    run, corpus = facts.run, facts.corpus
    return [
        Pair(name=words("release"), value=facts.release_id, source=facts.release_id),
        Pair(name=words("run"), value=run.id, source=run.id),
        Pair(name=words("corpus"), value=f"{corpus.name} · {corpus.id}", source=corpus.id),
    ]


def written(facts: Facts, words: Words, *keys: str) -> list[Block]:
    """What people wrote on these questions, or that nobody did."""
    return [answered(key, answer(facts.statements, key, words.language), words) for key in keys]


def answered(key: str, one: Statement | None, words: Words) -> Written:
    """One question with its answer."""
    signed = ""
    if one is not None:
        signed = words.of("document", "signed", who=one.who, date=one.at.date().isoformat())
        if one.language != words.language:
            signed += " · " + words.of("document", "in_other", language=words.of("document", one.language))
    return Written(
        key=key,
        question=ASKED[key].asked(words.language),
        text=one.text if one else "",
        signed=signed,
        none=words.of("document", "not_written"),
        source=id_of(one) if one else "",
    )


def id_of(one: Statement) -> str:
    """The id of a statement, as the records have it."""
    return content_id("statement", one.model_dump(mode="json"))


def judged(facts: Facts, words: Words) -> list[Block]:
    """The table of findings; that there is none when nothing was measured."""
    found = groups(facts, words)
    if not found:
        return [Text(text=words("no_findings"))]
    heads = ("finding", "value", "interval", "n", "against", "limit", "verdict", "unit")
    columns = [*map(words, heads), words.of("document", "record")]
    return [Judged(columns=columns, groups=found, why=words("why_limit"))]


def test_uses(facts: Facts, words: Words) -> Text:
    """How often the test rows were looked at, and what that does to the numbers."""
    told = words("test_uses") + words("colon") + words("test_uses_value", n=facts.test_uses)
    return Text(text=told + words("stop") + words("test_uses_note"), source=facts.corpus.id, muted=True)


def unknowns(facts: Facts, words: Words) -> list[Block]:
    """What nobody measured, and why."""
    rows = [list(pair) for pair in unmeasured(facts, words)]
    return [Table(columns=[words("aspect"), words("why")], rows=rows), Text(text=words("unmeasured_end"))]


def drawn(facts: Facts, words: Words) -> list[Block]:
    """Every picture; that there is none when there is nothing to draw."""
    made = pictures(facts, words)
    return [Figures(pictures=made)] if made else [Text(text=words("no_pictures"))]


def labels(facts: Facts, words: Words) -> list[Block]:
    """How each label fares; nothing when no check left such a table."""
    table = by_label(facts, words)
    if table is None:
        return []
    columns = [words("label"), *table.columns]
    return [Table(columns=columns, rows=[[label, *cells] for label, cells in table.rows], ends=range(1, len(columns)))]


def rows_per_label(facts: Facts, words: Words) -> Table:
    """Rows of each label in each split."""
    columns = [words("label"), *(words(split) for split in SPLITS), words("total")]
    rows = [[label, *cells] for label, cells in label_rows(facts)]
    return Table(columns=columns, rows=rows, foot=[words("rows"), *split_sums(facts)], ends=range(1, len(columns)))


def intake(facts: Facts, words: Words) -> Block:
    """What taking the text in found."""
    found = figures(facts.report, words)
    return pairs(found, facts.corpus.id) if found else Text(text=words("no_intake"))


def protections(facts: Facts, words: Words) -> str:
    """What was replaced in the text."""
    return ", ".join(facts.corpus.protections) or words("no_protections")


def recipe(facts: Facts, words: Words) -> Table:
    """Every knob as it was trained."""
    rows = [[knob.name, f"{knob.value} {knob.unit}".strip(), knob.reason] for knob in knobs(facts.run.recipe, words)]
    return Table(columns=[words("knob"), words("value"), words("reason")], rows=rows, codes=[0])


def trained(facts: Facts, words: Words) -> Pairs:
    """What was trained, from what, for how long."""
    return pairs(training(facts, words), facts.run.id)


def versions(facts: Facts, words: Words) -> str:
    """Versions of the software that trained it."""
    return " · ".join(f"{name} {version}" for name, version in sorted(facts.run.versions.items())) or words("unknown")


def decided(facts: Facts, words: Words) -> Pairs:
    """What the policy asks of people."""
    return pairs(deciding(facts, words), f"policy-{facts.policy.name}")


def sources(facts: Facts, words: Words) -> Section:
    """Every record that a figure was read from, with the hash of its bytes."""
    rows = [*of_things(facts, words), *of_findings(facts, words), *of_statements(facts, words)]
    columns = [words.of("document", name) for name in ("record", "what", "sha256")]
    table = Table(columns=columns, rows=rows, anchors=[row[0] for row in rows], codes=[0, 2])
    title, note = words.of("document", "sources"), words.of("document", "sources_note")
    return Section(title=title, notes=[note], blocks=[table], wide=True)


def of_things(facts: Facts, words: Words) -> list[Row]:
    """Release, run, corpus, report and policy."""
    say, run, corpus = (lambda key, **values: words.of("document", key, **values)), facts.run, facts.corpus
    return [
        (facts.release_id, say("release_is"), "–"),
        (run.id, say("run_is", date=run.made_at.date().isoformat()), run.model),
        (corpus.id, say("corpus_is", name=corpus.name, date=corpus.made_at.date().isoformat()), corpus.examples),
        (f"report-of-{corpus.id}", say("report_is"), corpus.report or say("no_report")),
        (f"policy-{facts.policy.name}", say("policy_is", name=facts.policy.name), say("in_manifest")),
    ]


def of_findings(facts: Facts, words: Words) -> list[Row]:
    """Each finding, in the order of measuring."""
    rows = {}
    for one in facts.findings:
        told = words.of(
            "document",
            "finding_is",
            check=one.check,
            metric=words.name("metrics", one.metric),
            value=number(one.value),
            interval=interval(one.low, one.high, words("no_interval")),
            n=one.n,
            date=one.made_at.date().isoformat(),
        )
        rows[one.id] = (one.id, told, one.evidence or words.of("document", "no_evidence"))
    return list(rows.values())


def of_statements(facts: Facts, words: Words) -> list[Row]:
    """Each statement."""
    rows = []
    for one in facts.statements:
        date, question = one.at.date().isoformat(), ASKED[one.key].asked(words.language)
        told = words.of("document", "statement_is", question=question, who=one.who, date=date)
        rows.append((id_of(one), told, hashlib.sha256(one.text.encode()).hexdigest()))
    return rows
