"""Mixup: each batch as mixtures of two texts' vectors, with both texts' answers in the same shares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from beside.core.defending import Batch
from beside.core.interfaces import Task
from beside.core.recipe import Recipe
from beside.defences._defence import Base

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Mixup(Base):
    """Mixup of sentence vectors (senMixup, Guo et al. 2019; Zhang et al. 2018).

    Args:
        alpha: both shapes of the Beta distribution that the share is drawn from, one for each batch.
    """

    alpha: float = 1.0

    zh: ClassVar[str] = "Mixup：把两段文本的向量按比例混合，答案也按同样的比例混合"

    def configured(self, recipe: Recipe) -> Mixup:
        return Mixup(recipe.mixup_alpha)

    def why_not(self, task: Task, recipe: Recipe) -> str | None:
        return "it answers per token, and tokens of two texts have no places in common" if task.per_token else None

    def losses(self, batch: Batch) -> Iterator[Tensor]:
        """The loss of the mixture: one pass through the encoder, as without it."""
        import torch

        share = float(torch.distributions.Beta(self.alpha, self.alpha).sample())
        yield mixed(batch, share, torch.randperm(batch.size))


def mixed(batch: Batch, share: float, order: Tensor) -> Tensor:
    """Loss of each row's vector at `share` with that of its partner at 1 - `share`, against both answers in these shares.

    Args:
        order: each row's partner, (B,).
    """
    vectors_BH = batch.vectors()
    scores_BK = batch.scores(share * vectors_BH + (1 - share) * vectors_BH[order.to(vectors_BH.device)])
    return share * batch.loss(scores_BK) + (1 - share) * batch.loss(scores_BK, order)


defence = Mixup()
