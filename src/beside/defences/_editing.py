"""What may stand where in the rows of a training: words that edits put into a text, for the defences that change texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from beside.core.edits import Spot
from beside.core.errors import BadOption
from beside.core.interfaces import Subject
from beside.core.near_words import nearest, vocabulary
from beside.core.pairs import is_pair
from beside.core.recipe import Recipe
from beside.core.registry import load
from beside.core.types import Example

OTHERS = 12  # words of the rows that may stand for one, where there is no thesaurus


@dataclass(frozen=True)
class Editing:
    """Which edits a text can take.

    Args:
        kinds: names of the perturbations that are asked what may stand where.
        near: word -> words that may stand for it, where there is no thesaurus.
        known: words of the rows; nothing else comes in.
    """

    kinds: tuple[str, ...]
    near: Mapping[str, Sequence[str]] = field(default_factory=dict, compare=False)
    known: frozenset[str] = field(default=frozenset(), compare=False)

    def spots(self, text: str) -> list[Spot]:
        """Places of a text, and what may stand there instead.

        Raises:
            BadOption: a perturbation does not say that.
        """
        found: list[Spot] = []
        for name in self.kinds:
            perturbation: Any = load("perturbations", name)
            if not hasattr(perturbation, "spots"):
                raise BadOption(f"Cannot attack with {name}: it does not say what may stand where.", "Set attack_edits to another.")
            if name == "synonyms":
                perturbation = replace(perturbation, neighbours=self.near, inflected=bool(self.near), vocabulary=self.known)
            found += perturbation.spots(text)
        return found


def why_no_words(recipe: Recipe) -> str | None:
    """Why a base cannot say which words are near, a clause; None when it can, or a thesaurus does."""
    if recipe.base != "scratch" or "synonyms" not in named(recipe.attack_edits) or load("perturbations", "synonyms").paths():
        return None
    return "the base scratch knows no near words before its training, and BESIDE_SYNONYMS names no thesaurus"


def named(edits: str) -> tuple[str, ...]:
    """The perturbations that are asked what may stand where."""
    return tuple(name.strip() for name in edits.split(",") if name.strip())


def editing_of(defence: str, edits: str, subject: Subject, rows: Sequence[Example], nearness: float) -> Editing:
    """What may stand where in these rows, to the model before its first step, whose near words stand in for a thesaurus.

    Args:
        defence: whose name a refusal says.
        edits: perturbations, with commas between them.
        nearness: cosine from which words of the rows may stand for each other where there is no thesaurus.

    Raises:
        BadOption: the rows are pairs, or nothing in them can be edited.
    """
    if any(is_pair(row.text) for row in rows):
        raise BadOption(f"Cannot defend with {defence}: the rows are pairs of texts.", "Set another defence.")
    kinds = named(edits)
    near: dict[str, tuple[str, ...]] = {}
    if "synonyms" in kinds and not load("perturbations", "synonyms").paths():
        near = nearest(subject, rows, nearness, OTHERS)
    found = Editing(kinds, near, frozenset(vocabulary(rows)))
    if not any(found.spots(row.text) for row in rows):
        raise BadOption(
            f"Cannot defend with {defence}: in no row anything can be edited by {edits}.",
            "Set attack_edits to others, for example typos; or name a thesaurus in BESIDE_SYNONYMS.",
        )
    return found
