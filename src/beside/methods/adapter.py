"""Small bottlenecks inside each layer of the frozen encoder (adapters, after Houlsby or Pfeiffer)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from torch import Tensor, nn
from torch.nn.functional import gelu

from beside.core.interfaces import Trainable
from beside.core.recipe import Recipe
from beside.methods._layers import HEAD, open_layers

NEAR_IDENTITY = 1e-2  # standard deviation that the weights start with (Houlsby et al. 2019)


class Bottleneck(nn.Module):
    """Down to `size` numbers, up again, and added to what came in; starts near the identity.

    Stands where the dropout before a residual connection was, and does that dropout first.
    """

    def __init__(self, dropout: nn.Module, width: int, size: int) -> None:
        super().__init__()
        self.dropout, self.down, self.up = dropout, nn.Linear(width, size), nn.Linear(size, width)
        for part in (self.down, self.up):
            nn.init.trunc_normal_(part.weight, std=NEAR_IDENTITY, a=-2 * NEAR_IDENTITY, b=2 * NEAR_IDENTITY)
            nn.init.zeros_(part.bias)

    def forward(self, states_BLH: Tensor) -> Tensor:
        dropped_BLH = self.dropout(states_BLH)
        return dropped_BLH + self.up(gelu(self.down(dropped_BLH)))


class Adapter:
    """Bottlenecks of our own, since peft has none.

    `houlsby`: two in each layer, after attention and after the feed-forward part, and the layer norms behind them learn too
    (Houlsby et al. 2019). `pfeiffer`: one, after the feed-forward part (Pfeiffer et al. 2021), half as many parameters.
    """

    probe_first = True  # the bottlenecks start near the identity, so a fitted head is right for the first step
    # the rate: chosen on dev rows of SST-2
    knobs: ClassVar[dict[str, Any]] = {"learning_rate": 2e-3, "frozen_layers": 0}

    def __init__(self, recipe: Recipe | None = None) -> None:
        self.recipe = recipe or Recipe()

    def configured(self, recipe: Recipe) -> Adapter:
        """The method with the knobs of a recipe."""
        return Adapter(recipe)

    def attach(self, model: Trainable) -> list[str]:
        """Puts bottlenecks of size `adapter_size` into every layer that is not frozen; they and the head learn.

        Raises:
            BadOption: there is nothing to adapt, or the layers of this base are not known.
        """
        layers, style = open_layers(model, "adapter"), self.recipe.adapter_style
        insert(layers, style, self.recipe.adapter_size)
        learning = {f"{id(parameter)}" for layer in layers for parameter in added(layer, style)}
        return [*(name for name, parameter in model.named_parameters() if f"{id(parameter)}" in learning), *HEAD]

    def finish(self, model: Trainable) -> dict[str, Any]:
        """What is needed to put the bottlenecks back in when the model is loaded."""
        return {"method": "adapter", "style": self.recipe.adapter_style, "size": self.recipe.adapter_size, "first": model.frozen}

    def rebuild(self, model: Trainable, structure: dict[str, Any]) -> None:
        """Empty bottlenecks where `finish` says that they were."""
        insert(list(model.layers)[structure["first"] :], structure["style"], structure["size"])


def insert(layers: Sequence[Any], style: str, size: int) -> None:
    """Puts bottlenecks into layers of the BERT kind."""
    for layer in layers:
        for part in parts(layer, style):
            part.dropout = Bottleneck(part.dropout, part.LayerNorm.normalized_shape[0], size)


def parts(layer: Any, style: str) -> list[Any]:
    """The parts of a layer that a bottleneck goes into: projection, dropout, residual connection, layer norm."""
    return [layer.attention.output, layer.output] if style == "houlsby" else [layer.output]


def added(layer: Any, style: str) -> list[nn.Parameter]:
    """The parameters of a layer that learn."""
    learning: list[nn.Parameter] = []
    for part in parts(layer, style):
        learning += [*part.dropout.parameters(), *(part.LayerNorm.parameters() if style == "houlsby" else ())]
    return learning


method = Adapter()
