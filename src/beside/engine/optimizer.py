"""How far each step goes: AdamW or SGD, and the learning rate as a function of the step alone."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from beside.core.recipe import Recipe
from beside.engine.model import Model

HEAD = "head."


def make_optimizer(model: Model, recipe: Recipe) -> torch.optim.Optimizer:
    """AdamW or SGD over what learns; the head has its own rate, and biases and norms do not decay."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            groups.setdefault((name.startswith(HEAD), parameter.ndim > 1), []).append(parameter)
    assert recipe.learning_rate is not None and recipe.head_learning_rate is not None  # filled in by the training stage
    settings = [
        {
            "params": parameters,
            "lr": recipe.head_learning_rate if is_head else recipe.learning_rate,
            "weight_decay": recipe.weight_decay if decays and not is_head else 0.0,
        }
        for (is_head, decays), parameters in groups.items()
    ]
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(settings, momentum=0.9, nesterov=True)
    return torch.optim.AdamW(settings, fused=True)


def schedule(recipe: Recipe, steps: int) -> Callable[[int], float]:
    """Factor on the learning rate at each step: linear warm-up, then linear decay to zero or a plateau."""
    warm = max(1, round(steps * recipe.warmup))

    def factor(step: int) -> float:
        if step < warm:
            return (step + 1) / warm
        if recipe.schedule == "constant":
            return 1.0
        return max(0.0, (steps - step) / max(1, steps - warm))

    return factor
