"""PGD: beside each batch, the same batch with its word vectors where several steps find the highest loss nearby."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from beside.core.defending import Batch
from beside.core.recipe import Recipe
from beside.defences._defence import USUAL, Base, anywhere, directed, within

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Pgd(Base):
    """Adversarial training by projected gradient ascent from a random start (Madry et al. 2018).

    Args:
        epsilon: radius of the ball, in lengths of the row's vectors taken together.
        steps: of ascent.
        step_size: length of each, in radii; None = 2.5 / steps.
        weight: of the loss where it ends, beside the plain one.
    """

    epsilon: float = 0.1
    steps: int = 3
    step_size: float | None = None
    weight: float = 1.0

    zh: ClassVar[str] = "PGD：每个批次之外，再学习同一批次的词向量在附近若干步找到的损失最高处的样子"

    def configured(self, recipe: Recipe) -> Pgd:
        return Pgd(recipe.defence_epsilon, recipe.defence_steps, recipe.defence_step_size, recipe.adversarial_weight)

    def losses(self, batch: Batch) -> Iterator[Tensor]:
        """The plain loss, and the one where the ascent ends: steps + 2 passes."""
        yield batch.loss(batch.logits())
        yield self.weight * batch.loss(batch.logits(self.worst(batch)))

    def worst(self, batch: Batch) -> Tensor:
        """The shift at which the ascent ends, (B, L, H)."""
        radius_B11 = self.epsilon * batch.lengths()
        shift_BLH = anywhere(batch, radius_B11)
        for _ in range(self.steps):
            shift_BLH = self.ascended(batch, shift_BLH, radius_B11)
        return shift_BLH

    def ascended(self, batch: Batch, shift_BLH: Tensor, radius_B11: Tensor) -> Tensor:
        """The shift one step further up, within the ball."""
        shift_BLH = shift_BLH.detach().requires_grad_()
        gradient_BLH = batch.gradient(batch.loss(batch.logits(shift_BLH)), shift_BLH) * batch.real()
        step_B11 = (self.step_size or USUAL / self.steps) * radius_B11
        return within(shift_BLH.detach() + directed(gradient_BLH) * step_B11, radius_B11)


defence = Pgd()
