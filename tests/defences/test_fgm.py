"""The fast gradient method: a step of the given length, up, and no weight is touched by it."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from beside.defences._defence import directed
from beside.defences.fgm import Fgm
from beside.engine.defending import Passes


@pytest.mark.parametrize("frozen", [0, 1, 2])
def test_the_step_raises_the_loss_and_has_the_given_length(passes: Any, frozen: int) -> None:
    batch = passes(frozen=frozen)
    before = {name: tensor.clone() for name, tensor in batch.fit.model.state_dict().items()}
    plain, worse = [], []
    fgm, logits = Fgm(epsilon=0.3), batch.logits
    shifts = []
    batch.logits = lambda shift=None: (shifts.append(shift), logits(shift))[1]
    for place, loss in enumerate(fgm.losses(batch)):
        (worse if place else plain).append(float(loss.detach()))
        loss.backward()
    assert worse[0] > plain[0] + 1e-3
    lengths = shifts[1].detach().flatten(1).norm(dim=1)
    assert torch.allclose(lengths, 0.3 * batch.lengths().flatten(), rtol=1e-4)
    assert all(torch.equal(tensor, before[name]) for name, tensor in batch.fit.model.state_dict().items())


def test_padding_is_not_moved(passes: Any) -> None:
    batch = passes()
    moved = Fgm(epsilon=0.3).moved(batch, torch.randn_like(batch.still()))
    assert (batch.real() == 0).any() and bool((moved[(batch.real() == 0).expand_as(moved)] == 0).all())
    assert bool((moved[(batch.real() == 1).expand_as(moved)] != 0).all())


def test_a_longer_step_is_worse(passes: Any) -> None:
    found = []
    for epsilon in (0.01, 0.1, 0.4):
        batch = passes()
        *_, last = [(float(loss), loss.backward()) for loss in Fgm(epsilon=epsilon).losses(batch)]
        found.append(last[0])
    assert found[0] < found[1] < found[2]


def test_its_gradient_is_that_of_both_losses(passes: Any, gradients: Any) -> None:
    batch = passes()
    fgm = Fgm(epsilon=0.2, weight=0.5)
    found = gradients(batch.fit, fgm.losses(batch))
    still = batch.still()
    [shift] = torch.autograd.grad(batch.loss(batch.logits(still)), still)
    moved = fgm.moved(batch, shift)
    expected = gradients(batch.fit, [batch.loss(batch.logits()) + 0.5 * batch.loss(batch.logits(moved))])
    assert torch.allclose(found, expected, atol=1e-6) and float(found.norm()) > 0


@pytest.mark.parametrize("odd", [0.0, float("inf"), float("nan")])
def test_a_gradient_without_a_direction_moves_nothing(odd: float) -> None:
    gradient = torch.ones(2, 3, 4)
    gradient[0] = odd
    found = directed(gradient)
    assert float(found[0].abs().sum()) == 0 and float(found[1].norm()) == pytest.approx(1.0)


def test_it_learns_to_withstand_what_it_was_shown(make_fit: Any) -> None:
    """After training, the same attack raises the loss less than on a model that never saw it."""
    found = []
    for settings in ({}, {"defence": "fgm", "defence_epsilon": 0.5}):
        fit = make_fit(epochs=6, folder=str(len(found)), learning_rate=5e-3, **settings)
        fit.run(resume=False)
        fit.model.eval()
        batch = Passes(fit, torch.arange(40).numpy())
        *_, (attacked,) = [(float(loss.detach()),) for loss in after_each(Fgm(epsilon=0.5).losses(batch))]
        found.append(attacked)
    assert found[1] < 0.7 * found[0]


def after_each(losses: Any) -> Any:
    for loss in losses:
        yield loss
        loss.backward()
