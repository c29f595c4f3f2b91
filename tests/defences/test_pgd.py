"""Projected gradient ascent stays in its ball and finds more than one step does."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from beside.defences._defence import anywhere, within
from beside.defences.pgd import Pgd


@pytest.mark.parametrize("steps", [1, 3, 10])
@pytest.mark.parametrize("step_size", [None, 5.0])
def test_it_stays_in_its_ball_and_raises_the_loss(passes: Any, steps: int, step_size: float | None) -> None:
    batch = passes()
    shift = Pgd(epsilon=0.3, steps=steps, step_size=step_size).worst(batch)
    lengths = shift.flatten(1).norm(dim=1)
    assert bool((lengths <= 0.3 * batch.lengths().flatten() * (1 + 1e-5)).all()) and float(lengths.min()) > 0
    assert float(batch.loss(batch.logits(shift))) > float(batch.loss(batch.logits())) + 1e-3
    assert bool((shift[(batch.real() == 0).expand_as(shift)] == 0).all())


def test_more_steps_find_a_higher_loss(passes: Any) -> None:
    found = []
    for steps in (0, 1, 8):
        batch = passes()
        torch.manual_seed(5)
        shift = Pgd(epsilon=0.4, steps=max(1, steps)).worst(batch) if steps else anywhere(batch, 0.4 * batch.lengths())
        found.append(float(batch.loss(batch.logits(shift))))
    assert found[0] < found[1] < found[2]


def test_what_is_within_stays_and_what_is_beyond_comes_to_the_edge() -> None:
    shift, radius = torch.tensor([[[3.0, 4.0]], [[0.3, 0.4]]]), torch.ones(2, 1, 1)
    assert torch.allclose(within(shift, radius), torch.tensor([[[0.6, 0.8]], [[0.3, 0.4]]]))


def test_the_start_is_somewhere_in_the_ball_and_another_each_time(passes: Any) -> None:
    batch = passes()
    radius = 0.2 * batch.lengths()
    one, other = anywhere(batch, radius), anywhere(batch, radius)
    assert not torch.equal(one, other)
    for shift in (one, other):
        share = shift.flatten(1).norm(dim=1) / radius.flatten()
        assert bool(((share > 0.3) & (share <= 1)).all())


def test_its_ascent_leaves_no_gradient_in_the_weights(passes: Any) -> None:
    batch = passes()
    Pgd().worst(batch)
    assert all(parameter.grad is None for parameter in batch.fit.trained)
