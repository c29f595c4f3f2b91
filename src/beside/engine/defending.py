"""The defences of a training in the one training loop: what they see of it, and all of them as one.

Tensor suffixes: B batch, L sequence length, H hidden size, K outputs of the head.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from beside.core.defending import Batch, Defending, asked
from beside.core.interfaces import Subject
from beside.core.types import Example
from beside.engine.devices import put_random_state_back, random_state
from beside.engine.feed import Feed, Unkept
from beside.engine.losses import divergence

if TYPE_CHECKING:
    from beside.engine.fit import Fit


class Passes:
    """Some rows of a training, as a defence passes them through the model (`core.defending.Batch`).

    Args:
        rows: their places.
        feed: they come from; None = the training's own.
    """

    def __init__(self, fit: Fit, rows: np.ndarray, feed: Feed | None = None) -> None:
        self.fit, self.rows, self.size, self.feed = fit, rows, len(rows), feed or fit.rows.feed
        self.drawn: dict[str, Tensor] | None = None  # where every pass draws its dropout from; None = wherever the generator stands

    def logits(self, shift: Tensor | None = None) -> Tensor:
        """One pass through the model, fp32, (B, K) or (B, L, K)."""
        self.drop_alike()
        with self.fit.products():
            return self.feed.logits(self.rows, shift).float()

    @property
    def targets(self) -> Tensor:
        """The rows' answers as the loss takes them."""
        return self.fit.targets_N[torch.from_numpy(self.rows)]

    def vectors(self) -> Tensor:
        """What the head reads, fp32, (B, H)."""
        self.drop_alike()
        with self.fit.products():
            return self.feed.vectors(self.rows).float()

    def scores(self, vectors: Tensor) -> Tensor:
        """Logits of such vectors, fp32, (B, K)."""
        with self.fit.products():
            return self.feed.scores(vectors).float()

    def loss(self, logits: Tensor, order: Tensor | None = None) -> Tensor:
        """Mean loss of the rows, in nats."""
        return self.fit.criterion(logits, self.targets if order is None else self.targets[order.to(self.targets.device)])

    def apart(self, first: Tensor, second: Tensor) -> Tensor:
        """Mean of both Kullback-Leibler divergences, in nats."""
        return divergence(self.log_probabilities(first), self.log_probabilities(second))

    def log_probabilities(self, logits: Tensor) -> Tensor:
        """Log probability of every answer, in nats."""
        return self.fit.criterion.log_probabilities(logits)

    @cached_property
    def given(self) -> tuple[Tensor, Tensor]:
        """The vectors that a shift is added to, (B, L, H), and which of them are real, (B, L, 1); no gradient goes back."""
        with torch.no_grad():
            vectors_BLH, mask_BL = self.feed.given(self.rows)
        real = torch.ones_like(vectors_BLH[..., :1]) if mask_BL is None else mask_BL.unsqueeze(-1).to(vectors_BLH.dtype)
        return vectors_BLH * real, real

    def still(self) -> Tensor:
        """A shift of nothing, (B, L, H)."""
        return torch.zeros_like(self.given[0]).requires_grad_()

    def real(self) -> Tensor:
        """1 for each real token, 0 for padding, (B, L, 1)."""
        return self.given[1]

    def lengths(self) -> Tensor:
        """Length of each row's vectors taken together, (B, 1, 1)."""
        return self.given[0].flatten(1).norm(dim=1)[:, None, None]

    def gradient(self, loss: Tensor, shift: Tensor) -> Tensor:
        """The gradient of a loss in a shift, up to a positive factor, (B, L, H)."""
        found: Tensor = torch.autograd.grad(self.fit.scaler.scale(loss), shift)[0]  # scaled: fp16 knows no small numbers
        return found

    @contextmanager
    def same_dropout(self) -> Iterator[None]:
        """While the block lasts, every pass drops the same numbers."""
        self.drawn = random_state(self.fit.device)
        try:
            yield
        finally:
            self.drawn = None

    def texts(self) -> list[str]:
        """The rows as people read them."""
        return [self.fit.rows.texts[row] for row in self.rows]

    def reading(self, texts: Sequence[str]) -> Passes:
        """These rows with other texts and their own answers; inside `same_dropout` they drop as these do."""
        return Reread(self, texts)

    def drop_alike(self) -> None:
        """Puts the generator where the block of `same_dropout` began."""
        if self.drawn is not None:
            put_random_state_back(self.fit.device, self.drawn)


