"""The clipped sum of per-unit gradients in one backward pass, without ever holding the gradient of a unit.

A unit is a row, or all rows of a person. Of every layer that learns the backward pass leaves what went in and the gradient of what
came out. From these two follow the norm of each unit's gradient (Goodfellow 2015; "ghost norm", Li et al. 2022) and then, with each
unit weighed by how far it is to be clipped, the sum itself (book-keeping, Bu et al. 2023): no second backward pass, and the norm
that was clipped is that of the very numbers that are summed, whatever dropout, rounding or recomputed activations did to them.

Tensor suffixes: B rows of a batch, U units, T tokens, P inputs of a layer, D its outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, linear

from beside.core.errors import BadOption

MARGIN = 1 + 1e-4  # norms are taken so much longer than computed, so that rounding never lets a unit pass its clip
Pair = tuple[Tensor, Tensor]  # what went in, with rows first, and the gradient of what came out


@dataclass
class Tape:
    """What the backward pass left of each layer that learns."""

    rows: int = 0  # of the batch under way
    pairs: dict[nn.Module, list[Pair]] = field(default_factory=dict)

    def note(self, layer: nn.Module, given: Tensor, gradient: Tensor) -> None:
        """Keeps one use of a layer."""
        self.pairs.setdefault(layer, []).append((given.detach(), gradient.detach()))


class Recorded(torch.autograd.Function):
    """A layer whose backward pass notes what the gradient of its parameters is made of, and leaves them without one."""

    @staticmethod
    def forward(ctx: Any, layer: nn.Module, tape: Tape, given: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.layer, ctx.tape = layer, tape
        if isinstance(layer, nn.Embedding):
            ctx.save_for_backward(given)
            return embedding(given, weight)
        if isinstance(layer, nn.LayerNorm):
            given = given.float()
            made, mean, scale = torch.native_layer_norm(given, layer.normalized_shape, weight, bias, layer.eps)
            ctx.save_for_backward(given, weight, bias, mean, scale)
            return made
        kind = given.device.type
        if torch.is_autocast_enabled(kind):
            low = torch.get_autocast_dtype(kind)
            given, weight, bias = given.to(low), weight.to(low), None if bias is None else bias.to(low)
        ctx.save_for_backward(given, weight)
        with torch.autocast(kind, enabled=False):
            return linear(given, weight, bias)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        gradient, saved, needed = gradients[0], ctx.saved_tensors, ctx.needs_input_grad[2]
        back: Tensor | None = None
        if isinstance(ctx.layer, nn.Embedding):
            ctx.tape.note(ctx.layer, saved[0], gradient)
        elif isinstance(ctx.layer, nn.LayerNorm):
            given, weight, bias, mean, scale = saved
            ctx.tape.note(ctx.layer, (given - mean) * scale, gradient)
            if needed:
                shape, mask = ctx.layer.normalized_shape, [True, False, False]
                back = torch.ops.aten.native_layer_norm_backward(gradient, given, shape, mean, scale, weight, bias, mask)[0]
        else:
            given, weight = saved
            ctx.tape.note(ctx.layer, given, gradient)
            back = gradient.to(weight.dtype) @ weight if needed else None
        return None, None, back, None, None


def learning_layers(model: nn.Module, names: Sequence[str]) -> dict[nn.Module, list[str]]:
    """The layers that hold the parameters of these names.

    Raises:
        BadOption: a parameter is in a layer whose per-unit gradient is not known here, is shared by two layers, or stands in a
            layer of which only a part learns: it could not be clipped, so it must not be trained.
    """
    wanted, found = set(names), dict[nn.Module, list[str]]()
    holders: dict[int, list[str]] = {}
    for prefix, layer in model.named_modules(remove_duplicate=False):
        for name, parameter in layer.named_parameters(recurse=False, remove_duplicate=False):
            full = f"{prefix}.{name}" if prefix else name
            holders.setdefault(id(parameter), []).append(full)
            if full in wanted:
                if not is_known(layer):
                    raise unclipped(full, f"it belongs to a layer of the kind {type(layer).__name__}")
                found.setdefault(layer, []).append(full)
    known = {name for own in found.values() for name in own}
    for name, parameter in model.named_parameters():
        if name in wanted and (len(holders[id(parameter)]) > 1 or name not in known):
            raise unclipped(name, f"it is shared: {', '.join(holders[id(parameter)])}")
    for layer, own in found.items():
        if len(own) < len(list(layer.parameters(recurse=False))):
            raise unclipped(own[0], "only a part of its layer learns")
    return found


def is_known(layer: nn.Module) -> bool:
    """Whether this file knows the per-unit gradient of such a layer."""
    if type(layer) is nn.LayerNorm:
        return len(layer.normalized_shape) == 1
    return type(layer) is nn.Linear or (type(layer) is nn.Embedding and not layer.max_norm and not layer.scale_grad_by_freq)


def unclipped(name: str, why: str) -> BadOption:
    """The error for a parameter whose per-unit gradient cannot be had."""
    return BadOption(
        f"Cannot train privately: the gradient that one unit gives '{name}' is not known, for {why}.",
        "Use --method lora, adapter or probe, or another base, or leave epsilon out.",
    )


@contextmanager
def recording(layers: Sequence[nn.Module]) -> Iterator[Tape]:
    """While the block lasts, these layers note their part of every backward pass."""
    tape = Tape()
    for layer in layers:
        layer.forward = recorded(layer, tape)
    try:
        yield tape
    finally:
        for layer in layers:
            del layer.forward


def recorded(layer: nn.Module, tape: Tape) -> Callable[[Tensor], Tensor]:
    """The forward pass of a layer that notes."""

    def forward(given: Tensor) -> Tensor:
        if not torch.is_grad_enabled():  # tune rows are scored in between
            plain: Tensor = type(layer).forward(layer, given)
            return plain
        if isinstance(layer, nn.Embedding) and given.shape[0] == 1 != tape.rows:
            given = given.expand(tape.rows, *given.shape[1:])  # BERT's positions come once for all rows: each row needs its own
        if given.shape[0] != tape.rows:
            raise BadOption(
                f"Cannot train privately: a layer is given {given.shape[0]} rows where the batch has {tape.rows}.",
                "Rows could not be told apart there. Use another method or base, or leave epsilon out.",
            )
        made: Tensor = Recorded.apply(layer, tape, given, layer.weight, getattr(layer, "bias", None))
        return made

    return forward


# ---- from the notes to norms and sums


def joined(layer: nn.Module, pairs: Sequence[Pair]) -> Pair:
    """All uses of a layer in one pass as one: (B, T, P), for an embedding (B, T), and (B, T, D), in fp32."""
    inputs, gradients = [], []
    for given, gradient in pairs:
        rows = len(gradient)
        gradients.append(gradient.reshape(rows, -1, gradient.shape[-1]).float())
        inputs.append(
            given.reshape(rows, -1) if isinstance(layer, nn.Embedding) else given.reshape(rows, -1, given.shape[-1]).float()
        )
    return (inputs[0], gradients[0]) if len(pairs) == 1 else (torch.cat(inputs, dim=1), torch.cat(gradients, dim=1))


def squared_norms(layer: nn.Module, given: Tensor, gradient_BTD: Tensor, units_B: Tensor, units: int) -> Tensor:
    """Squared norm of each unit's gradient of this layer's parameters, (U,)."""
    if isinstance(layer, nn.Embedding):
        summed, owners = by_word(layer, given, gradient_BTD, units_B)
        return added(summed.square().sum(dim=-1), owners, units)
    if isinstance(layer, nn.LayerNorm):
        parts = [(given * gradient_BTD).sum(dim=1), gradient_BTD.sum(dim=1)]
        return sum_of_squares([added(part_BD, units_B, units) for part_BD in parts])
    bias = sum_of_squares([added(gradient_BTD.sum(dim=1), units_B, units)]) if layer.bias is not None else 0
    return weight_norms(given, gradient_BTD, units_B, units) + bias


def weight_norms(given_BTP: Tensor, gradient_BTD: Tensor, units_B: Tensor, units: int) -> Tensor:
    """Squared norm of sum over tokens of gradient outer input, for each unit, (U,)."""
    tokens, wide, high = given_BTP.shape[1], given_BTP.shape[2], gradient_BTD.shape[2]
    if units == len(units_B):  # a unit is a row
        if tokens == 1:
            return given_BTP.square().sum(dim=(1, 2)) * gradient_BTD.square().sum(dim=(1, 2))
        if tokens * (wide + high) <= wide * high:  # two tables of tokens by tokens are cheaper than the gradient itself
            return ((given_BTP @ given_BTP.mT) * (gradient_BTD @ gradient_BTD.mT)).sum(dim=(1, 2))
        return torch.stack(
            [(gradient_TD.T @ given_TP).square().sum() for given_TP, gradient_TD in zip(given_BTP, gradient_BTD, strict=True)]
        )
    found = []
    for unit in range(units):
        rows = units_B == unit
        given_NP, gradient_ND = given_BTP[rows].flatten(0, 1), gradient_BTD[rows].flatten(0, 1)
        if len(given_NP) * (wide + high) <= wide * high:
            found.append(((given_NP @ given_NP.T) * (gradient_ND @ gradient_ND.T)).sum())
        else:
            found.append((gradient_ND.T @ given_NP).square().sum())
    return torch.stack(found).clamp_min(0)


def by_word(layer: nn.Embedding, ids_BT: Tensor, gradient_BTD: Tensor, units_B: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients summed over the places of a unit that have the same word, (N, D), and the unit of each sum, (N,)."""
    keys, inverse = torch.unique(units_B[:, None] * layer.num_embeddings + ids_BT, return_inverse=True)
    gradient_BTD = real(layer, ids_BT, gradient_BTD)
    summed = gradient_BTD.new_zeros(len(keys), gradient_BTD.shape[-1])
    summed.index_add_(0, inverse.reshape(-1), gradient_BTD.flatten(0, 1))
    return summed, keys // layer.num_embeddings


