"""Adversarial examples: before each epoch some rows are attacked, and what fools the model as it is now is learned along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

from beside.core.attacking import Attacked, Limits, attack
from beside.core.edits import Spot
from beside.core.errors import BadOption
from beside.core.interfaces import Subject, Task
from beside.core.near_words import nearest, vocabulary
from beside.core.pairs import is_pair
from beside.core.recipe import Recipe
from beside.core.registry import load
from beside.core.types import Example
from beside.defences._defence import Base, why_no_distance

# where there is no thesaurus: words of the rows may stand for each other from this cosine on, so many for a word
NEARNESS, OTHERS = 0.5, 12


@dataclass(frozen=True)
class AdversarialExamples(Base):
    """Adversarial training on texts: fresh attacks on the present weights each epoch (Yoo & Qi 2021, A2T; Jin et al. 2020).

    Args:
        share: of the rows that are attacked in each epoch, others each time.
        edits: perturbations that say what may stand where, with commas between them.
        words: largest share of a text's words that may be edited.
        queries: texts that the model may be asked for one row.
    """

    share: float = 0.25
    edits: str = "synonyms"
    words: float = 0.3
    queries: int = 80
    near: dict[str, tuple[str, ...]] = field(default_factory=dict, compare=False)  # word -> words that may stand for it
    known: frozenset[str] = field(default=frozenset(), compare=False)  # words of the rows

    zh: ClassVar[str] = "对抗样本：每轮之前攻击一部分行，把能骗过当前模型的文本与原来的行一起学"
    touches: ClassVar[Literal["loss", "weights", "rows"]] = "rows"
    local: ClassVar[bool] = False
    attacks: ClassVar[bool] = True

    def configured(self, recipe: Recipe) -> AdversarialExamples:
        return AdversarialExamples(recipe.attacked_share, recipe.attack_edits, recipe.attack_words, recipe.attack_queries)

    def why_not(self, task: Task, recipe: Recipe) -> str | None:
        if task.pairs == "must":
            return "a word exchanged in one of two texts can change the right answer"
        if recipe.processes > 1:
            return "the rows of an epoch are made by one process"
        if recipe.sampling != "none":
            return f"with sampling={recipe.sampling} an epoch's steps would depend on what is attacked"
        return why_no_distance(task)

    def ready(self, subject: Subject, rows: Sequence[Example]) -> AdversarialExamples:
        """The defence once it has seen the rows and the model before its first step, whose near words stand in for a thesaurus.

        Raises:
            BadOption: the rows are pairs, or nothing in them can be edited.
        """
        if any(is_pair(row.text) for row in rows):
            raise BadOption("Cannot defend with adversarial_examples: the rows are pairs of texts.", "Set another defence.")
        known = frozenset(vocabulary(rows))
        table: dict[str, tuple[str, ...]] = {}
        if "synonyms" in self.kinds() and not load("perturbations", "synonyms").paths():
            table = nearest(subject, rows, NEARNESS, OTHERS)
        found = replace(self, near=table, known=known)
        if not any(found.spots(row.text) for row in rows):
            raise BadOption(
                f"Cannot defend with adversarial_examples: in no row anything can be edited by {self.edits}.",
                "Set attack_edits to others, for example typos; or name a thesaurus in BESIDE_SYNONYMS.",
            )
        return found

    def kinds(self) -> list[str]:
        """The perturbations that are asked what may stand where."""
        return [name.strip() for name in self.edits.split(",") if name.strip()]

    def spots(self, text: str) -> list[Spot]:
        """Places of a text, and what may stand there instead."""
        found: list[Spot] = []
        for name in self.kinds():
            perturbation: Any = load("perturbations", name)
            if not hasattr(perturbation, "spots"):
                raise BadOption(f"Cannot attack with {name}: it does not say what may stand where.", "Set attack_edits to another.")
            if name == "synonyms":
                perturbation = replace(perturbation, neighbours=self.near, inflected=bool(self.near), vocabulary=self.known)
            found += perturbation.spots(text)
        return found

    def attacked(self, subject: Subject, texts: Sequence[str], targets: Sequence[str]) -> list[Attacked]:
        """What the attack made of each text; where the answer held, the text that it held on most barely."""
        limits = Limits(share=self.words, queries=self.queries)
        return attack(subject, texts, targets, [self.spots(text) for text in texts], limits=limits)


defence = AdversarialExamples()
