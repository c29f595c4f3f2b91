"""Gradient steps that compare rows with each other: rows of one label shall lie close, others far apart.

Suffixes: B batch, H hidden size.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from beside.engine.fit import Fit
from beside.engine.rows import balanced

TEMPERATURE = 0.1  # of the softmax over cosines


class PairFit(Fit):
    """The one training loop with batches and loss of pairs; everything else, resuming too, is the loop's own."""

    def plan(self, epoch: int) -> list[np.ndarray]:
        """The batches of an epoch: a pure function of seed and epoch."""
        rng, classes = np.random.default_rng((self.recipe.seed, epoch)), np.asarray(self.rows.targets)
        shown = np.arange(len(classes)) if self.recipe.sampling == "none" else balanced(self.rows.targets, rng)
        return [shown[batch] for batch in paired(classes[shown], self.batch_size, rng)]

    def part_of(self, batch: np.ndarray) -> Tensor:
        """The mean contrastive loss of a batch; each process makes the vectors of its rows and compares them with all others'."""
        own, width = self.team.share(batch), self.model.width
        with self.products():
            vectors_BH = self.rows.feed.vectors(own).float() if len(own) else torch.zeros(0, width, device=self.device)
        loss = contrast(self.team.gather(vectors_BH, len(batch)), self.targets_N[torch.from_numpy(batch)])
        return loss - loss.detach() if self.team.rank else loss  # its value counts once, its gradient through every row


def paired(classes: Sequence[str] | np.ndarray, batch_size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Row positions of each batch; every row comes in an epoch and meets another of its class in its batch.

    The odd row of a class meets one that comes a second time, a class's only row meets itself under other dropout (as in SimCSE,
    Gao et al. 2021). Memory O(rows): no pair is ever listed. The number of batches depends on classes and batch size alone.

    Args:
        classes: class of each row.
        batch_size: rows per batch; an odd size is rounded down, and 2 is the least.
        rng: decides who meets whom.
    """
    _, codes = np.unique(np.asarray(classes), return_inverse=True)
    luck = rng.permutation(len(codes))
    order = luck[np.argsort(codes[luck], kind="stable")]  # by class, in random order within
    begins = np.flatnonzero(np.r_[True, np.diff(codes[order]) != 0])
    couples = []
    for rows in np.split(order, begins[1:]):
        even = rows if len(rows) % 2 == 0 else np.append(rows, rows[0])
        couples.append(even.reshape(-1, 2))
    met = rng.permutation(np.concatenate(couples))
    size = max(1, batch_size // 2)
    return [met[start : start + size].ravel() for start in range(0, len(met), size)]


def contrast(vectors_BH: Tensor, targets_B: Tensor) -> Tensor:
    """Supervised contrastive loss in nats (Khosla et al. 2020): each row should find those of its class among all others.

    Args:
        vectors_BH: any length; cosines count.
        targets_B: class positions; a row without another of its class counts for nothing.
    """
    unit_BH = normalize(vectors_BH, dim=-1)
    itself_BB = torch.eye(len(targets_B), dtype=torch.bool, device=targets_B.device)
    alike_BB = unit_BH @ unit_BH.T / TEMPERATURE
    logs_BB = alike_BB - alike_BB.masked_fill(itself_BB, -torch.inf).logsumexp(dim=1, keepdim=True)
    same_BB = (targets_B[:, None] == targets_B) & ~itself_BB
    friends_B = same_BB.sum(dim=1)
    each_B = -(logs_BB * same_BB).sum(dim=1) / friends_B.clamp_min(1)
    return each_B.sum() / (friends_B > 0).sum().clamp_min(1)
