"""Differentially private training: DP-SGD and its AdamW (Abadi et al. 2016; Li et al. 2022) in the one training loop.

Each step draws every unit by itself with one probability (Poisson sampling; nobody drawn is a step like any other), clips the
gradient that each drawn unit gives, adds the clipped gradients up, adds Gaussian noise to the sum and divides by the expected
number of units. What the optimiser makes of that tells no more than the sum. The promise counts all planned steps, so that it
holds whichever epoch is kept and however early the training stops; it is made for the weights, and for what follows from them.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from beside.core.errors import BadInput, GateClosed
from beside.engine.accountants import epsilon_of, noise_for
from beside.engine.defending import Passed
from beside.engine.fit import Fit, Rows
from beside.engine.ghost import clipped_sum, learning_layers, recording, unclipped
from beside.engine.model import Model
from beside.engine.noise import Secret
from beside.engine.private_proof import prove_gradients
from beside.engine.private_rules import delta_of, units_of
from beside.engine.snapshot import Fitted, taken

MOST_ROWS = 16  # of one person in a step, drawn anew each time: they pass through the layers together
ROWS_PER_PASS = 32  # through the layers; how many pass at once changes nothing but memory
VECTORS_PER_PASS = 4096  # where only the head learns


class PrivateFit(Fit):
    """The one training loop with steps that are clipped unit by unit and noised; a batch of its plan is the units of a step."""

    def __init__(self, model: Model, names: list[str], rows: Rows, **given: Any) -> None:
        recipe = given["recipe"]
        self.units = units_of(rows.persons, len(rows.targets), recipe.privacy_unit)
        self.expected = min(recipe.batch_size, len(self.units))  # units in a step, on average
        self.rate = self.expected / len(self.units)
        self.secret = Secret()
        super().__init__(model, names, rows, **given)
        self.layers = learning_layers(model, names)
        self.parameters = [getattr(layer, part) for layer in self.layers for part in ("weight", "bias") if hasattr(layer, part)]
        self.parameters = [parameter for parameter in self.parameters if parameter is not None]
        self.per_pass = ROWS_PER_PASS if any(name.startswith("encoder.") for name in names) else VECTORS_PER_PASS
        self.together = False  # whether the losses of many rows are computed at once; the proof at the start finds out
        self.delta = delta_of(recipe, len(self.units))
        asked = {"rate": self.rate, "steps": self.steps, "delta": self.delta}
        self.noise = noise_for(recipe.accountant, epsilon=recipe.epsilon, **asked)
        self.spent = self.budget(epsilon_of(recipe.accountant, noise=self.noise, **asked))

    def budget(self, epsilon: float) -> dict[str, Any]:
        """What the whole training spends, and all that it follows from, so that anybody can compute it again."""
        return {
            "epsilon": epsilon,
            "delta": self.delta,
            "unit": self.recipe.privacy_unit,
            "accountant": self.recipe.accountant,
            "units": len(self.units),
            "rate": self.rate,
            "noise": self.noise,
            "steps": self.steps,
            "clip": self.recipe.clip,
        }

    def plan(self, epoch: int) -> list[np.ndarray]:
        """The units of each step of an epoch, a pure function of the secret key and the epoch."""
        steps = -(-len(self.units) // self.expected)
        return [self.secret.joins(epoch * steps + step, len(self.units), self.rate) for step in range(steps)]

    def run(self, resume: bool) -> Fitted:
        """Trains to the end and leaves the kept weights in the model. Raises as `Fit.run` does, and:

        Raises:
            BadOption: the clipped gradients are not those of the units one by one, or a parameter has none.
            GateClosed: weights that were not to change did, or some that were did not.
        """
        self.tell_budget()
        prove_gradients(self)
        before = digests(self.model)
        if not (resume and self.checkpoint.index.exists()):
            self.save()  # the key first: after a kill the same steps are taken, not others on top of them
        with recording(list(self.layers)) as self.tape:
            fitted = super().run(resume)
        must_have_moved(before, digests(self.model), {name for own in self.layers.values() for name in own}, self.model)
        fitted.spent = self.spent
        return fitted

    def tell_budget(self) -> None:
        """Says what is promised, and by which means."""
        spent, unit = self.spent, self.recipe.privacy_unit
        self.progress.say(
            f"Privacy: epsilon {spent['epsilon']:.3f} at delta {self.delta:.1e} for each {unit} ({len(self.units)} of them), by "
            f"{spent['accountant']}: {self.steps} steps, each of about {self.expected} {unit}s drawn by chance, gradients clipped "
            f"at {spent['clip']:g}, noise of {self.noise:.3f} clips. Training rows are covered; tune and test rows are not."
        )

    def one_step(self, group: list[np.ndarray]) -> float:
        """One noised step over the units that were drawn, perhaps none; the mean loss of their rows."""
        for settings, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            settings["lr"] = rate * self.factor(self.step)
        sums, total = [torch.zeros_like(parameter) for parameter in self.parameters], 0.0
        [drawn] = group
        for rows, units_B, count in self.passes(drawn):
            parts, loss = self.clipped(rows, units_B, count)
            total += loss
            for whole, part in zip(sums, parts, strict=True):
                whole += part
        if not np.isfinite(total) or not all(bool(part.isfinite().all()) for part in sums):
            raise BadInput(f"The loss or a gradient is no number in epoch {self.epoch + 1}.", "Lower learning_rate.")
        spread = self.noise * self.recipe.clip
        for place, (parameter, whole) in enumerate(zip(self.parameters, sums, strict=True)):
            noise = self.secret.normal(self.step, place, parameter.shape).to(self.device)
            parameter.grad = whole.add_(noise, alpha=spread).div_(self.expected)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return total / max(1, len(drawn))

    def passes(self, drawn: np.ndarray) -> Iterator[tuple[np.ndarray, Tensor, int]]:
        """The rows of the drawn units in passes of similar length: rows, the unit of each within its pass, and how many units."""
        lengths, chosen = self.rows.feed.lengths, []
        for unit in drawn:
            rows = self.secret.some(self.step, int(unit), np.array(self.units[unit]), MOST_ROWS)
            chosen.append(rows)
        chosen.sort(key=lambda rows: int(lengths[rows].max()))
        for some in filled(chosen, self.per_pass):
            units_B = torch.from_numpy(np.repeat(np.arange(len(some)), [len(rows) for rows in some]))
            yield np.concatenate(some), units_B.to(self.device), len(some)

    def clipped(self, rows: np.ndarray, units_B: Tensor, units: int, clip: float | None = None) -> tuple[list[Tensor], float]:
        """The clipped sum of the gradients of units, one tensor per learning parameter, and the sum of their losses.

        A unit's loss is the mean over its rows, so that one with many rows is not longer for that.
        """
        self.tape.rows = len(rows)
        losses_B = self.losses(rows)
        share_B = 1 / torch.bincount(units_B, minlength=units)[units_B]
        loss = (losses_B * share_B).sum()
        loss.backward()
        self.must_be_left_alone()
        found, _ = clipped_sum(self.tape, list(self.layers), units_B, units, self.recipe.clip if clip is None else clip)
        return [part for own in found for part in own], float(loss.detach())

    def must_be_left_alone(self) -> None:
        """Does nothing when no parameter got a gradient other than through the notes of its layer.

        Raises:
            BadOption: one did: it is used outside of its layer, where nobody clips.
        """
        for layer, names in self.layers.items():
            for name in names:
                if getattr(layer, name.rpartition(".")[2]).grad is not None:
                    raise unclipped(name, "it is used outside of its layer as well")

    def losses(self, rows: np.ndarray) -> Tensor:
        """The loss of each row, (B,)."""
        targets = self.targets_N[torch.from_numpy(rows)]
        passed = [self.logits(rows) for _ in range(self.defences.passes)]
        if self.together:
            each: Tensor = torch.vmap(self.one_loss)(targets, *passed)
            return each
        return torch.stack([self.one_loss(*one) for one in zip(targets, *passed, strict=True)])

    def one_loss(self, target: Tensor, *logits: Tensor) -> Tensor:
        """The loss of a single row from its passes."""
        [loss] = self.defences.losses(Passed(self, target, [one.unsqueeze(0) for one in logits]))
        return loss

    def told_loss(self) -> dict[str, float]:
        """Nothing: the loss of the training rows tells of them, and no noise is on it."""
        return {}

    def save(self) -> None:
        """Writes everything that decides the rest of the training, the key of its noise with it."""
        state = taken(self)
        state.facts["secret"] = self.secret.key.hex()
        self.checkpoint.save(state)
        self.saved = time.perf_counter()

    def restore(self) -> None:
        """Puts back what `save` wrote. Raises as `Fit.restore` does."""
        facts = self.checkpoint.facts()
        if facts is not None:
            try:
                self.secret = Secret(bytes.fromhex(facts["secret"]))
            except (KeyError, TypeError, ValueError) as error:
                hint = f"Delete the folder {self.checkpoint.folder}, then train from the beginning."
                raise BadInput(f"The checkpoint has no key to go on with: {error}.", hint) from error
        super().restore()


def filled(chosen: list[np.ndarray], most: int) -> Iterator[list[np.ndarray]]:
    """Units in passes of at most so many rows; a unit is never split."""
    some: list[np.ndarray] = []
    rows = 0
    for own in chosen:
        if some and rows + len(own) > most:
            yield some
            some, rows = [], 0
        some.append(own)
        rows += len(own)
    if some:
        yield some


def digests(model: nn.Module) -> dict[str, str]:
    """SHA-256 of every tensor of a model."""
    return {
        name: hashlib.sha256(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes()).hexdigest()
        for name, tensor in model.state_dict().items()
    }


def must_have_moved(before: dict[str, str], after: dict[str, str], names: set[str], model: nn.Module) -> None:
    """Does nothing when exactly the parameters that learn have changed, to finite numbers.

    Raises:
        GateClosed: others changed, some did not, or hold no numbers: what was trained is not what was to be trained.
    """
    changed = {name for name, digest in after.items() if before[name] != digest}
    empty = {name for name, parameter in model.named_parameters() if name in names and not bool(parameter.isfinite().all())}
    for wrong, what in (
        (changed - names, "changed that were not to learn"),
        (names - changed, "did not change"),
        (empty, "are no numbers"),
    ):
        if wrong:
            raise GateClosed(f"Weight check failed: {len(wrong)} weights {what}, the first {min(wrong)}.", "Nothing was stored.")
