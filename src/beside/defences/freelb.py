"""FreeLB: each batch at several places around its word vectors, every step up also a step of learning."""

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
class FreeLb(Base):
    """Free large-batch adversarial training (Zhu et al. 2020): the mean gradient of all points on the way up.

    The same numbers are dropped at every point, so that the way up is one of one function (their section 3.3).

    Args:
        epsilon: radius of the ball, in lengths of the row's vectors taken together.
        steps: points, each a pass.
        step_size: length of a step, in radii; None = 2.5 / steps.
    """

    epsilon: float = 0.1
    steps: int = 3
    step_size: float | None = None

    zh: ClassVar[str] = "FreeLB：在词向量周围的若干处学习每个批次，每一步上升同时也是一步学习"

    def configured(self, recipe: Recipe) -> FreeLb:
        return FreeLb(recipe.defence_epsilon, recipe.defence_steps, recipe.defence_step_size)

    def losses(self, batch: Batch) -> Iterator[Tensor]:
        """The loss at each point over their number."""
        radius_B11 = self.epsilon * batch.lengths()
        shift_BLH = anywhere(batch, radius_B11)
        step_B11 = (self.step_size or USUAL / self.steps) * radius_B11
        with batch.same_dropout():
            for _ in range(self.steps):
                shift_BLH = shift_BLH.detach().requires_grad_()
                yield batch.loss(batch.logits(shift_BLH)) / self.steps
                moved_BLH = shift_BLH.detach() + directed(shift_BLH.grad * batch.real()) * step_B11
                shift_BLH = within(moved_BLH, radius_B11)


defence = FreeLb()
