"""The one training loop: epochs of length-bucketed batches, the best tune epoch kept, resumable after a kill at any step.

Everything that decides the next step is either a pure function of (seed, epoch, step) or saved in the checkpoint, so that a
training that was killed and resumed ends with the same weights, bit for bit on CPU, as one that was not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from beside.core.errors import BadInput, WorkerLost
from beside.core.interfaces import Guide, Progress, Task
from beside.core.recipe import Recipe
from beside.engine.checkpoint import Checkpoint
from beside.engine.defending import Defences, Passes
from beside.engine.devices import holding, products
from beside.engine.feed import Feed
from beside.engine.interrupt import patient
from beside.engine.losses import Criterion
from beside.engine.model import Model
from beside.engine.optimizer import make_optimizer, schedule
from beside.engine.recomputing import compiles, economical
from beside.engine.rows import balanced, bucketed
from beside.engine.snapshot import Fitted, put_back, taken
from beside.engine.team import Alone

CHECKPOINT_SECONDS = 30.0  # at most so much work is lost to a kill; a write takes a second or two


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Encoded rows with their targets."""

    feed: Feed
    targets: list[str]
    encoded: Tensor | None = None  # targets as the loss takes them; None = the task encodes them from `targets` alone
    persons: list[str | None] | None = None  # whose row it is; None = nobody asked
    texts: Sequence[str] = ()  # as people read them, where somebody asks
    subject: Any = None  # the model in training, as anybody asks it; None = nobody does