def real(layer: nn.Embedding, ids_BT: Tensor, gradient_BTD: Tensor) -> Tensor:
    """The gradient without that of padding, which does not learn."""
    return gradient_BTD if layer.padding_idx is None else gradient_BTD * (ids_BT != layer.padding_idx).unsqueeze(-1)


def added(values: Tensor, owners: Tensor, units: int) -> Tensor:
    """Sums of the values that have the same owner, (U, ...)."""
    return values.new_zeros(units, *values.shape[1:]).index_add(0, owners, values)


def sum_of_squares(parts: Sequence[Tensor]) -> Tensor:
    """Over the last dimension and all parts."""
    return torch.stack([part.square().sum(dim=-1) for part in parts]).sum(dim=0)


def weighed_sum(layer: nn.Module, given: Tensor, gradient_BTD: Tensor, weights_B: Tensor) -> list[Tensor]:
    """The gradient of weight and, where there is one, bias, each row times its weight."""
    gradient_BTD = gradient_BTD * weights_B[:, None, None]
    if isinstance(layer, nn.Embedding):
        gradient_BTD = real(layer, given, gradient_BTD)
        whole = gradient_BTD.new_zeros(layer.num_embeddings, layer.embedding_dim)
        return [whole.index_add_(0, given.reshape(-1), gradient_BTD.flatten(0, 1))]
    if isinstance(layer, nn.LayerNorm):
        found = [(given * gradient_BTD).sum(dim=(0, 1)), gradient_BTD.sum(dim=(0, 1))]
    else:
        found = [gradient_BTD.flatten(0, 1).T @ given.flatten(0, 1), gradient_BTD.sum(dim=(0, 1))]
    return found if layer.bias is not None else found[:1]


