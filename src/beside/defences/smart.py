"""SMART: answers shall hardly change near a row, nor run ahead of those of the averaged weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from beside.core.defending import Batch, Training
from beside.core.interfaces import Task
from beside.core.recipe import Recipe
from beside.defences._defence import Base, directed, why_no_distance

if TYPE_CHECKING:
    from torch import Tensor

NOISE = 1e-2  # of the radius: the random first move, from whose place the gradient is no zero


@dataclass(frozen=True)
class Smart(Base):
    """Smoothness-inducing regularisation and Bregman proximal point optimisation with momentum (Jiang et al. 2020).

    The neighbourhood is a ball, and the worst point in it is sought by one step up, as in the paper's experiments.

    Args:
        epsilon: radius, in lengths of the row's vectors taken together.
        weight: of the divergence between the row and its worst neighbour (lambda).
        proximal: of the divergence from what the averaged weights answer (mu); 0 = off, which saves a pass.
        momentum: share of the averaged weights that stays in each step (beta).
    """

    epsilon: float = 0.1
    weight: float = 1.0
    proximal: float = 1.0
    momentum: float = 0.99

    zh: ClassVar[str] = "SMART：答案在一行附近应当几乎不变，也不应跑到平均权重的答案前面太远"
    local: ClassVar[bool] = False

    def configured(self, recipe: Recipe) -> Smart:
        return Smart(recipe.defence_epsilon, recipe.smart_weight, recipe.smart_proximal, recipe.smart_momentum)

    def why_not(self, task: Task, recipe: Recipe) -> str | None:
        return why_no_distance(task)

    def begin(self, training: Training) -> Smoothing:
        return Smoothing(self, training)


class Smoothing(Base):
    """SMART in one training: it keeps the averaged weights."""

    def __init__(self, options: Smart, training: Training) -> None:
        self.options, self.training = options, training
        self.averaged: list[Tensor] = []

    def start(self) -> None:
        """The averaged weights begin with the present ones, unless some were put back."""
        if self.options.proximal and not self.averaged:
            self.averaged = [parameter.detach().clone() for parameter in self.training.learning()]

    def losses(self, batch: Batch) -> Iterator[Tensor]:
        """The plain loss and both penalties, in one sum; every pass drops the same numbers, so that only moves tell."""
        noise_BLH = self.noise(batch)  # drawn before the generator is put back
        with batch.same_dropout():
            before = self.before(batch)
            plain = batch.logits()
            loss = batch.loss(plain)
            loss = loss + self.options.weight * batch.apart(plain, batch.logits(self.worst(batch, plain.detach(), noise_BLH)))
            if before is not None:
                loss = loss + self.options.proximal * batch.apart(plain, before)
        yield loss

    def before(self, batch: Batch) -> Tensor | None:
        """What the averaged weights answer; None where nobody asks."""
        import torch

        if not self.options.proximal:
            return None
        with torch.no_grad(), self.training.with_weights(self.averaged):
            return batch.logits()

    def noise(self, batch: Batch) -> Tensor:
        """The small random first move, (B, L, H)."""
        import torch

        still_BLH = batch.still().detach()
        noise_BLH = torch.randn(still_BLH.shape, device="cpu").to(still_BLH.device) * batch.real()
        return directed(noise_BLH) * (NOISE * self.options.epsilon * batch.lengths())

    def worst(self, batch: Batch, plain: Tensor, noise_BLH: Tensor) -> Tensor:
        """The shift within the ball at which the answer differs most, by one step up from the noise; (B, L, H)."""
        shift_BLH, radius_B11 = noise_BLH.requires_grad_(), self.options.epsilon * batch.lengths()
        gradient_BLH = batch.gradient(batch.apart(plain, batch.logits(shift_BLH)), shift_BLH)
        return directed(gradient_BLH * batch.real()) * radius_B11

    def after(self, step: int) -> None:
        """The averaged weights follow."""
        import torch

        with torch.no_grad():
            for average, parameter in zip(self.averaged, self.training.learning(), strict=False):
                average.lerp_(parameter.detach(), 1 - self.options.momentum)

    def state(self) -> dict[str, Tensor]:
        """The averaged weights."""
        return {f"averaged.{place}": average for place, average in enumerate(self.averaged)}

    def put_back(self, tensors: dict[str, Tensor]) -> None:
        """What `state` gave."""
        self.averaged = [tensors[f"averaged.{place}"] for place in range(len(tensors))]


defence = Smart()
