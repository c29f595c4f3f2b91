"""Fields of the forms that are made from what they set: a recipe's knobs, a capability's options. None is typed twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from beside.cards.words import Words
from beside.core import registry
from beside.core.options import settable, written

LONGEST = 200  # characters of one value
PLAIN = ("name", "yes or no")  # units that say nothing more


@dataclass(frozen=True)
class Knob:
    """One field of a form."""

    name: str
    unit: str
    reason: str
    choices: tuple[str, ...]  # all that may be chosen; empty = anything may be written
    offered: tuple[str, ...]  # values to start from where anything may be written
    default: str  # empty = chosen from the data
    typed: str


def option_fields(family: str, name: str, language: str, typed: Mapping[str, str]) -> list[Knob]:
    """The options of a capability, in their order, each called `name.option`, with unit and reason in the language of the page."""
    capability, words = registry.load(family, name), Words(language)
    hints = get_type_hints(type(capability))
    shown = []
    for one in settable(capability):
        place, unit = f"{name}.{one.name}", str(one.metadata.get("unit", ""))
        shown.append(
            Knob(
                name=place,
                unit="" if unit in PLAIN else words.name("knob_units", unit),
                reason=words.known("options", place) or str(one.metadata.get("reason", "")),
                choices=choices(hints[one.name]),
                offered=(),
                default=written(one.default),
                typed=typed.get(place, ""),
            )
        )
    return shown


def choices(kind: Any) -> tuple[str, ...]:
    """The values of a type, where they can be counted."""
    kinds = get_args(kind) if get_origin(kind) is not Literal and get_args(kind) else (kind,)
    if bool in kinds:
        return ("true", "false")
    return next((get_args(one) for one in kinds if get_origin(one) is Literal), ())


def summary(family: str, name: str, language: str) -> str:
    """What a capability is, in one line."""
    return str(registry.load(family, name).zh) if language == "zh" else registry.summary(family, name)
