"""A quick twin of a model: its layers in half precision throughout, a few large products each, and nothing between them.

An attack asks thousands of short texts. There a layer as the library runs it spends most of its time beside the products: on
numbers turned from one precision into another, and on getting from one module to the next.

Tensor suffixes: B batch, L sequence length, H hidden size, T tokens of all rows, A heads, D size of a head, K outputs of the head.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm, pad, scaled_dot_product_attention

from beside.engine.model import Model, layers_of

HALF = torch.bfloat16
SHORT = 96  # tokens
SIZES = (64, 128, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096)  # tokens of a product: the first of a new size costs 10 ms
STEEPEST = 80.0  # scores of attention beyond it are that: their exponents are still numbers
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
        self.heads, self.scale, self.act = own.num_attention_heads, own.scaling, layer.intermediate.intermediate_act_fn
        self.ask = halved(own.query, own.key, own.value)
        self.mix, self.widen, self.narrow = halved(between.dense), halved(layer.intermediate.dense), halved(last.dense)
        self.norms = [
            (one.normalized_shape, one.weight.detach().clone(), one.bias.detach().clone(), one.eps)
            for one in (between.LayerNorm, last.LayerNorm)
        ]

    def forward(self, states_TH: Tensor, rows: int, length: int, mask_BL: Tensor | None) -> Tensor:
        """States after the layer, (T, H); the first `rows` times `length` tokens are those of the rows, what follows is nothing."""
        matrix, bias = self.ask
        asked = (states_TH @ matrix)[: rows * length]
        shape = (rows, length, 3, self.heads, -1)
        asked_3BALD = torch.add(asked.view(shape).permute(2, 0, 3, 1, 4), bias.view(3, 1, self.heads, 1, -1))
        read_BALD = (short if length <= SHORT else long)(asked_3BALD, mask_BL, self.scale)
        read_TH = read_BALD.transpose(1, 2).reshape(rows * length, -1)
        states_TH = layer_norm(product(filled_up(read_TH, len(states_TH)), *self.mix).add_(states_TH), *self.norms[0])
        wide = self.act(product(states_TH, *self.widen))
        return layer_norm(product(wide, *self.narrow).add_(states_TH), *self.norms[1])


class Quick(nn.Module):
    """A model's quick twin, which stands where the model stands when it is asked: a copy, its embeddings and head as they are."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.layers = [Layer(layer) for layer in layers_of(model.encoder)]
        self.model = deepcopy(model, {id(layers_of(model.encoder)): nn.ModuleList()})  # all but the layers
        self.head, self.width, self.per_token = self.model.head, self.model.width, self.model.per_token

    def states(self, ids_BL: Tensor, mask_BL: Tensor | None) -> Tensor:
        """Last states of the tokens, float32, (B, L, H)."""
        rows, length = ids_BL.shape
        states_BLH = self.model.encoder.embeddings(input_ids=ids_BL, **self.model.types(ids_BL)).to(HALF)
        size = next((size for size in SIZES if size >= rows * length), rows * length)
        states_TH = filled_up(states_BLH.flatten(0, 1), size)
        for layer in self.layers:
            states_TH = layer(states_TH, rows, length, mask_BL)
        return states_TH[: rows * length].view(rows, length, -1).float()

    def vector(self, ids_BL: Tensor, mask_BL: Tensor | None) -> Tensor:
        """One vector per text, (B, H)."""
        return self.model.pool(self.states(ids_BL, mask_BL), mask_BL)

    def forward(self, ids_BL: Tensor, mask_BL: Tensor | None) -> Tensor:
        """Logits, (B, K), or (B, L, K) per token."""
        return self.head(self.states(ids_BL, mask_BL) if self.per_token else self.vector(ids_BL, mask_BL))


def product(states_TH: Tensor, matrix: Tensor, bias: Tensor) -> Tensor:
    """Of a linear layer; its bias is added afterwards, for torch copies it into every row before the product otherwise."""
    return (states_TH @ matrix).add_(bias)


def filled_up(states_TH: Tensor, size: int) -> Tensor:
    """The tokens, and zeros behind them up to that many."""
    return states_TH if len(states_TH) == size else pad(states_TH, (0, 0, 0, size - len(states_TH)))


def halved(*linears: nn.Linear) -> tuple[Tensor, Tensor]:
    """Matrix, inputs by outputs, and bias of linear layers side by side, copied in half precision."""
    matrix = torch.cat([one.weight.detach() for one in linears]).to(HALF).t()
    return matrix, torch.cat([one.bias.detach() for one in linears]).to(HALF)


def long(asked_3BALD: Tensor, mask_BL: Tensor | None, scale: float) -> Tensor:
    """Attention by torch, as `short` does it."""
    q, k, v = asked_3BALD
    mask_B11L = None if mask_BL is None else mask_BL[:, None, None, :].bool()
    return scaled_dot_product_attention(q, k, v, attn_mask=mask_B11L, scale=scale)


def short(asked_3BALD: Tensor, mask_BL: Tensor | None, scale: float) -> Tensor:
    """Attention as two products over all heads of all rows with exponents between: for short rows torch's own takes twice as long.

    Args:
        asked_3BALD: queries, keys and values; A heads, D the size of one.

    Returns:
        (B, A, L, D).
    """
    _, rows, heads, length, size = asked_3BALD.shape
    q, k, v = asked_3BALD.reshape(3, rows * heads, length, size)
    ones = torch.ones(1, length, 1, dtype=HALF).expand(rows * heads, length, 1)
    if mask_BL is not None:  # a token that is not there has no value and no part in the sum
        ones = mask_BL.to(HALF)[:, None, :, None].expand(rows, heads, length, 1).reshape(rows * heads, length, 1)
        v = v * ones
    powers = torch.baddbmm(q.new_empty(()), q, k.transpose(1, 2), beta=0, alpha=scale).clamp_(-STEEPEST, STEEPEST).exp_()
    return torch.bmm(powers, v).div_(torch.bmm(powers, ones)).view(rows, heads, length, size)


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


def state_of(model: nn.Module) -> tuple[tuple[int, int], ...]:
    """Where a model's numbers lie and how often they were changed: whether a twin is still one."""
    return tuple((one.data_ptr(), one._version) for one in model.parameters())
