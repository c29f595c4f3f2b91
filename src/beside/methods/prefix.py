"""Learned keys and values that every layer attends to, before those of the text (prefix tuning)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from beside.core.interfaces import Trainable
from beside.core.recipe import Recipe
from beside.methods._layers import HEAD, open_layers

HIDDEN = 64  # of the small network that makes the prefix while it learns


class Ahead:
    """A cache of keys and values, as transformers' attention takes one: the prefix comes before the text.

    Args:
        prefix_P2H: the keys and the values of each prefix token, side by side.
    """

    def __init__(self, prefix_P2H: Tensor) -> None:
        self.keys_PH, self.values_PH = prefix_P2H.chunk(2, dim=-1)

    def update(self, keys_BhLd: Tensor, values_BhLd: Tensor, *rest: Any, **more: Any) -> tuple[Tensor, Tensor]:
        """Keys and values (B, heads, P + L, d)."""
        return self.before(self.keys_PH, keys_BhLd), self.before(self.values_PH, values_BhLd)

    @staticmethod
    def before(own_PH: Tensor, given_BhLd: Tensor) -> Tensor:
        """The prefix, the same for every row of the batch, in front of what was given."""
        rows, heads, _, width = given_BhLd.shape
        own_hPd = own_PH.view(len(own_PH), heads, width).transpose(0, 1)
        return torch.cat([own_hPd.expand(rows, -1, -1, -1), given_BhLd], dim=2)


class Prefixed(nn.Module):
    """Self-attention that sees a prefix before the text."""

    def __init__(self, attention: nn.Module, prefix: nn.Module) -> None:
        super().__init__()
        self.attention, self.prefix = attention, prefix

    def forward(self, states_BLH: Tensor, *, attention_mask: Tensor | None = None, past_key_values: Any = None, **more: Any) -> Any:
        prefix_P2H = self.prefix()
        mask = None if attention_mask is None else longer(attention_mask, len(prefix_P2H))
        return self.attention(states_BLH, attention_mask=mask, past_key_values=Ahead(prefix_P2H), **more)


def longer(mask: Tensor, length: int) -> Tensor:
    """A mask over L keys, True or 0 where they may be seen, for `length` + L of them: the prefix is seen by all."""
    seen = mask.new_ones if mask.dtype == torch.bool else mask.new_zeros
    return torch.cat([seen(*mask.shape[:-1], length), mask], dim=-1)


class Kept(nn.Module):
    """A prefix as it is saved: plain numbers, (P, 2H)."""

    def __init__(self, prefix_P2H: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(prefix_P2H)

    def forward(self) -> Tensor:
        return self.weight


class Learning(nn.Module):
    """A prefix while it learns: what the base makes of some words, plus what peft's small network makes of learned vectors.

    Numbers that learn by themselves are unstable (Li & Liang 2021, 4.3); beginning with words helps where rows are few (7.4).
    """

    def __init__(self, words_P2H: Tensor) -> None:
        from peft import PrefixTuningConfig  # takes seconds to load
        from peft.tuners.prefix_tuning import PrefixEncoder

        super().__init__()
        length, width = words_P2H.shape[0], words_P2H.shape[1] // 2
        self.register_buffer("words", words_P2H)
        self.register_buffer("places", torch.arange(length), persistent=False)
        self.network = PrefixEncoder(
            PrefixTuningConfig(
                num_virtual_tokens=length,
                token_dim=width,
                num_layers=1,
                num_attention_heads=1,
                encoder_hidden_size=HIDDEN,
                prefix_projection=True,
                init_weights="zero",
            )
        )

    def forward(self) -> Tensor:
        return self.words + self.network(self.places)


class Prefix:
    """Prefix tuning in every layer (Li & Liang 2021; for understanding tasks: P-tuning v2, Liu et al. 2022)."""

    probe_first = True  # a prefix of words changes little, so a fitted head is nearly right for the first step
    # the rate, of 1e-3, 3e-3 and 5e-3 on dev rows of SST-2; 1e-2 learned nothing
    knobs: ClassVar[dict[str, Any]] = {"learning_rate": 3e-3, "frozen_layers": 0}

    def __init__(self, recipe: Recipe | None = None) -> None:
        self.recipe = recipe or Recipe()

    def configured(self, recipe: Recipe) -> Prefix:
        """The method with the knobs of a recipe."""
        return Prefix(recipe)

    def attach(self, model: Trainable) -> list[str]:
        """Puts `prefix_length` learned keys and values before every layer that is not frozen; they and the head learn.

        Raises:
            BadOption: there is nothing to adapt, or the layers of this base are not known.
        """
        layers = open_layers(model, "prefix")
        for layer, words_P2H in zip(layers, of_words(model.encoder, layers, self.recipe.prefix_length), strict=True):
            layer.attention.self = Prefixed(layer.attention.self, Learning(words_P2H))
        return [*(name for name, _ in model.named_parameters() if ".self.prefix." in name), *HEAD]

    def finish(self, model: Trainable) -> dict[str, Any]:
        """Keeps the prefix and drops the network that made it; what is needed to put it back in when the model is loaded."""
        layers = list(model.layers)[model.frozen :]
        for layer in layers:
            with torch.no_grad():
                layer.attention.self.prefix = Kept(layer.attention.self.prefix().clone())
        return {"method": "prefix", "length": self.recipe.prefix_length, "first": model.frozen}

    def rebuild(self, model: Trainable, structure: dict[str, Any]) -> None:
        """An empty prefix where `finish` says that one was."""
        for layer in list(model.layers)[structure["first"] :]:
            nothing = torch.zeros(structure["length"], 2 * layer.attention.self.all_head_size)
            layer.attention.self = Prefixed(layer.attention.self, Kept(nothing))


@torch.no_grad()
def of_words(encoder: Any, layers: Sequence[Any], length: int) -> list[Tensor]:
    """Keys and values that some words of the vocabulary have in these layers, (length, 2H) each; draws from torch's generator."""
    seen: dict[nn.Module, Tensor] = {}
    projections = [(layer.attention.self.key, layer.attention.self.value) for layer in layers]
    hooks = [part.register_forward_hook(partial(noted, seen)) for pair in projections for part in pair]
    was_training = encoder.training
    encoder.eval()
    # one after the other, so that no word depends on those drawn before it and no base is too short for them
    drawn = torch.randint(encoder.config.vocab_size, (length, 1))
    try:
        encoder(input_ids=drawn)
    finally:
        for hook in hooks:
            hook.remove()
        encoder.train(was_training)
    return [torch.cat([seen[key][:, 0], seen[value][:, 0]], dim=-1).clone() for key, value in projections]


def noted(seen: dict[nn.Module, Tensor], part: nn.Module, given: Any, made: Tensor) -> None:
    """A forward hook that keeps what a part made."""
    seen[part] = made


method = Prefix()
