"""What a committee does with a release besides signing: comments, incidents, halts, and what people say of them later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from beside.core.types import Release, Signature, Value, content_id

Severity = Literal["low", "medium", "high"]
HaltKind = Literal["stop", "suspension", "retirement"]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high")


class Comment(Value):
    """What a person says of a release or of one of its findings. An edit is a new comment that replaces the earlier one."""

    id: str
    release_id: str
    finding_id: str | None = None  # None = the release as a whole
    replaces: str | None = None  # the comment that this one says better; both are kept
    text: str
    who: str
    at: datetime


class Incident(Value):
    """Something that went wrong with a release at work, as a person reports it."""

    id: str
    release_id: str
    severity: Severity
    text: str
    who: str
    role: str
    at: datetime


class Halt(Value):
    """A release may answer no longer: stopped by a person, suspended by an incident or a monitor, or retired for good."""

    id: str
    release_id: str
    what: HaltKind
    reason: str
    cause: str = ""  # of a suspension: the id of the incident, or `monitor NAME`; of a retirement: the id of the erasure
    who: str
    role: str
    at: datetime


class Resolution(Value):
    """One person's word that a suspension may end, or that a condition is met."""

    id: str
    release_id: str
    about: str  # id of the suspension or condition
    reason: str
    who: str
    role: str
    at: datetime


class Proceedings(Value):
    """All that happened to one release besides signatures, each in the order it happened."""

    comments: tuple[Comment, ...] = ()
    incidents: tuple[Incident, ...] = ()
    halts: tuple[Halt, ...] = ()
    resolutions: tuple[Resolution, ...] = ()

    def stopped_at(self) -> datetime | None:
        """When it was stopped last; approvals from before that count no longer."""
        return max((one.at for one in self.halts if one.what == "stop"), default=None)

    def retired(self) -> Halt | None:
        """The retirement, which nothing ends; None while there is none."""
        return next((one for one in self.halts if one.what == "retirement"), None)

    def about(self, id: str) -> tuple[Resolution, ...]:
        """What was said of one suspension or condition."""
        return tuple(one for one in self.resolutions if one.about == id)


NOTHING = Proceedings()


class News(NamedTuple):
    """What the records say of a release at one moment."""

    release: Release
    proceedings: Proceedings = NOTHING
    changes: Sequence[str] = ()  # what is no longer as it was when people signed, each a sentence


def condition_id(signature: Signature, place: int) -> str:
    """The name of one condition of a signature; the same signature always gives the same name."""
    content = [signature.over, signature.who, signature.at.isoformat(), place, signature.conditions[place].text]
    return content_id("condition", content)
