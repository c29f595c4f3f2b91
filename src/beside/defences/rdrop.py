"""R-Drop: two passes of each batch with different dropout shall agree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from beside.core.defending import Batch
from beside.core.interfaces import Task
from beside.core.recipe import Recipe
from beside.defences._defence import Base, why_no_distance

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class RDrop(Base):
    """Regularised dropout (Liang et al. 2021).

    Args:
        weight: of the divergence between both passes; the paper takes 1 to 5.
    """

    weight: float = 1.0

    zh: ClassVar[str] = "R-Drop：每个批次以不同的 dropout 前向两次，结果应当一致"
    row_by_row: ClassVar[int] = 2

    def configured(self, recipe: Recipe) -> RDrop:
        return RDrop(recipe.rdrop_weight)

    def why_not(self, task: Task, recipe: Recipe) -> str | None:
        return why_no_distance(task)

    def losses(self, batch: Batch) -> Iterator[Tensor]:
        """The mean loss of both passes and what they differ by: a step costs double."""
        first, second = batch.logits(), batch.logits()
        yield (batch.loss(first) + batch.loss(second)) / 2 + self.weight * batch.apart(first, second)


defence = RDrop()
