"""Corpora, a person -> child corpora without their rows; what was trained on them, and whether a model still gives them away."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Literal

import numpy as np

from beside.core.erasure import BEGINNING, Asked, Membership, Needles, Removal, folded
from beside.core.errors import Altered, UnknownName
from beside.core.interfaces import Progress, Subject
from beside.core.pairs import whole
from beside.core.registry import load
from beside.core.types import FEWEST_ROWS, SPLITS, Corpus, Example, Release, Split, Splits, Value, content_id
from beside.store.artifacts import Artifacts
from beside.store.rows import read_pairs, read_rows, write_rows

REASON = "It was trained on rows of a person who has been erased."
QUOTES = "Its sealed documents quote a person who has been erased."
CHECK, METRIC = "privacy/membership", "membership_auc"


class Held(Value):
    """A person's rows in one corpus, and how many rows it had."""

    corpus: str
    rows: tuple[tuple[Split, Example], ...]
    splits: dict[str, int]

    def of(self, split: Split) -> list[Example]:
        """The person's rows of one split."""
        return [row for place, row in self.rows if place == split]


class Found(Value):
    """A person's rows in every corpus, and the texts of theirs, or beginnings of texts, that other people's rows hold as well."""

    corpora: tuple[Held, ...]
    shared: frozenset[str] = frozenset()

    def needles(self, asked: Asked) -> Needles:
        """What to look for outside the corpora."""
        texts = (text for held in self.corpora for _, row in held.rows for text in (row.text, row.pair) if text)
        ids = frozenset(row.id for held in self.corpora for _, row in held.rows)
        return Needles.of(asked, texts, self.shared, ids)

    @property
    def ids(self) -> frozenset[str]:
        """The corpora that hold the person."""
        return frozenset(held.corpus for held in self.corpora)


class Plan(Removal):
    """What an erasure is going to do; kept until it is done, so that a killed one goes on, and shredded then."""

    person: str  # keyed hash
    basis: Literal["pseudonym", "words", "pseudonym and words"]
    asked: Asked
    tokens: tuple[str, ...]  # of the vault, that stand for the words in protected rows
    who: str
    asked_at: datetime
    found: Found
    again: tuple[str, ...]  # of the runs, those to be trained again
    removed: dict[str, int]  # kind -> how many
    before: tuple[Membership, ...] = ()

    @property
    def needles(self) -> Needles:
        """What gives the person away."""
        return self.found.needles(self.asked.with_words(self.tokens))

    @property
    def going(self) -> dict[str, int]:
        """Corpus -> how many of its rows are the person's."""
        return {held.corpus: len(held.rows) for held in self.found.corpora}

    def stays(self, corpus: str) -> Callable[[Example], bool]:
        """Whether a row is another person's."""
        ids = {row.id for held in self.found.corpora if held.corpus == corpus for _, row in held.rows}
        return lambda row: row.id not in ids


def find(asked: Asked, corpora: Sequence[Corpus], artifacts: Artifacts, progress: Progress) -> Found:
    """The person's rows: those of their pseudonym, those that hold the words, and rows of nobody with the very same text."""
    texts, beginnings, others = set[str](), set[str](), set[str]()
    for place, corpus in enumerate(corpora):
        progress.step("read", place, 2 * len(corpora))
        for row in rows_of(corpus, artifacts):
            if asked.owns(row):
                texts.add(folded(row.text))
                beginnings |= {folded(text[:BEGINNING]) for text in (row.text, row.pair) if text and len(text) > BEGINNING}
    for corpus in corpora if texts else ():
        for row in rows_of(corpus, artifacts):
            if asked.owns(row):
                continue
            text = folded(row.text)
            if row.person and text in texts:
                others.add(text)
            if text not in texts:  # form letters begin alike
                others |= {one for one in beginnings if one in text}
    found = []
    for place, corpus in enumerate(corpora if texts else ()):
        progress.step("read", len(corpora) + place, 2 * len(corpora))
        mine = tuple(
            (split, row)
            for split, row in read_pairs(artifacts.path(corpus.examples))
            if asked.owns(row) or (row.person is None and folded(row.text) in texts)
        )
        if mine:
            found.append(Held(corpus=corpus.id, rows=mine, splits=corpus.splits))
    progress.step("read", 2 * len(corpora), 2 * len(corpora))
    return Found(corpora=tuple(found), shared=frozenset(others))


