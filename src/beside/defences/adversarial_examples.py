"""Adversarial examples: before each epoch some rows are attacked, and what fools the model as it is now is learned along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from beside.core.attacking import Attacked, Limits, attack
from beside.core.interfaces import Subject, Task
from beside.core.recipe import Recipe
from beside.core.types import Example
from beside.defences._defence import Base, why_no_distance
from beside.defences._editing import Editing, editing_of, why_no_words

NEARNESS = 0.5  # cosine from which words may stand for each other where there is no thesaurus


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
    editing: Editing = field(default=Editing(()), compare=False)  # what may stand where, once the rows are seen

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
        return why_no_distance(task) or why_no_words(recipe)

    def ready(self, subject: Subject, rows: Sequence[Example]) -> AdversarialExamples:
        """The defence once it has seen the rows and the model before its first step, whose near words stand in for a thesaurus.

        Raises:
            BadOption: the rows are pairs, or nothing in them can be edited.
        """
        return replace(self, editing=editing_of("adversarial_examples", self.edits, subject, rows, NEARNESS))

    def attacked(self, subject: Subject, texts: Sequence[str], targets: Sequence[str]) -> list[Attacked]:
        """What the attack made of each text; where the answer held, the text that it held on most barely."""
        limits = Limits(share=self.words, queries=self.queries)
        return attack(subject, texts, targets, [self.editing.spots(text) for text in texts], limits=limits)


defence = AdversarialExamples()
