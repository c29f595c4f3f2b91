"""Near words: in each step words are exchanged for their like where that hurts most, and the answer shall stay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, ClassVar

from beside.core.attacking import allowed
from beside.core.defending import Batch, Training, names_of
from beside.core.edits import Chosen, Spot, apart, filled
from beside.core.interfaces import Task
from beside.core.recipe import Recipe
from beside.defences._defence import Base, why_no_distance
from beside.defences._editing import editing_of, why_no_words

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class NearWords(Base):
    """Words exchanged by the gradient in every step (A2T, Yoo & Qi 2021), and the answer held (TRADES, Zhang et al. 2019).

    Of a few edited texts of a row, that one counts on which the loss is highest: one by the gradient, others drawn at random. It is
    learned that the answer to it is the answer to the row itself.

    Args:
        edits: perturbations that say what may stand where, with commas between them.
        words: largest share of a text's words that are exchanged.
        weight: of the divergence between the two answers.
        tries: texts that are tried for each row; 1 = the gradient alone.
    """

    edits: str = "synonyms"
    words: float = 0.3
    weight: float = 2.0
    tries: int = 3

    zh: ClassVar[str] = "近义词互换：每一步都在最要害处把词换成相近的词，答案应当不变"
    local: ClassVar[bool] = False

    def configured(self, recipe: Recipe) -> NearWords:
        return NearWords(recipe.attack_edits, recipe.attack_words, recipe.exchange_weight, recipe.exchange_tries)

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
        editing = editing_of("near_words", options.edits, training.subject(), training.examples())
        self.spots = cache(lambda text: apart(editing.spots(text), text))

    def losses(self, batch: Batch) -> Iterator[Tensor]:
        """The plain loss, and how far the answer to the worst of the edited texts is from that to the row."""
        edited = self.worst(batch)
        with batch.same_dropout():
            plain = batch.logits()
            yield batch.loss(plain) + self.options.weight * batch.apart(plain, batch.reading(edited).logits())

    def worst(self, batch: Batch) -> list[str]:
        """For each row the edited text on which its loss is highest, of those that are tried."""
        import torch

        texts = batch.texts()
        spots = [self.spots(text) for text in texts]
        rounds = [
            [steepest(text, *row, self.most(text)) for text, *row in zip(texts, spots, batch.rises(spots), strict=True)],
            *(self.drawn(texts) for _ in range(self.options.tries - 1)),
        ]
        if len(rounds) == 1:
            return rounds[0]
        with torch.no_grad():
            losses_RB = torch.stack([batch.reading(edited).each() for edited in rounds])
        return [rounds[best][row] for row, best in enumerate(losses_RB.argmax(dim=0).tolist())]

    def drawn(self, texts: Sequence[str]) -> list[str]:
        """Each text with exchanges drawn at random."""
        return [drawn_from(text, self.spots(text), self.most(text)) for text in texts]

    def most(self, text: str) -> int:
        """How many words of a text may be exchanged."""
        return allowed(text, self.options.words)


def steepest(text: str, spots: Sequence[Spot], rises: Sequence[Sequence[float]], most: int) -> str:
    """The text with those exchanges by which the loss is expected to rise most, one a spot."""
    best = [(max(row), place) for place, row in enumerate(rises)]
    taken = sorted(best, reverse=True)[:most]
    chosen: Chosen = tuple(sorted((place, list(rises[place]).index(rise)) for rise, place in taken if rise > 0))
    return filled(text, spots, chosen)


def drawn_from(text: str, spots: Sequence[Spot], most: int) -> str:
    """The text with exchanges drawn at random, from one to so many."""
    import torch

    if not spots:
        return text
    count = min(len(spots), int(torch.randint(1, most + 1, ())))
    places = torch.randperm(len(spots))[:count].tolist()
    return filled(text, spots, tuple(sorted((place, int(torch.randint(len(spots[place][2]), ()))) for place in places)))


defence = NearWords()
