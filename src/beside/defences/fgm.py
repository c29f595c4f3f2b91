"""FGM: beside each batch, the same batch with its word vectors moved one step to where the loss is higher."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from beside.core.defending import Batch
from beside.core.recipe import Recipe
from beside.defences._defence import Base, directed

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Fgm(Base):
    """Adversarial training by the fast gradient method (Miyato et al. 2017).

    Args:
        epsilon: length of the step, in lengths of the row's vectors taken together.
        weight: of the loss there, beside the plain one.
    """

    epsilon: float = 0.1
    weight: float = 1.0

    zh: ClassVar[str] = "FGM：每个批次之外，再学习同一批次的词向量沿损失上升方向移动一步之后的样子"

    def configured(self, recipe: Recipe) -> Fgm:
        return Fgm(recipe.defence_epsilon, recipe.adversarial_weight)

    def losses(self, batch: Batch) -> Iterator[Tensor]:
        """The plain loss, and that of the moved vectors: two passes for the price of two."""
        still = batch.still()
        yield batch.loss(batch.logits(still))
        yield self.weight * batch.loss(batch.logits(self.moved(batch, still.grad)))

    def moved(self, batch: Batch, gradient: Tensor) -> Tensor:
        """The shift of length `epsilon` along the gradient, (B, L, H)."""
        return directed(gradient * batch.real()) * (self.epsilon * batch.lengths())


defence = Fgm()