def clipped_sum(
    tape: Tape, layers: Sequence[nn.Module], units_B: Tensor, units: int, clip: float
) -> tuple[list[list[Tensor]], Tensor]:
    """The sum of the units' gradients, each at most `clip` long, and how long they were.

    Args:
        tape: of one forward and backward pass; it is empty afterwards.
        layers: that learn.
        units_B: number of each row's unit, 0 to `units` - 1.
        clip: largest norm over all parameters together.

    Returns:
        Per layer the gradient of its parameters, and the norms (U,).

    Raises:
        BadOption: no gradient reaches a layer, which would then get noise alone.
    """
    notes: list[Pair] = []
    for layer in layers:
        if layer not in tape.pairs:
            raise BadOption(
                f"Cannot train privately: no gradient reaches a layer that shall learn ({layer}).",
                "Use another method or base, or leave epsilon out.",
            )
        notes.append(joined(layer, tape.pairs.pop(layer)))
    squares = [squared_norms(layer, *note, units_B, units) for layer, note in zip(layers, notes, strict=True)]
    norms_U = torch.stack(squares).sum(dim=0).clamp_min(0).sqrt()
    weights_B = (clip / (norms_U * MARGIN).clamp_min(clip))[units_B]
    return [weighed_sum(layer, *note, weights_B) for layer, note in zip(layers, notes, strict=True)], norms_U
