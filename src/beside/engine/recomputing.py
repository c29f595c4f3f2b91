"""Memory for time, and time for memory: activations computed a second time instead of kept; layers compiled before they are run.
What is not compiled drops the light way (dropping.py).

Gradient checkpointing (Chen et al. 2016) keeps only what goes into each layer; the backward pass runs the layer again, with the
same dropout, so that gradients are the same. A step takes about a third longer and needs a fraction of the memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel
from transformers.modeling_layers import GradientCheckpointingLayer

from beside.core.errors import BadOption
from beside.core.recipe import Recipe
from beside.engine.devices import free_memory, holding
from beside.engine.dropping import light_dropout
from beside.engine.model import Model

ROOM = 0.5  # share of the free memory that activations may take before they are computed again instead
LONG_TRAINING = 1000  # steps from which the minute that compiling takes is earned back on a GPU


def blocks(model: nn.Module) -> list[GradientCheckpointingLayer]:
    """The layers that can be run a second time."""
    return [module for module in model.modules() if isinstance(module, GradientCheckpointingLayer)]


def must_recompute(recipe: Recipe, encoder: PreTrainedModel) -> None:
    """Does nothing when the recipe does not ask for recomputed activations, or the base can do it.

    Raises:
        BadOption: it cannot.
    """
    if recipe.gradient_checkpointing and not blocks(encoder):
        kind = encoder.config.model_type
        raise BadOption(
            f"Cannot set gradient_checkpointing=true: a base of the kind '{kind}' has no layers that can be run a second time.",
            "Leave gradient_checkpointing out, and set a smaller batch_size with accumulation, which needs less memory, too.",
        )


def activation_bytes(recipe: Recipe, encoder: PreTrainedModel) -> int:
    """About how much one batch of the longest rows keeps for the backward pass (Korthikanti et al. 2022, eq. 2, twice for fp32).

    Args:
        recipe: with batch size, length and frozen layers filled in.
    """
    config, batch, length = encoder.config, recipe.batch_size or 1, recipe.max_length or 1
    heads = getattr(config, "num_attention_heads", 1)
    per_layer = batch * length * (34 * config.hidden_size + 5 * heads * length)
    layers = max(0, len(blocks(encoder)) - (recipe.frozen_layers or 0))
    return per_layer * layers * (1 if recipe.precision in ("bf16", "fp16") else 2)


def recomputes(recipe: Recipe, encoder: PreTrainedModel, device: torch.device) -> bool:
    """Whether activations shall be computed again: as the recipe says, else when they would take half of the free memory."""
    if recipe.gradient_checkpointing is not None:
        return recipe.gradient_checkpointing
    free = free_memory(device)
    return free is not None and bool(blocks(encoder)) and activation_bytes(recipe, encoder) > ROOM * free


def compiles(recipe: Recipe, device: torch.device, steps: int) -> bool:
    """Whether layers shall be compiled: as the recipe says, else on a CUDA GPU for a training that is long enough."""
    return recipe.compile if recipe.compile is not None else device.type == "cuda" and steps >= LONG_TRAINING


@contextmanager
def economical(model: Model, recipe: Recipe, compiled: bool) -> Iterator[None]:
    """While the block lasts, layers recompute what the backward pass needs, or are compiled, or both; weights keep their names."""
    layers = blocks(model)
    whole = (layers or [model.encoder]) if compiled else []
    light = nullcontext if compiled else partial(light_dropout, holding(model))
    for layer in layers:
        # not by the encoder's own switch, which would make frozen word vectors ask for gradients
        # torch runs a layer again outside of the block that was open when it ran first
        layer._gradient_checkpointing_func = partial(checkpoint, use_reentrant=False, context_fn=lambda: (nullcontext(), light()))
        layer.gradient_checkpointing = bool(recipe.gradient_checkpointing)
    for part in whole:
        part.compile(dynamic=True)  # one graph serves all lengths
    try:
        with light():
            yield
    finally:
        for layer in layers:
            layer.gradient_checkpointing = False
        for part in whole:
            part._compiled_call_impl = None
