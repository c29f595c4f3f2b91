"""Corpora, a date -> the rows whose time is up: a row is as old as the import, or the correction, that brought it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from beside.core.erasure import Removal
from beside.core.types import Corpus, Example, Value
from beside.store.artifacts import Artifacts
from beside.store.rows import read_rows

IMPORT = "import"  # origin of a row that no correction brought
REASON = "Its training rows were kept for the whole of their period, and that is over."


class Aged(Value):
    """The rows of a corpus that are due."""

    corpus: str
    count: int
    rows: int  # of the corpus
    oldest: datetime  # when the oldest of them came
    younger: tuple[str, ...]  # ids of the rows that are not due


class Overdue(Removal):
    """What a sweep is going to do to corpora and what was trained on them; kept until it is done, so that a killed one goes on."""

    at: datetime
    limits: dict[str, datetime]  # of each kind: what is older is due
    aged: tuple[Aged, ...]
    held: dict[str, str] = {}  # corpora that are due and stay, each with the release that it stays for
    kept: tuple[Aged, ...] = ()  # those corpora

    @property
    def going(self) -> dict[str, int]:
        """Corpus -> how many of its rows are due."""
        return {one.corpus: one.count for one in self.aged}

    def stays(self, corpus: str) -> Callable[[Example], bool]:
        """Whether a row is not due yet."""
        young = {id for one in self.aged if one.corpus == corpus for id in one.younger}
        return lambda row: row.id in young


def aged(corpora: Sequence[Corpus], known: Mapping[str, Corpus], artifacts: Artifacts, limit: datetime) -> Iterator[Aged]:
    """The corpora with rows that came before a date.

    Args:
        corpora: whose rows are here.
        known: every corpus that ever was, by id.
        limit: what came before is due.
    """
    here = {one.id for one in corpora}
    for corpus in corpora:
        line = lineage(corpus, known)
        root = line[0]
        if root.made_at >= limit:
            continue
        came = corrections(line, here, artifacts)
        count, rows, oldest, younger = 0, 0, root.made_at, list[str]()
        for row in read_rows(artifacts.path(corpus.examples)):
            rows += 1
            if came.get(row.id, root.made_at) < limit:
                count += 1
            else:
                younger.append(row.id)
        if count:
            yield Aged(corpus=corpus.id, count=count, rows=rows, oldest=oldest, younger=tuple(younger))


def lineage(corpus: Corpus, known: Mapping[str, Corpus]) -> list[Corpus]:
    """The corpora that a corpus was made from, one after the other, the first import first and itself last."""
    line = [corpus]
    while (parent := line[0].parent) in known and known[str(parent)] not in line:
        line.insert(0, known[str(parent)])
    return line


def corrections(line: Sequence[Corpus], here: set[str], artifacts: Artifacts) -> dict[str, datetime]:
    """When each row of a lineage that no import brought was first seen.

    Where the rows of an older corpus are gone, whatever the next one holds may have stood there already, and counts as that old.
    """
    came, before = dict[str, datetime](), None
    for corpus in line[1:]:
        if corpus.id not in here:
            before = before or corpus.made_at
            continue
        for row in read_rows(artifacts.path(corpus.examples)):
            if row.origin != IMPORT:
                came.setdefault(row.id, before or corpus.made_at)
        before = None
    return came
