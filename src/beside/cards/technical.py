"""Facts -> the technical file, in the order of Annex IV of Regulation (EU) 2024/1689, sections 1 to 9."""

from __future__ import annotations

from typing import Any

from beside.cards import parts
from beside.cards.blocks import Block, Document, Heading, Pair, Pairs, Section, Table, Text
from beside.cards.details import told
from beside.cards.facts import Facts
from beside.cards.findings import groups
from beside.cards.numbers import count
from beside.cards.words import Words
from beside.core import naming
from beside.core.pretraining import is_own


def technical(facts: Facts, words: Words) -> Document:
    """The technical file in one language."""
    corpus = facts.corpus
    made = {
        "1": general(facts, words),
        "2": process(facts, words),
        "3": control(facts, words),
        "4": metrics(facts, words),
        "5": parts.written(facts, words, "risks", "impact_assessment"),
        "6": changes(facts, words),
        "7": parts.written(facts, words, "standards"),
        "8": parts.written(facts, words, "declaration"),
        "9": [*parts.written(facts, words, "monitoring_plan", "contact"), Text(text=say(words, "feedback"), muted=True)],
    }
    return parts.document(
        "technical-file",
        facts,
        words,
        title=corpus.name,
        lead=say(words, "lead", task=words.name("tasks", corpus.task), corpus=corpus.name),
        identity=parts.identity(facts, words),
        sections=[*(section(mark, blocks, words) for mark, blocks in made.items()), china(words)],
    )


def say(words: Words, key: str, **values: Any) -> str:
    """A sentence of the technical file."""
    return words.of("technical", key, **values)


def section(mark: str, blocks: list[Block], words: Words) -> Section:
    """One of the nine sections; wide where it holds the findings."""
    note = words.sections["technical"].get(f"s{mark}_note")
    return Section(mark=mark, title=say(words, f"s{mark}"), notes=[note] if note else [], blocks=blocks, wide=mark in "234")


def part(words: Words, mark: str) -> Heading:
    """The heading of a lettered point: `2 (a)`."""
    return Heading(mark=f"{mark[0]} ({mark[1]})", text=say(words, f"s{mark}"))


def general(facts: Facts, words: Words) -> list[Block]:
    """1: what it is, for whom, in which version."""
    run, purpose = facts.run, words.sentence(facts.policy.purpose) or words("purpose_unknown")
    named = [
        Pair(name=say(words, "version"), value=facts.release_id, source=facts.release_id),
        Pair(name=say(words, "earlier"), value=run.parent or say(words, "no_earlier"), source=run.id),
        Pair(name=say(words, "policy_purpose"), value=purpose, source=f"policy-{facts.policy.name}"),
    ]
    return [
        part(words, "1a"),
        *parts.written(facts, words, "intended_purpose", "responsible"),
        Pairs(rows=named),
        part(words, "1b"),
        *parts.written(facts, words, "interaction"),
        part(words, "1c"),
        Text(text=parts.versions(facts, words), source=run.id),
        part(words, "1d"),
        *parts.written(facts, words, "deployment"),
        part(words, "1g"),
        Text(text=say(words, "interface")),
        *parts.written(facts, words, "instructions"),
    ]


