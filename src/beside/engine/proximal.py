"""FedProx: a site's weights are drawn back to those that the round began with (Li et al. 2020)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn


class Proximal:
    """A guide of the training loop that adds mu / 2 times the squared distance from the round's first weights.

    Args:
        parameters: what learns, standing where the round began.
        mu: weight of the distance; 0 is not asked for.
    """

    def __init__(self, parameters: Sequence[nn.Parameter], mu: float) -> None:
        self.parameters, self.mu = parameters, mu
        self.begun = [parameter.detach().clone() for parameter in parameters]

    def penalty(self) -> Tensor:
        """The added loss, a scalar."""
        away = torch.stack([((now - begun) ** 2).sum() for now, begun in zip(self.parameters, self.begun, strict=True)])
        return away.sum() * (self.mu / 2)

    def after(self, step: int) -> None:
        """Nothing is done between steps."""

    def settled(self, step: int) -> bool:
        """Any weights are as promised."""
        return True

    def told(self) -> str:
        """What it did."""
        return f"Held back towards the common weights with proximal_mu={self.mu:g}."

    def state(self) -> dict[str, Any]:
        """Where the round began: a checkpoint needs it."""
        return {str(place): begun for place, begun in enumerate(self.begun)}

    def put_back(self, tensors: dict[str, Any]) -> None:
        """What `state` gave."""
        self.begun = [tensors[str(place)] for place in range(len(self.begun))]
