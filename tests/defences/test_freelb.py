"""FreeLB learns at every point on its way up: its gradient is the mean of theirs."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from beside.defences.freelb import FreeLb


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_k_steps_are_k_passes_and_their_mean_gradient(passes: Any, gradients: Any, steps: int, dropout: float) -> None:
    batch = passes(dropout=dropout)
    logits, shifts = batch.logits, []
    batch.logits = lambda shift=None: (shifts.append(shift.detach().clone()), logits(shift))[1]
    torch.manual_seed(7)
    found = gradients(batch.fit, FreeLb(epsilon=0.3, steps=steps).losses(batch))
    assert len(shifts) == steps
    parts = []
    for shift in shifts:
        torch.manual_seed(7)  # the numbers that all points dropped were drawn behind the start
        torch.rand(shift.shape)
        parts.append(gradients(batch.fit, [batch.loss(logits(shift))]))
    assert torch.allclose(found, torch.stack(parts).mean(dim=0), atol=1e-5) and float(found.norm()) > 1e-3


def test_each_point_is_higher_than_the_one_before_and_none_is_beyond_the_radius(passes: Any) -> None:
    batch = passes()
    logits, lengths = batch.logits, []
    batch.logits = lambda shift=None: (lengths.append(shift.detach().flatten(1).norm(dim=1)), logits(shift))[1]
    losses = []
    for loss in FreeLb(epsilon=0.4, steps=4, step_size=0.3).losses(batch):
        losses.append(float(loss.detach()))
        loss.backward()
    assert losses == sorted(losses) and losses[-1] > losses[0]
    assert all(bool((length <= 0.4 * batch.lengths().flatten() * (1 + 1e-5)).all()) for length in lengths)


def test_dropout_is_another_in_the_next_step(passes: Any) -> None:
    batch = passes(dropout=0.3)
    found = []
    for _ in range(2):
        with batch.same_dropout():
            found.append([batch.logits().detach(), batch.logits().detach()])
    assert all(torch.equal(*pair) for pair in found) and not torch.equal(found[0][0], found[1][0])
