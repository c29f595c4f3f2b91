"""A file of labelled text -> Corpus, with a report that accounts for every row. Nothing is stored unless all of it worked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

import numpy as np

from beside.core import registry
from beside.core.account import Account
from beside.core.cleaning import BETWEEN, example_id, pseudonym
from beside.core.columns import Columns
from beside.core.gathering import Gathered, gather
from beside.core.interfaces import Progress, Silent, Task
from beside.core.reading import find_reader
from beside.core.report import Report, Tokens, lengths_of
from beside.core.selection import Selection, select
from beside.core.spill import Spill
from beside.core.types import SPLITS, Corpus, Example, Split, content_id
from beside.store.artifacts import Artifacts
from beside.store.files import storage_errors
from beside.store.rows import write_rows
from beside.store.scratch import Scratch

Count = Callable[[Sequence[str]], Sequence[int]]  # texts -> one whole number each

NAMES: tuple[Split, ...] = ("train", "tune", "test")  # SPLITS, as types
CUTS = (128, 256, 512)  # sequence lengths, in tokens, for which the report says how many rows would be cut
TOKEN_BATCH = 1_000


def intake(
    source: str,
    *,
    name: str,
    task: str = "classify",
    columns: Columns | None = None,
    seed: int = 0,
    artifacts: Artifacts,
    progress: Progress | None = None,
    now: datetime,
    token_lengths: Count | None = None,
    unknown_tokens: Count | None = None,
) -> tuple[Corpus, Report]:
    """Reads, tidies, splits and stores labelled text.

    Args:
        source: a file, a folder with train, dev and test files, or `hf:owner/name[@revision]`.
        name: what the corpus is called.
        task: name of a task.
        columns: which column is what; what it leaves open is guessed and noted.
        seed: of the split.
        artifacts: where rows and report are stored; temporary rows lie there without a name until the end.
        progress: told of rows read, pairs compared, rows written.
        now: the time to be noted.
        token_lengths: tokens of each text, before any truncation; adds token lengths to the report.
        unknown_tokens: how many of a text's tokens the base model does not know; adds their share.

    Raises:
        UnknownName: no such task.
        BadInput: the source cannot be read, a column is not there, most labels are missing.
        NotEnoughData: one label only, or too few independent rows for three splits.
        StorageFailed: the disk is full.
    """
    capability: Task = registry.load("tasks", task)
    progress = progress or Silent()
    reader = find_reader(source)
    with storage_errors("temporary rows"):
        file = Scratch(artifacts.home)
    with file:
        notes = reader.notes(source)
        gathered = gather(reader.rows(source), columns or Columns(), Spill(file), progress, capability)
        selection = select(gathered, seed, progress)
        tokens = None
        if token_lengths and not capability.writes:  # their base cannot write
            tokens = count_tokens(gathered, selection, token_lengths, unknown_tokens)
        report = Account(gathered, selection).report(source=source, task=task, seed=seed, notes=notes, tokens=tokens)
        return store(gathered, selection, report, name=name, artifacts=artifacts, progress=progress, now=now), report


def store(
    gathered: Gathered, selection: Selection, report: Report, *, name: str, artifacts: Artifacts, progress: Progress, now: datetime
) -> Corpus:
    """Writes the rows and the report and names the corpus after its content."""
    digest = hashlib.sha256()
    with artifacts.new_file() as rows:
        write_rows(rows.path, hashed(examples(gathered, selection, progress), digest.update))
    names, kept = gathered.labels.names(), np.unique(gathered.label[selection.rows[~selection.held_back]])
    task: Task = registry.load("tasks", report.task)
    labels = task.labels(names[number] for number in kept)
    counts = np.bincount(selection.splits[~selection.held_back], minlength=len(SPLITS))
    content = {"name": name, "task": report.task, "labels": labels, "rows": digest.hexdigest()}
    return Corpus(
        id=content_id("corpus", content),
        name=name,
        task=report.task,
        labels=labels,
        splits={split: int(count) for split, count in zip(SPLITS, counts, strict=True)},
        examples=rows.id,
        report=artifacts.put_json(report.model_dump(mode="json")),
        made_at=now,
    )


def examples(gathered: Gathered, selection: Selection, progress: Progress) -> Iterator[tuple[Split, Example]]:
    """The selected rows in the order of the source; an id that occurs again, in another split, gets a number behind it."""
    names, seen = gathered.labels.names(), set[str]()
    several = gathered.given is not None
    place_of = np.full(len(gathered.line), -1, dtype=np.int64)
    place_of[selection.rows[~selection.held_back]] = selection.splits[~selection.held_back]
    for index, (row, place) in enumerate(zip(gathered.spill, place_of, strict=True)):
        if index % 5_000 == 0:
            progress.step("write", index, len(place_of), "rows")
        if place < 0:
            continue
        target = names[gathered.label[index]]
        id = example_id(row.text, row.pair, target)
        if several:  # otherwise ids differ, because repeats were left out
            id = next(new for new in numbered(id) if new not in seen)
            seen.add(id)
        groups = {column: value for column, value in zip(gathered.columns.groups, row.groups, strict=True) if value}
        person = pseudonym(row.person) if row.person else None
        yield NAMES[place], Example(id=id, text=row.text, pair=row.pair, target=target, groups=groups, person=person)
    progress.step("write", len(place_of), len(place_of), "rows")


def numbered(id: str) -> Iterator[str]:
    """The id itself, then with -2, -3 behind it."""
    yield id
    yield from (f"{id}-{number}" for number in range(2, len(SPLITS) + 1))


def hashed(rows: Iterable[tuple[Split, Example]], update: Callable[[bytes], object]) -> Iterator[tuple[Split, Example]]:
    """The same rows; `update` is given each row's content, so that the corpus's id does not hang on the file format."""
    for split, example in rows:
        groups = (f"{name}={value}" for name, value in sorted(example.groups.items()))
        content = (split, example.id, example.text, example.pair or "", example.target or "", example.person or "", *groups)
        update(f"{BETWEEN.join(content)}\n".encode())
        yield split, example


def count_tokens(gathered: Gathered, selection: Selection, token_lengths: Count, unknown_tokens: Count | None) -> Tokens:
    """What the tokenizer makes of the selected texts."""
    kept = np.zeros(len(gathered.line), dtype=bool)
    kept[selection.rows[~selection.held_back]] = True
    rows = (row for row, chosen in zip(gathered.spill, kept, strict=True) if chosen)
    texts = (row.text if row.pair is None else f"{row.text} {row.pair}" for row in rows)
    lengths, unknown = [], 0
    while batch := list(islice(texts, TOKEN_BATCH)):
        lengths.append(np.asarray(token_lengths(batch), dtype=np.int64))
        unknown += sum(unknown_tokens(batch)) if unknown_tokens else 0
    counts = np.concatenate(lengths)
    return Tokens(
        lengths=lengths_of(counts, "tokens"),
        cut={str(cut): int((counts > cut).sum()) for cut in CUTS},
        unknown=unknown / max(1, int(counts.sum())) if unknown_tokens else None,
    )
