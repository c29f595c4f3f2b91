"""Near words: in each step words are exchanged for their like, and the answer shall stay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, ClassVar

from beside.core.attacking import allowed
from beside.core.defending import Batch, Training, names_of
from beside.core.edits import Spot, apart, filled
from beside.core.interfaces import Task
from beside.core.recipe import Recipe
from beside.defences._defence import Base, why_no_distance
from beside.defences._editing import editing_of, why_no_words

if TYPE_CHECKING:
    from torch import Tensor

NEARNESS = 0.6  # cosine from which words may stand for each other where there is no thesaurus; at 0.5 they often mean the opposite


@dataclass(frozen=True)
class NearWords(Base):
    """Words exchanged at random in every step, and the answer held (the divergence of TRADES, Zhang et al. 2019).

    Each pass of each row meets other exchanges, so that over a training most of what an attacker may write is seen. Exchanges that
    follow the gradient (A2T, Yoo & Qi 2021) withstood no more for the same accuracy, and took twice the time: docs/log.md.

    Args:
        edits: perturbations that say what may stand where, with commas between them.
        words: largest share of a text's words that are exchanged.
        weight: of the divergence between the two answers.
    """

    edits: str = "synonyms"
    words: float = 0.3
    weight: float = 2.0

    zh: ClassVar[str] = "近义词互换：每一步都随机把一些词换成相近的词，答案应当不变"
    local: ClassVar[bool] = False

    def configured(self, recipe: Recipe) -> NearWords:
        return NearWords(recipe.attack_edits, recipe.attack_words, recipe.exchange_weight)

    def why_not(self, task: Task, recipe: Recipe) -> str | None:
        if task.pairs == "must":
            return "a word exchanged in one of two texts can change the right answer"
        if task.per_token:
            return "each token has an answer of its own, and other words are other tokens"
        if "adversarial_examples" in names_of(recipe):
            return "adversarial_examples exchanges words already"
        return why_no_distance(task) or why_no_words(recipe)

    def begin(self, training: Training) -> Exchanging:
        """Raises BadOption when the rows are pairs, or nothing in them can be edited."""
        return Exchanging(self, training)


class Exchanging(Base):
    """Near words in one training: it knows what may stand where in each row."""

    def __init__(self, options: NearWords, training: Training) -> None:
        self.options = options
        editing = editing_of("near_words", options.edits, training.subject(), training.examples(), NEARNESS)
        self.spots = cache(lambda text: apart(editing.spots(text), text))

    def losses(self, batch: Batch) -> Iterator[Tensor]:
        """The plain loss, and how far the answer to the edited text is from that to the row."""
        edited = [drawn_from(text, self.spots(text), allowed(text, self.options.words)) for text in batch.texts()]
        with batch.same_dropout():
            plain = batch.logits()
            yield batch.loss(plain) + self.options.weight * batch.apart(plain, batch.reading(edited).logits())


def drawn_from(text: str, spots: Sequence[Spot], most: int) -> str:
    """The text with exchanges drawn at random, from one to so many."""
    import torch

    if not spots:
        return text
    count = min(len(spots), int(torch.randint(1, most + 1, ())))
    places = torch.randperm(len(spots))[:count].tolist()
    return filled(text, spots, tuple(sorted((place, int(torch.randint(len(spots[place][2]), ()))) for place in places)))


defence = NearWords()
