"""Adapters and prefixes: where they stand, how they start, and that every way into the model goes through them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from beside.core.recipe import Recipe
from beside.core.registry import load
from beside.engine.model import Model

Make = Callable[..., Model]
STYLES = [
    ("adapter", {"adapter_style": "houlsby", "adapter_size": 4}),
    ("adapter", {"adapter_style": "pfeiffer", "adapter_size": 4}),
    ("prefix", {"prefix_length": 3}),
]


def attached(model: Model, method: str, knobs: dict[str, Any]) -> tuple[Any, list[str]]:
    chosen = load("methods", method).configured(Recipe(**knobs))
    return chosen, chosen.attach(model)


def shaken(model: Model, names: list[str], by: float = 0.5) -> None:
    """Moves what learns, as a training would."""
    torch.manual_seed(5)
    learning = set(names)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in learning:
                parameter.add_(by * torch.randn_like(parameter))


@pytest.mark.parametrize("style, count", [("houlsby", 2), ("pfeiffer", 1)])
def test_an_adapter_starts_near_the_identity_with_so_many_bottlenecks_a_layer(
    make_model: Make, batch: Any, style: str, count: int
) -> None:
    model, plain = make_model(), make_model()
    _, names = attached(model, "adapter", {"adapter_style": style, "adapter_size": 4})
    with torch.no_grad():
        assert torch.allclose(model(*batch), plain(*batch), atol=1e-2)
    downs = [name for name in names if name.endswith("down.weight")]
    assert len(downs) == 2 * count and all(dict(model.named_parameters())[name].shape == (4, 16) for name in downs)
    assert any("LayerNorm" in name for name in names) == (style == "houlsby")
    assert all(("attention" in name) <= (style == "houlsby") for name in downs)


def test_a_bottleneck_stands_before_the_residual_connection(make_model: Make, batch: Any) -> None:
    model = make_model()
    attached(model, "adapter", {"adapter_style": "pfeiffer", "adapter_size": 4})
    part, seen = model.layers[0].output, {}
    part.dropout.register_forward_hook(lambda module, given, made: seen.update(made=made))
    part.LayerNorm.register_forward_hook(lambda module, given, made: seen.update(normed=given[0]))
    part.register_forward_hook(lambda module, given, made: seen.update(residual=given[1]))
    with torch.no_grad():
        model(*batch)
    assert torch.allclose(seen["normed"], seen["made"] + seen["residual"], atol=1e-6)


@pytest.mark.parametrize("kind", ["bert", "roberta"])
@pytest.mark.parametrize("method, knobs", STYLES)
def test_every_way_into_the_model_goes_through_what_was_added(
    make_model: Make, batch: Any, kind: str, method: str, knobs: dict[str, Any]
) -> None:
    ids, mask = batch
    model, plain = make_model(kind), make_model(kind)
    _, names = attached(model, method, knobs)
    shaken(model, names)
    model.eval()
    with torch.no_grad():
        whole = model.embed(ids, mask)
        assert not torch.allclose(whole, plain.embed(ids, mask), atol=1e-2)
        assert torch.allclose(model.upper(model.stem(ids, mask), mask), whole, atol=1e-5), "layer by layer"
        table = model.encoder.get_input_embeddings()(ids[:1])
        states = model.encoder(inputs_embeds=table)[0]
        assert torch.allclose(model.pool(states, None), model.embed(ids[:1], None), atol=1e-5), "from embeddings, as explainers go"
        alone = torch.stack([model.embed(ids[row : row + 1, : int(mask[row].sum())], None)[0] for row in range(len(ids))])
        assert torch.allclose(alone, whole, atol=1e-5), "padding is not seen"


@pytest.mark.parametrize("frozen", [0, 1])
@pytest.mark.parametrize("method, knobs", STYLES)
def test_finished_rebuilt_and_filled_it_answers_as_before(
    make_model: Make, batch: Any, method: str, knobs: dict[str, Any], frozen: int
) -> None:
    model = make_model(frozen=frozen)
    chosen, names = attached(model, method, knobs)
    assert {name.split(".")[3] for name in names if not name.startswith("head.")} == ({"0", "1"} if frozen == 0 else {"1"})
    shaken(model, names)
    with torch.no_grad():
        before = model.eval()(*batch)
        structure = chosen.finish(model)
        assert torch.allclose(model.eval()(*batch), before, atol=1e-6)
        other = make_model()
        load("methods", structure["method"]).rebuild(other, structure)
        other.load_state_dict(model.state_dict(), strict=True)
        assert torch.equal(other.eval()(*batch), model(*batch))


def test_a_prefix_begins_with_what_the_base_makes_of_words(make_model: Make) -> None:
    model = make_model()
    torch.manual_seed(3)
    attached(model, "prefix", {"prefix_length": 3})
    torch.manual_seed(3)
    words = torch.randint(60, (3, 1))
    attention, plain = model.layers[0].attention.self, make_model()
    with torch.no_grad():
        states = plain.encoder.embeddings(input_ids=words)[:, 0]
        keys = plain.layers[0].attention.self.key(states)
        assert torch.allclose(attention.prefix()[:, :16], keys, atol=1e-6)


def test_the_network_that_makes_a_prefix_is_not_saved(make_model: Make) -> None:
    model = make_model()
    chosen, _ = attached(model, "prefix", {"prefix_length": 3})
    chosen.finish(model)
    added = [name for name in model.state_dict() if ".prefix." in name]
    assert added == [f"encoder.encoder.layer.{layer}.attention.self.prefix.weight" for layer in (0, 1)]
    assert {tuple(model.state_dict()[name].shape) for name in added} == {(3, 32)}
