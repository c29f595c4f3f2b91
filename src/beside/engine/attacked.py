"""Training on rows that are attacked anew before each epoch: the one training loop with a few more rows, which change.

How many there are is fixed, so that every epoch has as many steps; which rows are attacked follows from seed and epoch alone, and
what became of them is kept in the checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from beside.core.defending import Batch, asked
from beside.core.types import Example
from beside.engine.feed import Feed
from beside.engine.fit import Fit, Rows
from beside.engine.model import Model
from beside.engine.rows import bucketed
from beside.engine.runtime import TorchSubject

ATTACK = 7  # begins the seed of which rows are attacked, so that it is not that of the epoch's order


class Joined(Feed):
    """Rows of two feeds one behind the other; a batch holds rows of one of them."""

    def __init__(self, first: Feed, count: int) -> None:
        """Args: count: rows of the second, which are not known yet."""
        self.first, self.count, self.second = first, count, first
        self.model, self.pad_id, self.team, self.progress = first.model, first.pad_id, first.team, first.progress
        self.ids, self.states_TH = list(first.ids), first.states_TH
        self.lengths = np.concatenate([first.lengths, np.zeros(count, dtype=first.lengths.dtype)])

    def put(self, ids: Sequence[np.ndarray]) -> None:
        """The rows of the second feed from now on."""
        self.second = Feed(self.model, ids, self.pad_id, None, self.team)
        self.lengths = np.concatenate([self.first.lengths, self.second.lengths])

    def part(self, batch: np.ndarray) -> tuple[Feed, np.ndarray]:
        """The feed of a batch, and its rows' places there."""
        start = len(self.first.ids)
        return (self.second, batch - start) if batch[0] >= start else (self.first, batch)

    def vectors(self, batch: np.ndarray, shift_BLH: Tensor | None = None) -> Tensor:
        """One pooled vector per row of the batch, (B, H)."""
        feed, own = self.part(batch)
        return feed.vectors(own, shift_BLH)

    def given(self, batch: np.ndarray) -> tuple[Tensor, Tensor | None]:
        """What goes into the first layer that learns, and the mask."""
        feed, own = self.part(batch)
        return feed.given(own)


class AttackedFit(Fit):
    """The one training loop, its rows joined before each epoch by attacked ones.

    Args:
        subject: the model in training, as an attack asks it.
    """

    def __init__(self, model: Model, names: list[str], rows: Rows, *, subject: TorchSubject, **given: Any) -> None:
        self.subject = subject
        self.examples = [
            Example(id=str(at), text=text, target=target)
            for at, (text, target) in enumerate(zip(rows.texts, rows.targets, strict=True))
        ]
        defence: Any = next(one for one in asked(given["recipe"]).values() if one.attacks)
        self.count = max(1, round(defence.share * len(self.examples)))
        self.feed = Joined(rows.feed, self.count)
        super().__init__(model, names, replace(rows, feed=self.feed), **given)
        self.defence = defence.ready(subject, self.examples)
        self.fresh = Fresh(self)
        self.defences.members["adversarial_examples"] = self.fresh

    def plan(self, epoch: int) -> list[np.ndarray]:
        """The batches of an epoch, each of the corpus's rows or of attacked ones."""
        rng, own = np.random.default_rng((self.recipe.seed, epoch)), len(self.examples)
        lengths = self.feed.lengths
        batches = bucketed(lengths[:own], self.batch_size, rng)
        batches += [own + batch for batch in bucketed(lengths[own:], self.batch_size, rng)]
        return [batches[place] for place in rng.permutation(len(batches))]

    def one_epoch(self) -> None:
        """Attacks, unless this epoch's attack was put back, then the epoch."""
        if self.fresh.epoch != self.epoch:
            self.fresh.attack()
        super().one_epoch()


class Fresh:
    """The attacked rows of an epoch, as a part of the training that a checkpoint keeps."""

    def __init__(self, fit: AttackedFit) -> None:
        self.fit, self.epoch, self.ids = fit, -1, list[np.ndarray]()
        self.chosen = np.zeros(0, dtype=np.int64)
        self.own_targets = fit.targets_N

    def attack(self) -> None:
        """Attacks the rows of this epoch on the weights as they are."""
        fit, rng = self.fit, np.random.default_rng((self.fit.recipe.seed, self.fit.epoch, ATTACK))
        self.epoch, self.chosen = fit.epoch, np.sort(rng.permutation(len(fit.examples))[: fit.count])
        rows = [fit.examples[place] for place in self.chosen]
        found = fit.defence.attacked(fit.subject, [row.text for row in rows], [str(row.target) for row in rows])
        self.ids = fit.subject.tokens.encode([one.edited for one in found])
        self.put()
        fooled, tried = sum(one.ended == "fooled" for one in found), sum(one.ended in ("fooled", "held") for one in found)
        fit.progress.say(
            f"Epoch {fit.epoch + 1}: {fooled} of {tried} rows that were answered rightly are answered wrongly after an attack; "
            f"all {len(found)} attacked rows are learned along."
        )

    def put(self) -> None:
        """Makes them rows of the training."""
        self.fit.feed.put(self.ids)
        self.fit.targets_N = torch.cat([self.own_targets, self.own_targets[torch.from_numpy(self.chosen)]])

    def start(self) -> None:
        """Nothing is to be made ready: an epoch begins with its attack."""

    def losses(self, batch: Batch) -> Iterator[Tensor]:
        """The plain loss: only the rows are others."""
        yield batch.loss(batch.logits())

    def penalty(self) -> None:
        """Nothing is added."""

    def after(self, step: int) -> None:
        """Nothing is done between steps."""

    def state(self) -> dict[str, Tensor]:
        """Which rows, and what became of them."""
        if self.epoch < 0:
            return {}
        return {
            "epoch": torch.tensor([self.epoch]),
            "chosen": torch.from_numpy(self.chosen),
            "ids": torch.from_numpy(np.concatenate(self.ids).astype(np.int64)),
            "lengths": torch.tensor([len(row) for row in self.ids]),
        }

    def put_back(self, tensors: dict[str, Tensor]) -> None:
        """What `state` gave."""
        if not tensors:
            return
        self.epoch, self.chosen = int(tensors["epoch"]), tensors["chosen"].cpu().numpy()
        ends = np.cumsum(tensors["lengths"].cpu().numpy())[:-1]
        self.ids = np.split(tensors["ids"].cpu().numpy(), ends)
        self.put()
