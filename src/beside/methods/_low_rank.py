"""What LoRA and AdaLoRA share: which matrices they adapt, what of it learns, and how it becomes one with the base weights."""

from __future__ import annotations

from typing import Any

from torch import nn
from transformers.pytorch_utils import Conv1D  # what GPT-2 has in place of linear layers

from beside.core.errors import BadOption
from beside.core.interfaces import Trainable
from beside.methods._layers import HEAD, must_be_open

NAME = "default"  # of the one adapter that there is, as peft calls it
# last part of the names that query and value projections go by, in BERT-like, DistilBERT-like, MPNet-like and DeBERTa-like encoders
QUERY_AND_VALUE = {"query", "value", "q_lin", "v_lin", "q_proj", "v_proj", "query_proj", "value_proj", "q", "v", "c_attn"}


def targets(model: Trainable, method: str, which: str) -> list[str]:
    """Names, within the encoder, of the linear layers to adapt; none of a frozen layer.

    Args:
        which: "all", or "attention" for query and value projections alone.

    Raises:
        BadOption: there is none.
    """
    must_be_open(model, method)
    frozen = {name.removeprefix("encoder.") for name in model.frozen_names()}
    words = model.encoder.get_output_embeddings()  # of a model that writes; shared with its input, so an update could not be merged
    parts = [(name, module) for name, module in model.encoder.named_modules() if module is not words]
    linear = [name for name, module in parts if isinstance(module, nn.Linear | Conv1D)]
    free = [name for name in linear if f"{name}.weight" not in frozen and "pooler" not in name.split(".")]
    chosen = [name for name in free if which == "all" or name.rpartition(".")[2] in QUERY_AND_VALUE]
    if not chosen:
        kind = model.encoder.config.model_type
        raise BadOption(
            f"Cannot find {'linear layers' if which == 'all' else 'query and value projections'} in a base of the kind '{kind}'.",
            "Set lora_targets=all, or use --method full.",
        )
    return chosen


def learning(model: Trainable) -> list[str]:
    """Names of the low-rank factors, and of the head where there is one."""
    return [name for name, _ in model.named_parameters() if ".lora_" in name or name in HEAD]


def merge(encoder: Any) -> None:
    """Adds each product of factors to the weights that it adapts, and leaves a plain encoder. Exact up to rounding."""
    from peft.tuners.tuners_utils import BaseTunerLayer  # takes seconds to load

    for name, module in list(encoder.named_modules()):
        if isinstance(module, BaseTunerLayer):
            module.merge(safe_merge=True)
            parent, _, last = name.rpartition(".")
            setattr(encoder.get_submodule(parent), last, module.get_base_layer())
    if hasattr(encoder, "peft_config"):
        del encoder.peft_config
