"""Low-rank updates whose ranks go where they matter most (AdaLoRA); after training they are added to the weights."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor

from beside.core.errors import BadOption
from beside.core.interfaces import Guide, Trainable
from beside.core.recipe import Recipe
from beside.methods._low_rank import NAME, learning, merge, targets

WARM, LAST = 0.1, 0.4  # shares of the steps before the first rank is taken away, and after the last one was
ORTHOGONAL = 0.1  # weight of the regularisation that keeps the singular vectors orthogonal; gamma of the paper


class AdaLora:
    """Each matrix learns W + P diag(E) Q; unimportant triplets are taken away to meet a budget (Zhang et al. 2023), by peft."""

    probe_first = True  # as with LoRA
    # the rate and alpha: chosen on dev rows of SST-2
    knobs: ClassVar[dict[str, Any]] = {"learning_rate": 5e-3, "lora_alpha": 32, "frozen_layers": 0}

    def __init__(self, recipe: Recipe | None = None) -> None:
        self.recipe = recipe or Recipe()
        self.tuner: Any = None  # of peft, once attached

    def configured(self, recipe: Recipe) -> AdaLora:
        """The method with the knobs of a recipe."""
        return AdaLora(recipe)

    def attach(self, model: Trainable) -> list[str]:
        """Adds triplets of rank `adalora_initial_rank` in every layer that is not frozen; they and the head learn.

        Raises:
            BadOption: there is nothing to adapt, or no rank to take away.
        """
        from peft import AdaLoraConfig, AdaLoraModel  # takes seconds to load

        knobs = self.recipe
        if knobs.adalora_rank >= knobs.adalora_initial_rank:
            raise BadOption(
                f"adalora_rank={knobs.adalora_rank} is not below adalora_initial_rank={knobs.adalora_initial_rank}: "
                "there is no rank to take away.",
                "Set adalora_initial_rank to about one and a half times adalora_rank, or use --method lora.",
            )
        config = AdaLoraConfig(
            init_r=knobs.adalora_initial_rank,
            target_r=knobs.adalora_rank,
            lora_alpha=knobs.lora_alpha or self.knobs["lora_alpha"],
            lora_dropout=knobs.lora_dropout,
            target_modules=targets(model, "adalora", knobs.lora_targets),
            orth_reg_weight=ORTHOGONAL,
            total_step=1,  # the guide knows it
        )
        self.tuner = AdaLoraModel(model.encoder, config, NAME)
        return learning(model)

    def guide(self, steps: int) -> Guide:
        """What moves the ranks while the steps go by."""
        return Budget(self.tuner, steps)

    def finish(self, model: Trainable) -> None:
        """Adds the updates to the weights: what is left is a plain model, as fast as the base."""
        merge(model.encoder)


class Budget:
    """The budget of ranks, step by step: all of them at first, fewer on a cubic schedule, then as many as were asked for.

    peft adds the orthogonal regularisation only inside a forward pass of its own, which the training loop does not take, and keeps
    its running averages of importance in memory alone; here the one is a penalty on the loss, the other part of the checkpoint.

    Args:
        tuner: peft's AdaLoRA around the encoder.
        steps: optimiser steps of the whole training.
    """

    def __init__(self, tuner: Any, steps: int) -> None:
        self.tuner, self.config, self.allocator = tuner, tuner.peft_config[NAME], tuner.rankallocator
        last = round(steps * LAST)
        self.config.total_step, self.config.tfinal = steps, last
        self.config.tinit = min(round(steps * WARM), steps - last - 1)
        self.end = steps - last  # the step at which the last rank is taken away
        factors = list(tuner.model.named_parameters())
        self.rows = [value for name, value in factors if ".lora_A" in name]
        self.columns = [value for name, value in factors if ".lora_B" in name]

    def penalty(self) -> Tensor:
        """How far the singular vectors are from orthogonal: mean Frobenius norm of Q Q^T - 1, weighted; a scalar."""
        products = [*(rows @ rows.T for rows in self.rows), *(columns.T @ columns for columns in self.columns)]
        gaps = [torch.linalg.matrix_norm(product - torch.eye(len(product), device=product.device)) for product in products]
        return self.config.orth_reg_weight * torch.stack(gaps).mean()

    def after(self, step: int) -> None:
        """Takes ranks away, by the importance that weights and gradients show; `step` counts from 1."""
        if step == self.end and not self.allocator.exp_avg_ipt:  # so few steps that nothing was measured before
            self.allocator.update_ipt(self.tuner.model)
        self.tuner.update_and_allocate(step)

    def settled(self, step: int) -> bool:
        """Whether the ranks are those that were asked for."""
        return step >= self.end

    def ranks(self) -> dict[str, int]:
        """How many ranks each adapted matrix has left."""
        pattern = self.config.rank_pattern or {}
        return {name.removesuffix(f".lora_E.{NAME}"): sum(kept) for name, kept in pattern.items()}

    def told(self) -> str:
        """The outcome in a sentence."""
        left = list(self.ranks().values())
        spread = f"from {min(left)} to {max(left)} in a matrix" if left else "none"
        return f"Ranks: {sum(left)} of {self.allocator.init_bgt} kept, the budget is {self.allocator.target_bgt}; {spread}."

    def state(self) -> dict[str, Tensor]:
        """What the rest of the training depends on."""
        kept = {f"kept.{name}": torch.tensor(mask, dtype=torch.uint8) for name, mask in (self.config.rank_pattern or {}).items()}
        sensitivity = {f"sensitivity.{name}": value for name, value in self.allocator.exp_avg_ipt.items()}
        uncertainty = {f"uncertainty.{name}": value for name, value in self.allocator.exp_avg_unc.items()}
        return {**kept, **sensitivity, **uncertainty}

    def put_back(self, tensors: dict[str, Tensor]) -> None:
        """What `state` gave."""
        found: dict[str, dict[str, Tensor]] = {"kept": {}, "sensitivity": {}, "uncertainty": {}}
        for name, tensor in tensors.items():
            kind, _, rest = name.partition(".")
            found[kind][rest] = tensor
        self.config.rank_pattern = {name: mask.bool().tolist() for name, mask in found["kept"].items()} or None
        self.allocator.exp_avg_ipt, self.allocator.exp_avg_unc = found["sensitivity"], found["uncertainty"]
        # computed anew at each step before it is read; peft takes a name that is here for one that it has averages of
        self.allocator.ipt = {name: torch.zeros_like(value) for name, value in found["sensitivity"].items()}


method = AdaLora()