class Fit:
    """One training in progress.

    Args:
        model: starts from its present weights.
        names: parameters that may change.
        rows: training rows.
        weights_K: weight per class in the loss, or None.
        evaluate: scores of the model on the tune split, main score first, `loss` included; None when there is no tune split.
        recipe: with every automatic knob filled in.
        checkpoint: where to save and find the state.
        guide: what the method does beside the gradient, given how many steps there are.
        team: the processes that share the rows of every batch; the first one alone scores, saves and tells.
        old: rows of the run that this training goes on from, where a defence looks at them.
    """

    def __init__(
        self,
        model: Model,
        names: list[str],
        rows: Rows,
        *,
        task: Task,
        labels: tuple[str, ...],
        weights_K: Tensor | None,
        evaluate: Callable[[Model], dict[str, float]] | None,
        recipe: Recipe,
        checkpoint: Checkpoint,
        progress: Progress,
        on_epoch: Callable[[dict[str, float]], None] = lambda row: None,
        guide: Callable[[int], Guide | None] = lambda steps: None,
        team: Alone | None = None,
        old: Feed | None = None,
    ) -> None:
        self.model, self.rows, self.task, self.recipe = model, rows, task, recipe
        self.device, self.team, self.old = holding(model), team or Alone(), old
        self.targets_N = (task.encode(rows.targets, labels) if rows.encoded is None else rows.encoded).to(self.device)
        self.criterion = Criterion(task, recipe, None if weights_K is None else weights_K.to(self.device))
        self.evaluate = evaluate
        self.checkpoint, self.progress, self.on_epoch = checkpoint, progress, on_epoch
        learning = set(names)
        self.trained = [parameter for name, parameter in model.named_parameters() if name in learning]
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(name in learning)
        assert recipe.epochs is not None and recipe.batch_size is not None  # filled in by the training stage
        self.epochs, self.batch_size = recipe.epochs, recipe.batch_size
        # the number of batches depends on n and batch size alone, so every epoch has as many steps as the first
        self.steps_per_epoch = -(-len(self.plan(0)) // recipe.accumulation)
        self.steps = self.steps_per_epoch * self.epochs
        self.optimizer = make_optimizer(model, recipe)
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=recipe.precision == "fp16")
        self.rates = [group["lr"] for group in self.optimizer.param_groups]
        self.factor = schedule(recipe, self.steps)
        self.guide = guide(self.steps)
        self.defences = Defences(self)
        self.epoch, self.step_in_epoch, self.loss_sum = 0, 0, 0.0
        self.fitted = Fitted()
        self.best: dict[str, Tensor] | None = None
        self.best_score = (-float("inf"), -float("inf"))
        self.first = 0  # the step that this process began with
        self.since = self.saved = time.perf_counter()
        self.interrupted: Callable[[], bool] = lambda: False

    @property
    def step(self) -> int:
        """Optimiser steps behind us."""
        return self.epoch * self.steps_per_epoch + self.step_in_epoch

    def plan(self, epoch: int) -> list[np.ndarray]:
        """The batches of an epoch: a pure function of seed and epoch."""
        rng, lengths = np.random.default_rng((self.recipe.seed, epoch)), self.rows.feed.lengths
        if self.recipe.sampling == "none":
            return bucketed(lengths, self.batch_size, rng)
        shown = balanced(self.rows.targets, rng)
        return [shown[batch] for batch in bucketed(lengths[shown], self.batch_size, rng)]

    def run(self, resume: bool) -> Fitted:
        """Trains to the end, or to the early stop, and leaves the kept weights in the model.

        Raises:
            KeyboardInterrupt: Ctrl-C; the step under way was ended and everything saved.
            BadInput: the loss is no longer a number, or the checkpoint belongs to another training.
            Altered: the checkpoint is not what was written.
            StorageFailed: the disk does not take a checkpoint.
            WorkerLost: a process of the team is gone; everything is saved.
        """
        if resume:
            self.restore()
        self.since = self.saved = time.perf_counter()
        compiled = compiles(self.recipe, self.device, self.steps)
        if compiled:
            self.progress.say("The layers are compiled before the first step.")
        with patient() as self.interrupted, economical(self.model, self.recipe, compiled), self.saved_when_lost():
            self.team.alike(list(self.model.state_dict().values()))
            self.defences.start()
            while self.epoch < self.epochs and not self.team.agree(self.out_of_patience()):
                self.one_epoch()
        if self.best is not None:
            self.model.load_state_dict(self.best)
        return self.fitted

    def one_epoch(self) -> None:
        """From the present step to the end of the epoch, then the tune scores."""
        batches = self.plan(self.epoch)
        size = self.recipe.accumulation
        groups = [batches[i : i + size] for i in range(0, len(batches), size)]
        self.model.train()
        for group in groups[self.step_in_epoch :]:
            self.loss_sum += self.one_step(group)
            self.step_in_epoch += 1
            self.tell()
            if self.step_in_epoch < len(groups):
                self.save_when_due()
        self.end_epoch()

    def one_step(self, group: list[np.ndarray]) -> float:
        """One optimiser step over one or more batches; the mean loss per row."""
        rows_in_step = sum(len(batch) for batch in group)
        total = 0.0
        for settings, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            settings["lr"] = rate * self.factor(self.step)
        self.optimizer.zero_grad(set_to_none=True)
        self.team.seed(self.recipe.seed, self.step)
        for batch in group:
            share = len(batch) / rows_in_step
            for loss in self.parts_of(batch):
                total += float(loss.detach()) * share
                self.backward(loss * share)
            for penalty in () if self.team.rank else self.defences.penalties():  # once, however many add up
                self.backward(penalty * share)
        total = self.team.add_up(self.trained, total)
        if not np.isfinite(total):
            raise BadInput(f"The loss became {total} in epoch {self.epoch + 1}.", "Lower learning_rate, or set clip_norm=1.")
        self.scaler.unscale_(self.optimizer)
        if self.recipe.clip_norm:
            nn.utils.clip_grad_norm_(self.trained, self.recipe.clip_norm, foreach=True)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.defences.after(self.step + 1)
        return total

    def backward(self, loss: Tensor) -> None:
        """Adds the gradients of a loss to those that are there, if anything of it can be learned."""
        if loss.requires_grad:
            self.scaler.scale(loss).backward()

    def parts_of(self, batch: np.ndarray) -> Iterator[Tensor]:
        """This process's loss of a batch in summands, each to be backpropagated before the next is asked for."""
        own = self.team.share(batch)
        if self.defences.of_loss is None:
            yield self.part_of(batch)
        elif len(own):
            for loss in self.defences.losses(Passes(self, own)):
                yield loss * (len(own) / len(batch))

    def part_of(self, batch: np.ndarray) -> Tensor:
        """This process's summand of the mean loss of a batch: all of it for one that works alone."""
        own = self.team.share(batch)
        return self.loss_of(own) * (len(own) / len(batch)) if len(own) else torch.zeros(())

    def loss_of(self, batch: np.ndarray) -> Tensor:
        """Mean loss of the rows of a batch."""
        return self.criterion(self.logits(batch), self.targets_N[torch.from_numpy(batch)])

    def logits(self, batch: np.ndarray) -> Tensor:
        """Logits of a batch, fp32, (B, K); the products behind them in the recipe's precision."""
        with self.products():
            return self.rows.feed.logits(batch).float()

    def products(self) -> torch.autocast:
        """The context in which matrix products have the recipe's precision."""
        return products(self.device, self.recipe.precision)

    def end_epoch(self) -> None:
        """Scores the tune split, keeps the best weights, moves to the next epoch."""
        row = {"epoch": float(self.epoch + 1), **self.told_loss()}
        if self.evaluate is not None:
            scores = self.evaluate(self.model)
            row |= {f"tune_{name}": value for name, value in scores.items()}
            rank = (next(iter(scores.values())), -scores["loss"])  # equal scores: the lower loss
            if self.guide is not None and not self.guide.settled(self.step):
                self.fitted.kept_epoch = self.epoch + 1  # for the time being
            elif rank > self.best_score:
                self.best_score = rank
                self.best = {name: tensor.detach().clone() for name, tensor in self.model.state_dict().items()}
                self.fitted.kept_epoch = self.epoch + 1
        else:
            self.fitted.kept_epoch = self.epoch + 1
        self.fitted.history.append(row)
        self.on_epoch(row)
        self.epoch, self.step_in_epoch, self.loss_sum = self.epoch + 1, 0, 0.0
        self.save_when_due()

    def out_of_patience(self) -> bool:
        """The early-stopping rule: `patience` epochs in a row without a better tune score."""
        patience = self.recipe.patience
        return bool(patience and self.evaluate and self.epoch - self.fitted.kept_epoch >= patience)

    def tell(self) -> None:
        """How far it is, and how long it will take if no early stop comes."""
        left = (time.perf_counter() - self.since) / (self.step - self.first) * (self.steps - self.step)
        time_left = f"{left:.0f} s" if left < 100 else f"{left / 60:.0f} min" if left < 6000 else f"{left / 3600:.1f} h"
        loss = "".join(f", {name} {value:.3f}" for name, value in self.told_loss().items())
        self.progress.step("train", self.step, self.steps, f"epoch {self.epoch + 1}/{self.epochs}{loss}, about {time_left} left")

    def told_loss(self) -> dict[str, float]:
        """The mean loss of the training rows in this epoch so far, for people and curves."""
        return {"loss": self.loss_sum / max(1, self.step_in_epoch)}

    def save_when_due(self) -> None:
        """Saves after every half minute, and when a person wants to stop."""
        if self.team.rank:
            return
        if self.interrupted():
            self.save()
            raise KeyboardInterrupt
        if time.perf_counter() - self.saved > CHECKPOINT_SECONDS:
            self.save()

    @contextmanager
    def saved_when_lost(self) -> Iterator[None]:
        """Saves the last whole step when another process is gone."""
        try:
            yield
        except WorkerLost:
            if not self.team.rank:
                self.save()
            raise

    def save(self) -> None:
        """Writes everything that decides the rest of the training."""
        self.checkpoint.save(taken(self))
        self.saved = time.perf_counter()

    def restore(self) -> None:
        """Puts back what `save` wrote; nothing when no state was written yet.

        Raises:
            BadInput: the state is that of another training, or of another version of the libraries.
            Altered: it is not what was written.
        """
        state = self.checkpoint.load()
        if state is None:
            return
        try:
            put_back(self, state)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            hint = f"Delete the folder {self.checkpoint.folder}, then train from the beginning."
            raise BadInput(f"The checkpoint does not fit this training: {error}", hint) from error
        self.progress.say(f"Resumed at step {self.step} of {self.steps}, {self.epoch} of {self.epochs} epochs done.")
