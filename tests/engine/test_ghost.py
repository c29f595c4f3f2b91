"""Clipped sums and norms are those of plain autograd, unit by unit, for every kind of layer and however it is used."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from beside.core.errors import BadOption
from beside.engine.ghost import clipped_sum, learning_layers, recording

torch.manual_seed(0)


class Net(nn.Module):
    """Words, places, a norm, two linear layers of which one is used twice, and a head without a bias."""

    def __init__(self, tokens: int, padding: int | None = None) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(9, 6, padding_idx=padding), nn.Embedding(tokens, 6)
        self.norm, self.twice, self.head = nn.LayerNorm(6), nn.Linear(6, 6), nn.Linear(6, 3, bias=False)
        self.dropout = nn.Dropout(0.3)

    def forward(self, ids_BT: Tensor) -> Tensor:
        states = self.words(ids_BT) + self.places(torch.arange(ids_BT.shape[1])[None])
        states = self.dropout(self.twice(torch.tanh(self.twice(self.norm(states)))))
        return self.head(states.mean(dim=1))


def names_of(model: nn.Module) -> list[str]:
    return [name for name, _ in model.named_parameters()]


def losses(model: nn.Module, ids_BT: Tensor) -> Tensor:
    return model(ids_BT).square().sum(dim=1)


def both_ways(model: nn.Module, ids_BT: Tensor, units_B: Tensor, clip: float) -> tuple[list[Tensor], Tensor, list[Tensor], Tensor]:
    """The clipped sum and the norms, as they are found in one pass and unit by unit, with the same dropout."""
    units, layers = int(units_B.max()) + 1, learning_layers(model, names_of(model))
    torch.manual_seed(7)
    with recording(list(layers)) as tape:
        tape.rows = len(ids_BT)
        losses(model, ids_BT).sum().backward()
        found, norms = clipped_sum(tape, list(layers), units_B, units, clip)
    assert all(parameter.grad is None for parameter in model.parameters())
    torch.manual_seed(7)
    each, slow, lengths = losses(model, ids_BT), [], []
    parameters = [getattr(layer, part) for layer in layers for part in ("weight", "bias") if getattr(layer, part, None) is not None]
    for unit in range(units):
        parts = torch.autograd.grad(each[units_B == unit].sum(), parameters, retain_graph=True, allow_unused=True)
        whole = [torch.zeros_like(one) if part is None else part for one, part in zip(parameters, parts, strict=True)]
        lengths.append(torch.stack([part.norm() for part in whole]).norm())
        slow.append([part * min(1.0, clip / float(lengths[-1])) for part in whole])
    wanted = [torch.stack(parts).sum(dim=0) for parts in zip(*slow, strict=True)]
    return [part for own in found for part in own], norms, wanted, torch.stack(lengths).detach()


@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(1, 6),
    tokens=st.integers(1, 9),
    clip=st.sampled_from([1e-3, 0.7, 1e6]),
    padding=st.sampled_from([None, 0]),
    data=st.data(),
)
def test_sum_and_norms_are_those_of_units_one_by_one(
    rows: int, tokens: int, clip: float, padding: int | None, data: st.DataObject
) -> None:
    # few words: most of them come several times in a row, padding too
    ids = torch.tensor(
        data.draw(st.lists(st.lists(st.integers(0, 8), min_size=tokens, max_size=tokens), min_size=rows, max_size=rows))
    )
    owners = data.draw(st.lists(st.booleans(), min_size=rows - 1, max_size=rows - 1))  # whether the next row is another unit's
    units_B = torch.tensor([0, *owners], dtype=torch.int64).cumsum(0)
    found, norms, wanted, lengths = both_ways(Net(tokens, padding).train(), ids, units_B, clip)
    torch.testing.assert_close(norms, lengths, rtol=1e-3, atol=1e-6)
    scale = float(min(clip, float(lengths.max())))
    for one, other in zip(found, wanted, strict=True):
        assert float((one - other).norm()) <= 1e-3 * scale


@pytest.mark.parametrize("clip", [1e-4, 0.5])
def test_no_unit_gives_more_than_the_clip(clip: float) -> None:
    model, units_B = Net(5).eval(), torch.tensor([0])
    for ids in torch.randint(9, (20, 1, 5)):
        found, _, _, lengths = both_ways(model, ids, units_B, clip)
        assert float(torch.stack([part.norm() for part in found]).norm()) <= clip
        assert float(lengths) > clip or clip == 0.5


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)
        self.second.weight = self.first.weight


class Odd(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.free = nn.Parameter(torch.ones(3))


class Coupled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(4)


@pytest.mark.parametrize("make, told", [(Tied, "shared"), (Odd, "kind Odd"), (Coupled, "kind BatchNorm1d")])
def test_what_cannot_be_clipped_unit_by_unit_is_refused(make: Callable[[], nn.Module], told: str) -> None:
    model = make()
    with pytest.raises(BadOption, match=told):
        learning_layers(model, names_of(model))


def test_a_layer_of_which_a_part_learns_is_refused() -> None:
    with pytest.raises(BadOption, match="only a part"):
        learning_layers(nn.Sequential(nn.Linear(3, 3)), ["0.weight"])


def test_a_layer_that_no_gradient_reaches_is_refused() -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    layers = list(learning_layers(model, names_of(model)))
    with recording(layers) as tape, pytest.raises(BadOption, match="no gradient reaches"):
        tape.rows = 2
        model[0](torch.ones(2, 3)).sum().backward()
        clipped_sum(tape, layers, torch.arange(2), 2, 1.0)


def test_rows_that_cannot_be_told_apart_are_refused() -> None:
    model = nn.Sequential(nn.Linear(3, 3))
    with recording(list(model)) as tape, pytest.raises(BadOption, match="given 3 rows where the batch has 2"):
        tape.rows = 2
        model(torch.ones(3, 3))


def test_layers_are_as_before_when_the_block_ends_and_when_nothing_is_learned() -> None:
    model = nn.Sequential(nn.Linear(3, 3))
    before = model(torch.ones(5, 3))
    with recording(list(model)) as tape, torch.no_grad():
        tape.rows = 2
        assert model(torch.ones(5, 3)).equal(before)
    assert "forward" not in vars(model[0]) and model(torch.ones(5, 3)).equal(before)
