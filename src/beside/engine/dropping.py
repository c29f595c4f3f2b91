"""Dropout that costs a fraction of the time on a processor, in whatever base model trains.

torch draws a random number for every number that may be dropped, which takes a fifth to a third of a training step on CPU. Here 64
random bits of the same generator decide on four: seeds, checkpoints and recomputed activations mean what they did. The share
dropped is the asked one to the nearest 1/65536, and what stays is scaled by exactly that. Attention that drops is written out, for
torch has no fused kernel for it on CPU and draws inside, number by number.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import dropout, scaled_dot_product_attention
from torch.overrides import TorchFunctionMode

LEVELS = 1 << 16  # a number is dropped when 16 random bits are below its share of these


def light_dropout(device: torch.device) -> AbstractContextManager[object]:
    """While the block lasts, models on this device drop the light way; other devices have fast kernels of their own."""
    return Light() if device.type == "cpu" else nullcontext()


class Light(TorchFunctionMode):
    """Takes the place of torch's dropout, and of its attention where that drops, for tensors on the processor."""

    def __torch_function__(self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """What the function gives, or what this file gives in its place."""
        kwargs = kwargs or {}
        if func is dropout:
            return plain(*args, **kwargs)
        if func is scaled_dot_product_attention and drops(*args, **kwargs):
            return attention(*args, **kwargs)
        return func(*args, **kwargs)


def plain(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """torch.nn.functional.dropout, with its arguments."""
    if not training or p == 0 or p == 1 or inplace or not input.is_floating_point():
        return dropout(input, p, training, inplace)
    return input * kept(input, p)


def kept(like: Tensor, p: float) -> Tensor:
    """A tensor of this shape and kind: 0 where a number is dropped, the scale of what stays elsewhere."""
    count = like.numel()
    bits = torch.empty(-(-count // 4), dtype=torch.int64).random_(-(1 << 63), None).view(torch.int16)[:count]
    lost = round(p * LEVELS)  # of the levels; 16 bits are read as -32768 to 32767
    stays = (bits >= lost - LEVELS // 2).view(like.shape)
    return stays.to(like.dtype).mul_(LEVELS / max(1, LEVELS - lost))


def drops(query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, dropout_p: float = 0.0, **rest: Any) -> bool:
    """Whether attention drops, and is of the kind written out here."""
    return 0 < dropout_p < 1 and not rest.get("is_causal") and not rest.get("enable_gqa")


def attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """torch.nn.functional.scaled_dot_product_attention, with its arguments: queries (..., L, E), keys and values (..., S, E)."""
    scores = (query * (1 / math.sqrt(query.shape[-1]) if scale is None else scale)) @ key.mT
    if attn_mask is not None and attn_mask.dtype is torch.bool:
        scores = scores.masked_fill(~attn_mask, torch.finfo(scores.dtype).min)  # finite: a row without any key gives no NaN
    elif attn_mask is not None:
        scores = scores + attn_mask
    weights = scores.softmax(dim=-1)
    return (weights * kept(weights, dropout_p)).to(value.dtype) @ value