class Reread(Passes):
    """Rows of a training whose texts are others."""

    def __init__(self, own: Passes, texts: Sequence[str]) -> None:
        read = Unkept(own.feed.model, own.fit.rows.subject.tokens.encode(texts), own.feed.pad_id)
        super().__init__(own.fit, np.arange(len(texts)), read)
        self.own, self.read_texts = own, list(texts)

    @property
    def targets(self) -> Tensor:
        """The answers of the rows that were read otherwise."""
        return self.own.targets

    def texts(self) -> list[str]:
        """As they are read now."""
        return self.read_texts

    def drop_alike(self) -> None:
        """As the rows that were read otherwise."""
        self.own.drop_alike()


class Passed:
    """One row whose passes are over, for a defence that works row by row: what noise and clipping ask for.

    Args:
        logits: of its passes, (1, K) each.
    """

    size = 1

    def __init__(self, fit: Fit, target: Tensor, logits: Sequence[Tensor]) -> None:
        self.fit, self.target, self.passes = fit, target, iter(logits)

    def logits(self, shift: Tensor | None = None) -> Tensor:
        """The next pass."""
        return next(self.passes)

    loss = Passes.loss
    apart = Passes.apart
    log_probabilities = Passes.log_probabilities

    @property
    def targets(self) -> Tensor:
        return self.target.unsqueeze(0)


class Held:
    """A training as its defences see it (`core.defending.Training`)."""

    def __init__(self, fit: Fit) -> None:
        self.fit, self.recipe = fit, fit.recipe

    def examples(self) -> list[Example]:
        """The rows with their texts and answers."""
        both = zip(self.fit.rows.texts, self.fit.rows.targets, strict=True)
        return [Example(id=str(at), text=text, target=target) for at, (text, target) in enumerate(both)]

    def subject(self) -> Subject:
        """The model in training, as anybody asks it."""
        found: Subject = self.fit.rows.subject
        return found

    def learning(self) -> list[Tensor]:
        """The parameters that learn."""
        return list(self.fit.trained)

    @contextmanager
    def with_weights(self, weights: Sequence[Tensor]) -> Iterator[None]:
        """While the block lasts, the parameters that learn have other numbers; no gradients may be taken."""
        own = [parameter.data for parameter in self.fit.trained]
        try:
            for parameter, other in zip(self.fit.trained, weights, strict=True):
                parameter.data = other  # not copied in: what an earlier pass kept for its gradients stays as it was
            yield
        finally:
            for parameter, data in zip(self.fit.trained, own, strict=True):
                parameter.data = data

    @contextmanager
    def without_dropout(self) -> Iterator[None]:
        """While the block lasts, nothing is dropped."""
        training = self.fit.model.training
        self.fit.model.eval()
        try:
            yield
        finally:
            self.fit.model.train(training)

    def old(self, count: int) -> Iterator[Batch]:
        """So many rows of the run that this training goes on from, drawn by the seed, each as a batch of its own."""
        feed = self.fit.old
        if feed is not None:
            for row in np.random.default_rng(self.recipe.seed).permutation(len(feed.ids))[:count]:
                yield Passes(self.fit, np.array([row]), feed)


class Defences:
    """All defences of a training, and the guide of its method; none makes it the plain loss of each batch."""

    def __init__(self, fit: Fit) -> None:
        self.guide = fit.guide
        found = asked(fit.recipe)
        self.members: dict[str, Defending] = {name: one.begin(Held(fit)) for name, one in found.items()}
        self.of_loss = next((self.members[name] for name, one in found.items() if one.touches == "loss"), None)
        self.passes = max((one.row_by_row for one in found.values()), default=1)  # where each row stands for itself

    def start(self) -> None:
        """Called before the first step, when all processes have the same weights."""
        for one in self.members.values():
            one.start()

    def losses(self, batch: Any) -> Iterator[Tensor]:
        """What a batch costs, in summands; each is backpropagated before the next is asked for."""
        if self.of_loss is None:
            yield batch.loss(batch.logits())
        else:
            yield from self.of_loss.losses(batch)

    def penalties(self) -> Iterator[Tensor]:
        """What is added to the mean loss of each batch."""
        if self.guide is not None:
            yield self.guide.penalty()
        for one in self.members.values():
            if (penalty := one.penalty()) is not None:
                yield penalty

    def after(self, step: int) -> None:
        """Called after each optimiser step, which counts from 1."""
        if self.guide is not None:
            self.guide.after(step)
        for one in self.members.values():
            one.after(step)

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint keeps: `name.tensor`."""
        return {f"{name}.{key}": tensor for name, one in self.members.items() for key, tensor in one.state().items()}

    def put_back(self, tensors: dict[str, Tensor]) -> None:
        """What `state` gave."""
        for name, one in self.members.items():
            prefix = f"{name}."
            one.put_back({key.removeprefix(prefix): tensor for key, tensor in tensors.items() if key.startswith(prefix)})