def process(facts: Facts, words: Words) -> list[Block]:
    """2: how it was made and tested."""
    run, recipe = facts.run, facts.run.recipe
    base = say(words, "pretrained_none") if recipe.base == "scratch" else recipe.base
    if is_own(recipe.base):
        base = say(words, "pretrained_own", base=recipe.base)
    machine = [
        (say(words, "parameters"), words("share_of", part=count(run.trainable), whole=count(run.parameters))),
        (say(words, "computing"), words("seconds", n=f"{run.seconds:,.1f}")),
        (say(words, "threads"), told(recipe.threads, words)),
    ]
    logic = say(words, "logic", length=told(recipe.max_length, words)) if facts.corpus.task == "classify" else words("unknown")
    return [
        part(words, "2a"),
        parts.pairs([(say(words, "pretrained"), base)], run.id),
        parts.trained(facts, words),
        part(words, "2b"),
        Text(text=logic, source=run.id),
        Text(text=say(words, "choices")),
        parts.recipe(facts, words),
        part(words, "2c"),
        parts.pairs(machine, run.id),
        part(words, "2d"),
        Text(text=say(words, "s2d_note"), muted=True),
        parts.rows_per_label(facts, words),
        parts.intake(facts, words),
        parts.pairs([(words("protections"), parts.protections(facts, words))], facts.corpus.id),
        *parts.written(facts, words, "data_collection", "data_labelling", "legal_basis"),
        part(words, "2e"),
        *parts.written(facts, words, "oversight"),
        parts.decided(facts, words),
        part(words, "2f"),
        *parts.written(facts, words, "changes"),
        part(words, "2g"),
        Text(text=words("found_note"), muted=True),
        *parts.judged(facts, words),
        parts.test_uses(facts, words),
        *parts.drawn(facts, words),
        part(words, "2h"),
        Text(text=say(words, "signed_over")),
        *parts.written(facts, words, "cybersecurity"),
    ]


def control(facts: Facts, words: Words) -> list[Block]:
    """3: what it can and cannot do, and who watches."""
    by_label = parts.labels(facts, words)
    return [
        *parts.written(facts, words, "foreseeable_misuse", "affected", "inputs", "oversight"),
        *([Heading(text=say(words, "s3_accuracy")), *by_label] if by_label else []),
        Heading(text=say(words, "s3_unmet")),
        unmet(facts, words),
        Heading(text=say(words, "s3_limits")),
        Text(text=words("unmeasured_note"), muted=True),
        *parts.unknowns(facts, words),
    ]


def unmet(facts: Facts, words: Words) -> Block:
    """The findings that do not meet the limit that the policy sets for them."""
    if not facts.policy.limits:
        return Text(text=say(words, "no_limits"))
    rows = [row for group in groups(facts, words) for row in group.rows if row.limit and row.verdict != "pass"]
    if not rows:
        return Text(text=say(words, "all_met"))
    named = (
        {"metric": row.metric, "check": row.check, "value": row.value, "interval": row.interval, "n": row.n, "limit": row.limit}
        | {"word": row.word}
        for row in rows
    )
    return Pairs(
        rows=[
            Pair(name=row.metric, value=say(words, "unmet", **values), source=row.source)
            for row, values in zip(rows, named, strict=True)
        ]
    )


def metrics(facts: Facts, words: Words) -> list[Block]:
    """4: what each metric asks, and the reason of its limit."""
    rows: dict[tuple[str, str], list[str]] = {}
    for group in groups(facts, words):
        for row in group.rows:
            asks = naming.asks(row.check, words.language)
            rows.setdefault((row.check, row.metric), [row.metric, asks, row.limit or "–", row.reason or "–"])
    columns = [words("finding"), say(words, "asks"), words("limit"), words("why_limit")]
    table: list[Block] = [Table(columns=columns, rows=list(rows.values()))] if rows else [Text(text=words("no_findings"))]
    return [*table, *parts.written(facts, words, "metrics_choice")]


def changes(facts: Facts, words: Words) -> list[Block]:
    """6: what it continues."""
    run, corpus = facts.run, facts.corpus
    rows = [
        Pair(name=say(words, "earlier"), value=run.parent or say(words, "no_earlier"), source=run.id),
        Pair(name=say(words, "parent_corpus"), value=corpus.parent or say(words, "no_parent_corpus"), source=corpus.id),
        Pair(name=words("test_uses"), value=words("test_uses_value", n=facts.test_uses), source=corpus.id),
    ]
    return [Pairs(rows=rows), *parts.written(facts, words, "changes")]


def china(words: Words) -> Section:
    """Where the same matters stand in Chinese law."""
    columns = [say(words, f"cn_{name}") for name in ("rule", "about", "here")]
    table = Table(columns=columns, rows=words.sections["technical"]["cn_rows"])
    return Section(title=say(words, "cn"), notes=[say(words, "cn_note")], blocks=[table], wide=True)
