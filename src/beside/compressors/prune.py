"""Attention heads, neurons and layers taken out by importance, then recovered by training on the model's own answers."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from beside.core.interfaces import Workbench

STEP = 32  # neurons of a layer are a multiple of this, as products of matrices like them


@dataclass(frozen=True, kw_only=True)
class Prune:
    """Structured pruning: the matrices that stay are really smaller.

    A part's importance is how much the loss would change without it, to first order, on training rows: the sum of activation times
    gradient (Michel et al. 2019 for heads, Molchanov et al. 2019 for neurons), compared across layers at equal length.
    """

    zh: ClassVar[str] = "按重要性去掉注意力头、前馈神经元与层，再以模型自己的回答训练恢复。"
    last: ClassVar[bool] = False

    neurons: float = field(default=0.3, metadata={"unit": "share", "reason": "of feed-forward neurons taken out"})
    heads: float = field(default=0.25, metadata={"unit": "share", "reason": "of attention heads taken out"})
    layers: int = field(default=0, metadata={"unit": "layers", "reason": "taken out whole, the least important first"})
    rows: int = field(default=512, metadata={"unit": "rows", "reason": "training rows that importance is measured on"})
    epochs: int = field(default=2, metadata={"unit": "epochs", "reason": "of recovery; 0 = none, which costs answers"})
    learning_rate: float = field(default=5e-5, metadata={"unit": "step size", "reason": "of recovery"})

    def __post_init__(self) -> None:
        if not (0 <= self.neurons < 1 and 0 <= self.heads < 1 and min(self.layers, self.epochs) >= 0 and self.rows >= 1):
            raise ValueError("shares lie in 0..1, layers and epochs are 0 or more, rows are 1 or more")
        if not 0 < self.learning_rate < 1:
            raise ValueError("learning_rate lies in 0..1")

    def why_not(self, bench: Workbench) -> str | None:
        """Its layers must be known, and their training rows may be looked at again."""
        if bench.private:
            return "the model keeps a promise of privacy, and importance and recovery would look at its training rows again"
        if not bench.plain:
            return "its layers are not known, or hold parts that a method added; BERT's and RoBERTa's are, trained by full or lora"
        if bench.apart:
            return "it reads the texts of a pair one by one, which recovery does not know"
        if self.layers >= len(bench.model.layers):
            return f"it has {len(bench.model.layers)} layers, and {self.layers} would be taken out"
        return None

    def compress(self, bench: Workbench) -> str:
        """Measures importance, takes out the least important parts, and trains what is left."""
        before, teacher = sum(one.numel() for one in bench.model.parameters()), copy.deepcopy(bench.model).eval()
        heads, neurons, layers = importance(bench, self.rows)
        if self.layers:
            kept = sorted(np.argsort(layers, kind="stable")[self.layers :].tolist())
            bench.keep_layers(kept)
            heads, neurons = [heads[at] for at in kept], [neurons[at] for at in kept]
        bench.cut(chosen(heads, self.heads, 1), chosen(neurons, self.neurons, STEP))
        now = sum(one.numel() for one in bench.model.parameters())
        told = f"{before / 1e6:.2f} M parameters -> {now / 1e6:.2f} M"
        if not self.epochs:
            return f"{told}, without recovery"
        bench.say(told)
        return f"{told}; {bench.learn(teacher, epochs=self.epochs, learning_rate=self.learning_rate)}"


def chosen(importance: Sequence[np.ndarray], share: float, step: int) -> list[list[int]]:
    """Which parts of each layer stay, ascending.

    Args:
        importance: of each part, layer by layer.
        share: of all parts taken out, the least important first, each layer's importance at length 1.
        step: what a layer keeps is a multiple of this, or all of it; rounded up, so that it is never nothing.
    """
    scaled = [one / max(float(np.linalg.norm(one)), 1e-12) for one in importance]
    ranked = np.sort(np.concatenate(scaled))
    least = ranked[min(len(ranked) - 1, round(share * len(ranked)))]
    kept = []
    for one in scaled:
        count = min(len(one), max(1, -(-int((one >= least).sum()) // step)) * step)
        kept.append(sorted(np.argsort(-one, kind="stable")[:count].tolist()))
    return kept


def importance(bench: Workbench, rows: int) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    """Importance of each layer's heads and neurons, and of the layers: |sum of activation x gradient| in each row, summed."""
    layers = list(bench.model.layers)
    sums: dict[tuple[str, int], Any] = {}
    hooks = []
    for at, layer in enumerate(layers):
        size = layer.attention.self.attention_head_size
        hooks.append(layer.attention.output.dense.register_forward_pre_hook(watching(sums, ("heads", at), size)))
        hooks.append(layer.output.dense.register_forward_pre_hook(watching(sums, ("neurons", at), 1)))
        hooks.append(layer.register_forward_hook(watching_layer(sums, ("layers", at))))
    try:
        for loss in bench.losses(rows):
            loss.backward()
            bench.model.zero_grad(set_to_none=True)
    finally:
        for hook in hooks:
            hook.remove()
    found = {kind: [np.asarray(sums[kind, at].numpy()) for at in range(len(layers))] for kind in ("heads", "neurons", "layers")}
    return found["heads"], found["neurons"], np.concatenate(found["layers"])


def watching(sums: dict[tuple[str, int], Any], key: tuple[str, int], size: int) -> Callable[..., None]:
    """A hook that adds up the importance of what goes into a layer, in groups of `size` numbers."""

    def hook(module: Any, inputs: tuple[Any, ...]) -> None:
        states_BLD = inputs[0]
        states_BLD.register_hook(lambda slope_BLD: add(sums, key, (states_BLD * slope_BLD).detach(), size))

    return hook


def watching_layer(sums: dict[tuple[str, int], Any], key: tuple[str, int]) -> Callable[..., None]:
    """A hook that adds up the importance of what a layer adds to what comes into it."""

    def hook(module: Any, inputs: tuple[Any, ...], output: Any) -> None:
        after_BLH = output[0] if isinstance(output, tuple) else output
        added_BLH = (after_BLH - inputs[0]).detach()
        after_BLH.register_hook(lambda slope_BLH: add(sums, key, added_BLH * slope_BLH, added_BLH.shape[-1]))

    return hook


def add(sums: dict[tuple[str, int], Any], key: tuple[str, int], product_BLD: Any, size: int) -> None:
    """Adds |sum over tokens and over groups of `size`| of each row."""
    grouped_BG = product_BLD.sum(dim=1).unflatten(-1, (-1, size)).sum(dim=-1)
    sums[key] = sums.get(key, 0) + grouped_BG.abs().sum(dim=0).cpu()


compressor = Prune()
