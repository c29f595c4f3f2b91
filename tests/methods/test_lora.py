"""LoRA: starts as the base, adapts what was asked for, and ends as a plain model with the same answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from beside.core.errors import BadOption
from beside.core.recipe import Recipe
from beside.core.registry import load
from beside.engine.model import Model

Make = Callable[..., Model]


def shaken(model: Model, names: list[str]) -> None:
    """Moves what learns, as a training would."""
    torch.manual_seed(5)
    learning = set(names)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in learning:
                parameter.add_(0.3 * torch.randn_like(parameter))


@pytest.mark.parametrize("method", ["lora", "adalora"])
@pytest.mark.parametrize("kind", ["bert", "roberta", "mpnet", "distilbert"])
def test_it_starts_as_the_base_and_merges_into_a_plain_model_with_the_same_answers(
    make_model: Make, batch: Any, method: str, kind: str
) -> None:
    model, plain = make_model(kind), make_model(kind)
    chosen = load("methods", method).configured(Recipe())
    names = chosen.attach(model)
    with torch.no_grad():
        assert torch.allclose(model(*batch), plain(*batch), atol=1e-6), "an update that starts at zero changes nothing"
        shaken(model, names)
        before = model.eval()(*batch)
        assert not torch.allclose(before, plain(*batch), atol=1e-2)
        assert chosen.finish(model) is None
        assert torch.allclose(model(*batch), before, atol=1e-5)
    assert model.state_dict().keys() == plain.state_dict().keys()
    assert not hasattr(model.encoder, "peft_config")


@pytest.mark.parametrize("frozen, layers", [(0, {"0", "1"}), (1, {"1"})])
def test_no_frozen_layer_is_adapted(make_model: Make, frozen: int, layers: set[str]) -> None:
    names = load("methods", "lora").attach(make_model(frozen=frozen))
    assert {name.split(".")[3] for name in names if "lora_" in name} == layers


def test_its_knobs_say_how_many_numbers_learn(make_model: Make) -> None:
    def learning(**knobs: Any) -> int:
        model = make_model()
        names = load("methods", "lora").configured(Recipe(**knobs)).attach(model)
        return sum(value.numel() for name, value in model.named_parameters() if name in names and "lora_" in name)

    query_and_value, others = 2 * (16 + 16), 2 * (16 + 16) + (16 + 32) + (32 + 16)
    assert learning(lora_rank=1) == 2 * (query_and_value + others)
    assert learning(lora_rank=3, lora_targets="attention") == 3 * 2 * query_and_value


def test_alpha_scales_the_update(make_model: Make, batch: Any) -> None:
    gaps = []
    for alpha in (8, 16):
        model = make_model()
        method = load("methods", "lora").configured(Recipe(lora_alpha=alpha))
        names = [name for name in method.attach(model) if "lora_" in name]
        shaken(model, names)
        before = {name: value.clone() for name, value in make_model().state_dict().items()}
        method.finish(model)
        gaps.append(sum(float((value - before[name]).norm()) for name, value in model.state_dict().items()))
    assert gaps[1] == pytest.approx(2 * gaps[0], rel=1e-3)


@pytest.mark.parametrize("method", ["adapter", "prefix"])
@pytest.mark.parametrize("kind", ["mpnet", "distilbert"])
def test_what_needs_known_layers_refuses_other_encoders_with_a_way_out(make_model: Make, method: str, kind: str) -> None:
    with pytest.raises(BadOption, match=f"base of the kind '{kind}'") as refused:
        load("methods", method).attach(make_model(kind))
    assert "--method lora" in refused.value.hint
