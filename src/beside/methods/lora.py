"""Low-rank updates beside the frozen weights (LoRA); after training they are added to the weights."""

from __future__ import annotations

from typing import Any, ClassVar

from beside.core.interfaces import Trainable
from beside.core.recipe import Recipe
from beside.methods._low_rank import NAME, learning, merge, targets


class Lora:
    """Each adapted matrix W learns W + alpha / rank * B A, B starting at zero (Hu et al. 2022), through peft.

    All linear layers are adapted, not query and value alone: it takes that to match full fine-tuning (Dettmers et al. 2023).
    """

    probe_first = True  # the updates start at zero, so a fitted head is as right for the first step as for the base
    writes = True
    # the rate: chosen on dev rows of SST-2
    knobs: ClassVar[dict[str, Any]] = {"learning_rate": 2e-3, "lora_alpha": 16, "frozen_layers": 0}

    def __init__(self, recipe: Recipe | None = None) -> None:
        self.recipe = recipe or Recipe()

    def configured(self, recipe: Recipe) -> Lora:
        """The method with the knobs of a recipe."""
        return Lora(recipe)

    def attach(self, model: Trainable) -> list[str]:
        """Adds factors of rank `lora_rank` in every layer that is not frozen; the factors and the head learn.

        Raises:
            BadOption: there is nothing to adapt.
        """
        from peft import LoraConfig, LoraModel  # takes seconds to load

        knobs = self.recipe
        config = LoraConfig(
            r=knobs.lora_rank,
            lora_alpha=knobs.lora_alpha or self.knobs["lora_alpha"],
            lora_dropout=knobs.lora_dropout,
            target_modules=targets(model, "lora", knobs.lora_targets),
            fan_in_fan_out=model.encoder.config.model_type == "gpt2",  # it keeps its matrices the other way round
        )
        LoraModel(model.encoder, config, NAME)
        return learning(model)

    def finish(self, model: Trainable) -> None:
        """Adds the updates to the weights: what is left is a plain model, as fast as the base."""
        merge(model.encoder)


method = Lora()
