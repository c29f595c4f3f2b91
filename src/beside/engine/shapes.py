"""Layers with fewer heads and fewer neurons than the base had: their sizes read, and matrices of those sizes put in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

Shape = dict[str, int]  # of one layer: `heads` and `neurons`


def shapes_of(layers: Sequence[Any]) -> list[Shape]:
    """Heads and feed-forward neurons of each layer."""
    return [
        {
            "heads": layer.attention.self.query.out_features // layer.attention.self.attention_head_size,
            "neurons": layer.intermediate.dense.out_features,
        }
        for layer in layers
    ]


def shaped(encoder: Any, shapes: Sequence[Shape] | None) -> None:
    """Makes the matrices of an encoder's layers as small as the shapes say; their values are whoever loads them's to fill in."""
    for layer, shape in zip(encoder.encoder.layer if shapes else (), shapes or (), strict=True):
        rows = range(shape["heads"] * layer.attention.self.attention_head_size)
        cut(layer, list(rows), list(range(shape["neurons"])), shape["heads"])


def cut(layer: Any, rows: Sequence[int], neurons: Sequence[int], heads: int) -> None:
    """Leaves in a layer those rows of its query, key and value, and those neurons.

    Args:
        rows: outputs of the projections that stay: all of each head that stays.
        heads: how many heads that is.
    """
    attention = layer.attention.self
    for name in ("query", "key", "value"):
        setattr(attention, name, smaller(getattr(attention, name), rows, 0))
    attention.num_attention_heads, attention.all_head_size = heads, len(rows)
    layer.attention.output.dense = smaller(layer.attention.output.dense, rows, 1)
    layer.intermediate.dense = smaller(layer.intermediate.dense, neurons, 0)
    layer.output.dense = smaller(layer.output.dense, neurons, 1)


def smaller(linear: nn.Linear, kept: Sequence[int], side: int) -> nn.Linear:
    """A linear layer with those of its outputs (side 0) or inputs (side 1)."""
    weight: Tensor = linear.weight.detach()[list(kept)] if side == 0 else linear.weight.detach()[:, list(kept)]
    made = nn.Linear(weight.shape[1], weight.shape[0], device=weight.device, dtype=weight.dtype)
    made.weight.data.copy_(weight)
    made.bias.data.copy_(linear.bias.detach()[list(kept)] if side == 0 else linear.bias.detach())
    return made
