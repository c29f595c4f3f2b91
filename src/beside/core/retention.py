"""How long each kind of thing is kept: the table `[retention]` of beside.toml, what is due, and what keeps it all the same."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from beside.core.types import Value

LONGEST = 36_500  # days: a hundred years
KINDS = ("predictions", "answers", "corpora", "vault", "logs")  # what has a period of its own


def period(what: str) -> Any:
    """A field of days."""
    return Field(None, ge=1, le=LONGEST, description=f"{what}; None = for ever", json_schema_extra={"unit": "days"})


class Retention(BaseModel):
    """The table `[retention]`: for how many days each kind of thing is kept, and where copies lie that Beside cannot reach."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    predictions: int | None = period("questions and answers of models; one that somebody corrected stays as long as the correction")
    answers: int | None = period("what people said of answers, and of attacked rows")
    corpora: int | None = period("rows of corpora, from the day that they were imported or corrected on")
    vault: int | None = period("values in the vault, from the day that they were put there on")
    logs: int | None = period("log files in .beside/")
    trained: Literal["keep", "retire"] = Field(
        "keep",
        description="what becomes of an approved release that was trained on rows that are due; keep = it goes on, and its "
        "rows stay with it until it is retired; retire = it is retired, and its weights are deleted with the rows",
    )
    backups: tuple[str, ...] = Field((), description="where backups and other copies lie, and for how long, each in your own words")

    def days(self, kind: str) -> int | None:
        """For how many days one of `KINDS` is kept."""
        found: int | None = getattr(self, kind)
        return found

    def limit(self, kind: str, now: datetime) -> datetime | None:
        """What is older than this is due; None = nothing ever is."""
        days = self.days(kind)
        return None if days is None else now - timedelta(days=days)

    @property
    def set(self) -> bool:
        """Whether anything is kept for a limited time."""
        return any(self.days(kind) is not None for kind in KINDS)


class Due(Value):
    """What is due of one kind."""

    kind: str  # one of KINDS
    days: int | None  # how long it is kept; None = for ever
    count: int  # rows, values or files that are due
    since: datetime | None = None  # when the oldest of them became due
    names: tuple[str, ...] = ()  # corpora with how many rows, or files
    kept: int = 0  # of these, how many stay all the same


class Outlook(Value):
    """What the periods ask for now."""

    at: datetime
    due: tuple[Due, ...]
    runs: tuple[str, ...] = ()  # trained on rows that are due; their weights are deleted
    releases: dict[str, str] = {}  # of these runs: release -> its state now; retired
    held: dict[str, str] = {}  # corpus -> the approved release that it stays for
    trained: Literal["keep", "retire"] = "keep"

    @property
    def anything(self) -> bool:
        """Whether something is to be removed."""
        return any(one.count > one.kept for one in self.due)


class Sweep(Value):
    """What was removed because its time was up."""

    id: str
    who: str
    at: datetime
    removed: dict[str, int]
    corpora: dict[str, str | None] = {}  # corpus -> the corpus of the rows that were not due; None = no row is left
    runs: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()
    held: dict[str, str] = {}
    notes: tuple[str, ...] = ()
