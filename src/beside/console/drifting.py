"""What the page of a release tells of the looks for drift, in the words that an alarm has too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from beside.cards.alarm import aspect, changes, compared, since
from beside.cards.words import Words
from beside.core.drift import Look, Shift

SHOWN = 12  # looks, the newest; all of them are in `/v1/releases/{id}/drift`


@dataclass(frozen=True)
class Drifted:
    """The last look, as it is told, and those before it."""

    look: Look
    compared: str
    noticed: str  # when its alarms were; empty where there is none
    rows: tuple[tuple[str, str, Shift], ...]  # aspect, what changed, the test
    earlier: tuple[tuple[Look, tuple[str, ...]], ...]  # each with the aspects it alarmed of, the newest first


def drifted(looks: Sequence[Look], language: str) -> Drifted | None:
    """What is shown of looks, the oldest first; None where nobody looked yet."""
    if not looks:
        return None
    words, look, before = Words(language), looks[-1], looks[-SHOWN:-1]
    return Drifted(
        look=look,
        compared=compared(look, words),
        noticed=since(look, looks[-2] if len(looks) > 1 else None, words) if look.alarms else "",
        rows=tuple((aspect(one, words), changes(one, words), one) for one in look.shifts),
        earlier=tuple((one, tuple(aspect(each, words) for each in one.shifts if each.alarm)) for one in before[::-1]),
    )
