"""What methods that add parts to an encoder share: the layers that they may add to."""

from __future__ import annotations

from typing import Any

from beside.core.errors import BadOption
from beside.core.interfaces import Trainable

HEAD = ("head.weight", "head.bias")


def open_layers(model: Trainable, method: str) -> list[Any]:
    """The encoder's layers above the frozen ones.

    Raises:
        BadOption: every layer is frozen, or the encoder is of a kind whose layers cannot be told apart.
    """
    must_be_open(model, method)
    if not len(model.layers):
        kind = model.encoder.config.model_type
        raise BadOption(
            f"The method '{method}' adds parts inside each layer, and does not know the layers of a base of the kind '{kind}'.",
            "Use --method lora, which takes any encoder, or a BERT-like base.",
        )
    return list(model.layers)[model.frozen :]


def must_be_open(model: Trainable, method: str) -> None:
    """Does nothing when there is a layer that is not frozen, or the layers cannot be told apart.

    Raises:
        BadOption: every layer is frozen.
    """
    if len(model.layers) and model.frozen >= len(model.layers):
        raise BadOption(
            f"With frozen_layers={model.frozen} every layer is frozen, so the method '{method}' has nothing to adapt.",
            f"Set frozen_layers to 0..{len(model.layers) - 1}, or use --method probe.",
        )
