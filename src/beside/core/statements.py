"""Statements of people about a model: who wrote what when; the newest counts, the earlier ones are kept."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Literal

from beside.core.errors import BadInput, BadOption
from beside.core.questions import KEYS, QUESTIONS
from beside.core.recipe import Policy
from beside.core.registry import unknown
from beside.core.types import Value

LONGEST = 10_000  # characters of one statement
Tongue = Literal["en", "zh"]


class Statement(Value):
    """The answer of a person to one question, in one language."""

    key: str
    language: Tongue
    text: str
    who: str
    at: datetime


def stated(key: str, language: str, text: str, who: str, at: datetime) -> Statement:
    """A statement that may be kept.

    Raises:
        UnknownName: there is no such question.
        BadOption: no such language.
        BadInput: nothing is said, too much, or characters that no page can show.
    """
    if key not in KEYS:
        raise unknown("statement", key, list(KEYS))
    if language not in ("en", "zh"):
        raise BadOption(f"There is no language '{language}'.", "Languages: en, zh.")
    plain = text.replace("\r\n", "\n").strip()
    if not plain:
        raise BadInput(f"The statement '{key}' says nothing.", "Write at least one sentence.")
    if len(plain) > LONGEST:
        raise BadInput(f"The statement '{key}' has {len(plain):,} characters.", f"A statement may have {LONGEST:,}.")
    if odd := sorted({f"U+{ord(sign):04X}" for sign in plain if unprintable(sign)}):
        raise BadInput(f"The statement '{key}' holds {', '.join(odd[:3])}.", "Leave out control characters; line breaks are fine.")
    return Statement.model_validate({"key": key, "language": language, "text": plain, "who": who, "at": at})


def unprintable(sign: str) -> bool:
    """Whether no page and no database shows this character: controls, halves of surrogate pairs, what is no character."""
    code = ord(sign)
    control = (code < 0x20 and sign not in "\n\t") or 0x7F <= code < 0xA0
    return control or 0xD800 <= code < 0xE000 or code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF


def current(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """The newest statement of each question and language, in the order of the questions."""
    newest: dict[tuple[str, str], Statement] = {}
    for one in sorted(statements, key=lambda one: one.at):
        newest[one.key, one.language] = one
    return tuple(sorted(newest.values(), key=lambda one: (KEYS.index(one.key) if one.key in KEYS else len(KEYS), one.language)))


def answer(statements: Sequence[Statement], key: str, language: str) -> Statement | None:
    """What was written on a question: in this language if it was, else in the other; None when nobody wrote."""
    found = [one for one in current(statements) if one.key == key]
    return next((one for one in found if one.language == language), found[0] if found else None)


def missing(policy: Policy, written: Collection[str]) -> list[str]:
    """Keys that nobody answered, those that the policy requires first."""
    open_keys = [question.key for question in QUESTIONS if question.key not in written]
    return sorted(open_keys, key=lambda key: key not in policy.statements)


def objections(policy: Policy, written: Collection[str]) -> list[str]:
    """Why the policy does not let this be released: a statement that it requires and nobody wrote."""
    open_keys = (key for key in policy.statements if key not in written)
    return [f"The statement '{key}' is required by the policy and not written yet." for key in open_keys]
