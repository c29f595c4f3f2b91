"""Corpora, a date -> the rows whose time is up: a row is as old as the import, or the correction, that brought it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from beside.core.erasure import Removal, Tombstone
from beside.core.judging import ORIGIN as JUDGED
from beside.core.types import Corpus, Example, Value
from beside.store.artifacts import Artifacts
from beside.store.rows import read_rows

IMPORT = "import"  # origin of a row that no correction brought
CAME = "came"  # what the tombstone of a corpus calls the dates of its rows that stay
REASON = "Its training rows were kept for the whole of their period, and that is over."


class Aged(Value):
    """The rows of a corpus that are due."""

    corpus: str
    count: int
    rows: int  # of the corpus
    oldest: datetime  # when the oldest of them came
    younger: dict[str, datetime]  # id of each row that is not due -> when it came


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

    def told(self, corpus: str) -> dict[str, Any]:
        """When the rows that stay came: the corpus that takes the place of this one is younger than they are."""
        return {CAME: {id: at.isoformat() for one in self.aged if one.corpus == corpus for id, at in one.younger.items()}}


class Dates(NamedTuple):
    """What tells when a correction came."""

    known: Mapping[str, Corpus]  # every corpus that ever was, by id
    stones: Mapping[str, Tombstone]  # of corpora whose rows are gone
    said: Mapping[str, datetime]  # prediction -> when it was corrected


def aged(corpora: Sequence[Corpus], dates: Dates, artifacts: Artifacts, limit: datetime) -> Iterator[Aged]:
    """The corpora with rows that came before a date.

    Args:
        corpora: whose rows are here.
        limit: what came before is due.
    """
    for corpus in corpora:
        line = lineage(corpus, dates.known)
        root = line[0]
        if root.made_at >= limit:
            continue
        came = corrections(line, dates, artifacts)
        count, rows, younger = 0, 0, dict[str, datetime]()
        for row in read_rows(artifacts.path(corpus.examples)):
            rows += 1
            at = came.get(row.id, root.made_at)
            if at < limit:
                count += 1
            else:
                younger[row.id] = at
        if count:
            yield Aged(corpus=corpus.id, count=count, rows=rows, oldest=root.made_at, younger=younger)


def lineage(corpus: Corpus, known: Mapping[str, Corpus]) -> list[Corpus]:
    """The corpora that a corpus was made from, one after the other, the first import first and itself last."""
    line = [corpus]
    while (parent := line[0].parent) in known and known[str(parent)] not in line:
        line.insert(0, known[str(parent)])
    return line


def corrections(line: Sequence[Corpus], dates: Dates, artifacts: Artifacts) -> dict[str, datetime]:
    """When each row of a lineage that no import brought came: when somebody said it, or else when it was first seen.

    Where the rows of an older corpus were erased, whatever the next one holds may have stood there already, and counts as that old.
    An attacked row that people accepted is an edited copy of a training row, so it is as old as the import.
    """
    came, before = dict[str, datetime](), None
    for corpus in line[1:]:
        stone = dates.stones.get(corpus.id)
        if stone is not None and CAME in stone.kept:  # a sweep noted it
            for id, at in stone.kept[CAME].items():
                came.setdefault(id, datetime.fromisoformat(at))
        elif stone is not None:
            before = before or corpus.made_at
        else:
            for row in read_rows(artifacts.path(corpus.examples)):
                if row.origin != IMPORT and not row.origin.startswith(JUDGED):
                    said = dates.said.get(row.origin.removeprefix("correction:"))
                    came.setdefault(row.id, said or before or corpus.made_at)
            before = None
    return came
