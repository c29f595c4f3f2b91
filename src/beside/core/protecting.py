"""What is to be done with personal data, and the account of what was done: kinds and counts, never a value."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pydantic import Field

from beside.core.errors import BadInput
from beside.core.personal import plain
from beside.core.registry import names, unknown
from beside.core.types import Value

ACTIONS = ("mask", "redact", "replace", "name", "hash", "surrogate", "pseudonym")
REPEATABLE = ACTIONS[:-1]  # what can be done to a single text, without the vault
SHORTEST_KEY = 16  # bytes
MARKS = re.compile(r"[\s\-().·•・/_]+")
WRITTEN = ("address", "birth_date", "email", "organisation", "person", "url")  # kinds in which marks tell values apart
WITH_KEY = ("hash", "surrogate")  # actions that need a secret


class Plan(Value):
    """Which kinds of personal data are looked for, and what stands in their place. Made by `plan`, which checks it."""

    kinds: tuple[str, ...] = Field(description="what is looked for, sorted")
    actions: dict[str, str] = Field({}, description="kind -> action, where it is another than the default")
    default: str = Field("replace", description="the action of all other kinds")

    def action(self, kind: str) -> str:
        """What is done with a kind."""
        return self.actions.get(kind, self.default)

    @property
    def protections(self) -> tuple[str, ...]:
        """As a corpus remembers it: `email=replace`, ..."""
        return tuple(f"{kind}={self.action(kind)}" for kind in self.kinds)

    @property
    def needs_vault(self) -> bool:
        """Whether values go into the vault."""
        return any(self.action(kind) == "pseudonym" for kind in self.kinds)

    @property
    def needs_key(self) -> bool:
        """Whether a secret is needed."""
        return any(self.action(kind) in WITH_KEY for kind in self.kinds)


def plan(actions: Mapping[str, str] | None = None, kinds: Sequence[str] | None = None, default: str = "replace") -> Plan:
    """A plan that can be carried out.

    Args:
        actions: kind -> action.
        kinds: what to look for; None: every kind there is.
        default: the action for kinds that `actions` does not name.

    Raises:
        UnknownName: if there is no such kind.
        BadInput: if there is no such action, no kind at all, or an action for a kind that is not looked for.
    """
    there = names("recognizers")
    for kind in (*(actions or {}), *(kinds or ())):
        if kind not in there:
            raise unknown("kind of personal data", kind, there)
    for action in (default, *(actions or {}).values()):
        if action not in ACTIONS:
            raise BadInput(f"There is no action '{action}'.", f"There are: {', '.join(ACTIONS)}.")
    if kinds is not None and not kinds:
        raise BadInput("No kind of personal data is named.", "Leave the kinds out to look for all of them.")
    wanted = tuple(sorted(set(there if kinds is None else kinds)))
    for kind in actions or {}:
        if kind not in wanted:
            raise BadInput(
                f"There is an action for '{kind}', which is not looked for.", f"Add it to the kinds: {','.join(wanted)}."
            )
    return Plan(kinds=wanted, actions=dict(actions or {}), default=default)


def read_plan(given: Sequence[str], kinds: str | None = None) -> Plan:
    """A plan as people write it: `mask` for all kinds, `phone=mask` for one; kinds with commas between them. Raises as `plan`."""
    default, single = "replace", {}
    for one in given:
        kind, sign, what = one.partition("=")
        if sign:
            single[kind.strip()] = what.strip()
        else:
            default = kind.strip()
    return plan(single, None if kinds is None else [kind.strip() for kind in kinds.split(",") if kind.strip()], default)


def must_have_key(plan: Plan, key: bytes | None) -> bytes:
    """The secret, when there is a good one or none is needed.

    Raises:
        BadInput: it is needed, and missing or shorter than 16 bytes.
    """
    if plan.needs_key and len(key or b"") < SHORTEST_KEY:
        hint = "Put at least 16 random bytes into a file and give it with --key-file, or set BESIDE_PROTECT_KEY."
        raise BadInput(
            "hash and surrogate need a secret key of at least 16 bytes: without one, values could be guessed and compared.",
            hint,
        )
    return key or b""


def plan_of(protections: Sequence[str]) -> Plan | None:
    """The plan by which a corpus was protected, so that other texts can be treated alike; None when it was not.

    A kind or an action that is not there any more, or cannot be repeated on a single text, becomes `replace`.
    """
    single = dict(one.partition("=")[::2] for one in protections)
    actions = {
        kind: action if action in REPEATABLE else "replace" for kind, action in single.items() if kind in names("recognizers")
    }
    return plan(actions, list(actions)) if actions else None


def same_value(kind: str, value: str) -> str:
    """What all ways of writing one value share: width, case and hidden characters do not count, nor marks inside numbers."""
    copy = " ".join(plain(value).text.casefold().split())
    return copy if kind in WRITTEN else MARKS.sub("", copy)


class KindFound(Value):
    """What was found of one kind."""

    kind: str
    action: str
    found: int  # times, in texts, second texts, written answers and groups
    rows: int  # rows in which it was found
    values: int  # different values


class ProtectionReport(Value):
    """The account of one protection of a corpus. It holds no value and no text."""

    parent: str  # id of the corpus that was protected
    protections: tuple[str, ...]
    rows: int
    touched: int  # rows in which anything was found
    reviewed: int  # rows of which a person said what stands in them
    kinds: tuple[KindFound, ...]  # the commonest first; of those looked for, also those that were not found
    in_groups: int  # values found in columns of groups
    in_labels: int  # labels that hold personal data; labels are never changed
    emptied: int  # texts of which nothing would have been left; their values are replaced by their kind
    spans_lost: int  # spans of a target of which nothing is left
    same_text: int  # texts that now say what another one says, and did not before
    across_splits: int  # rows of tune and test that say, now and not before, what a training row says
    several_targets: int  # texts that now, and not before, stand there with different targets

    def notes(self) -> list[str]:
        """What a person should know and do, in sentences."""
        found = []
        if self.reviewed:
            found.append(f"In {self.reviewed:,} rows a person's word counted, not the recognizers'.")
        if self.across_splits:
            found.append(
                f"{self.across_splits:,} rows of tune and test now say what a training row says; every row kept its split. "
                "Scores on them are a little too good: an action that keeps values apart (surrogate, hash) leaves fewer."
            )
        if self.several_targets:
            found.append(f"{self.several_targets:,} texts now stand there with several targets: what told them apart was replaced.")
        if self.in_labels:
            found.append(f"{self.in_labels} labels look like personal data. Labels are not changed: rename them in the source.")
        if self.in_groups:
            found.append(f"{self.in_groups:,} values stood in columns of groups and were replaced there as well.")
        if self.spans_lost:
            found.append(f"{self.spans_lost:,} spans of targets are gone with the text they stood on.")
        if self.emptied:
            found.append(f"{self.emptied:,} texts held nothing else: there the kind stands in place of the value.")
        return found