def rows_of(corpus: Corpus, artifacts: Artifacts) -> Iterator[Example]:
    """The rows of a corpus, one chunk in memory at a time."""
    return read_rows(artifacts.path(corpus.examples))


def child(corpus: Corpus, stays: Callable[[Example], bool], needles: Needles, artifacts: Artifacts, now: datetime) -> Corpus | None:
    """The corpus without some of its rows, every other row in its split as it was; None when no row is left."""
    digest, task = hashlib.sha256(), load("tasks", corpus.task)
    counts, labels = dict.fromkeys(SPLITS, 0), set[str]()

    def kept() -> Iterator[tuple[Split, Example]]:
        for split, row in read_pairs(artifacts.path(corpus.examples)):
            if stays(row):
                digest.update(json.dumps([split, row.model_dump()], ensure_ascii=False, sort_keys=True).encode() + b"\n")
                counts[split] += 1
                labels.update(() if row.target is None else task.members(row.target))
                yield split, row

    with artifacts.new_file() as file:
        write_rows(file.path, kept())
    if not sum(counts.values()):
        artifacts.erase(file.id)
        return None
    return corpus.model_copy(
        update={
            "id": content_id("corpus", {"parent": corpus.id, "rows": digest.hexdigest()}),
            "labels": labels_left(corpus, labels),
            "splits": counts,
            "examples": file.id,
            "report": emptied(corpus.report, artifacts, needles),
            "parent": corpus.id,
            "made_at": now,
        }
    )


def labels_left(corpus: Corpus, labels: set[str]) -> tuple[str, ...]:
    """The labels of a corpus that still have a row, in their order."""
    return tuple(label for label in corpus.labels if label in labels)


def emptied(report: str | None, artifacts: Artifacts, needles: Needles) -> str | None:
    """An intake report without the texts that it quotes, stored; counts stay as they were at the import."""
    if report is None:
        return None
    try:
        content: dict[str, Any] = artifacts.read_json(report)
    except (UnknownName, Altered):
        return None
    content |= {name: [] for name in ("refusals", "repeats", "conflicts", "near_examples") if name in content}
    if "leaks" in content:
        content["leaks"] = [{**leak, "examples": []} for leak in content["leaks"]]
    return artifacts.put_json(needles.cut(content))


def quoting(releases: Sequence[Release], hits: Iterable[str]) -> list[Release]:
    """The releases whose bundles a search found something in. `hits`: paths from the state folder on."""
    folders = {path.split("/")[1] for path in hits if path.startswith("releases/") and path.count("/") > 1}
    return [release for release in releases if release.bundle.rpartition("/")[2] in folders]


def members(held: Held | None) -> list[Example]:
    """The person's rows that were trained on."""
    return [] if held is None else whole(row for row in held.of("train") if row.target is not None)


def too_few(run: str, when: str, n: int) -> Membership:
    """That a membership test on so few rows says nothing."""
    why = f"Not enough data: {n} training rows of the person, and a membership test needs {FEWEST_ROWS}."
    return Membership.model_validate({"run": run, "when": when, "n": n, "why_not": why})


def membership(
    run: str, when: str, mine: Sequence[Example], splits: Splits, subject: Subject, rng: np.random.Generator
) -> Membership:
    """How well an outsider tells the person's rows from rows that the model never saw.

    Args:
        mine: the person's rows that were trained on.
        splits: of the corpus; its test rows stand for what was never seen.
    """
    texts = {row.text for row in mine}
    others = Splits(list(mine), splits.tune, [row for row in splits.test if row.text not in texts])
    check = load("checks", CHECK)
    if len(mine) < FEWEST_ROWS:
        return too_few(run, when, len(mine))
    if why := check.why_not(subject, others):
        return Membership.model_validate({"run": run, "when": when, "n": len(mine), "why_not": why})
    found = next(one for one in check.measure(subject, others, rng) if one.metric == METRIC)
    measured = {"n": found.n, "value": found.value, "low": found.low, "high": found.high}
    return Membership.model_validate({"run": run, "when": when, **measured})
