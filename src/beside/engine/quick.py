"""A quick twin of a model: its layers in half precision throughout, a few large products each, and nothing between them.

An attack asks thousands of short texts. There a layer as the library runs it spends most of its time beside the products: on
numbers turned from one precision into another, and on getting from one module to the next.

Tensor suffixes: B batch, L sequence length, H hidden size, K outputs of the head.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm, linear, scaled_dot_product_attention

from beside.engine.model import Model, layers_of

HALF = torch.bfloat16
PARTS = {  # what a layer consists of; one with more in it is not run here, for what it adds would be left out without any error
    "": ("attention", "intermediate", "output"),
    "attention": ("output", "self"),
    "attention.self": ("dropout", "key", "query", "value"),
    "attention.output": ("LayerNorm", "dense", "dropout"),
    "intermediate": ("dense", "intermediate_act_fn"),
    "output": ("LayerNorm", "dense", "dropout"),
}
PRODUCTS = ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense",
            "intermediate.dense", "output.dense")  # fmt: skip


class Layer(nn.Module):
    """A layer of BERT's kind, its matrices copied in half precision."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        own, between, last = layer.attention.self, layer.attention.output, layer.output
        asked = (own.query, own.key, own.value)
        self.heads, self.scale, self.act = own.num_attention_heads, own.scaling, layer.intermediate.intermediate_act_fn
        self.ask = half(torch.cat([one.weight for one in asked])), half(torch.cat([one.bias for one in asked]))
        self.mix, self.widen, self.narrow = (
            (half(one.weight), half(one.bias)) for one in (between.dense, layer.intermediate.dense, last.dense)
        )
        self.norms = [(one.normalized_shape, one.weight.detach().clone(), one.bias.detach().clone(), one.eps)
                      for one in (between.LayerNorm, last.LayerNorm)]  # fmt: skip

    def forward(self, states_BLH: Tensor, mask_B11L: Tensor | None) -> Tensor:
        """States after the layer, (B, L, H)."""
        rows, length, _ = states_BLH.shape
        q, k, v = linear(states_BLH, *self.ask).view(rows, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        read = scaled_dot_product_attention(q, k, v, attn_mask=mask_B11L, scale=self.scale)
        mixed = linear(read.transpose(1, 2).reshape(rows, length, -1), *self.mix)
        states_BLH = layer_norm(mixed.add_(states_BLH), *self.norms[0])
        changed = linear(self.act(linear(states_BLH, *self.widen)), *self.narrow)
        return layer_norm(changed.add_(states_BLH), *self.norms[1])


class Quick(nn.Module):
    """A model's quick twin, which stands where the model stands when it is asked: a copy, its embeddings and head as they are."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.layers = [Layer(layer) for layer in layers_of(model.encoder)]
        self.model = deepcopy(model, {id(layers_of(model.encoder)): nn.ModuleList()})  # all but the layers
        self.head, self.width, self.per_token = self.model.head, self.model.width, self.model.per_token

    def states(self, ids_BL: Tensor, mask_BL: Tensor | None) -> Tensor:
        """Last states of the tokens, float32, (B, L, H)."""
        states_BLH = self.model.encoder.embeddings(input_ids=ids_BL, **self.model.types(ids_BL)).to(HALF)
        mask_B11L = None
        if mask_BL is not None:
            mask_B11L = torch.zeros(mask_BL.shape, dtype=HALF).masked_fill_(mask_BL == 0, float("-inf"))[:, None, None, :]
        for layer in self.layers:
            states_BLH = layer(states_BLH, mask_B11L)
        return states_BLH.float()

    def vector(self, ids_BL: Tensor, mask_BL: Tensor | None) -> Tensor:
        """One vector per text, (B, H)."""
        return self.model.pool(self.states(ids_BL, mask_BL), mask_BL)

    def forward(self, ids_BL: Tensor, mask_BL: Tensor | None) -> Tensor:
        """Logits, (B, K), or (B, L, K) per token."""
        return self.head(self.states(ids_BL, mask_BL) if self.per_token else self.vector(ids_BL, mask_BL))


def twin_of(model: Model) -> Any:
    """A twin of a model in evaluation mode, its products in bf16, to be asked in its place."""
    if layers_of(model.encoder) and all(map(plain, layers_of(model.encoder))):
        return Quick(model).eval()
    from beside.engine.compressed import narrowed  # needs ONNX Runtime

    return narrowed(deepcopy(model).eval())


def plain(layer: Any) -> bool:
    """Whether a layer is just as BERT's, with nothing put into it."""
    for path, names in PARTS.items():
        if {name for name, _ in layer.get_submodule(path).named_children()} - set(names):
            return False
    return all(type(layer.get_submodule(name)) is nn.Linear for name in PRODUCTS)


def half(tensor: Tensor) -> Tensor:
    """A copy in half precision."""
    return tensor.detach().to(HALF)


def state_of(model: nn.Module) -> tuple[tuple[int, int], ...]:
    """Where a model's numbers lie and how often they were changed: whether a twin is still one."""
    return tuple((one.data_ptr(), one._version) for one in model.parameters())
