"""SMART: nothing to smooth where nothing is moved; the averaged weights follow, are kept, and hold back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from beside.defences.smart import Smart
from beside.engine.defending import Held, Passes


def smoothing(batch: Any, **options: Any) -> Any:
    found = Smart(**options).begin(Held(batch.fit))
    found.start()
    return found


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_without_a_move_and_before_a_step_it_is_the_plain_loss(passes: Any, dropout: float) -> None:
    batch = passes(dropout=dropout)
    defending = smoothing(batch, epsilon=1e-9, weight=10.0, proximal=10.0)
    torch.manual_seed(1)
    [loss] = defending.losses(batch)
    torch.manual_seed(1)
    defending.noise(batch)  # drawn before dropout is
    assert float(loss) == pytest.approx(float(batch.loss(batch.logits())), rel=1e-4)


def test_the_worst_neighbour_is_at_the_radius_and_answers_differently(passes: Any) -> None:
    batch = passes()
    defending = smoothing(batch, epsilon=0.3)
    plain, noise = batch.logits().detach(), defending.noise(batch)
    shift = defending.worst(batch, plain, noise.clone())
    assert torch.allclose(shift.flatten(1).norm(dim=1), 0.3 * batch.lengths().flatten(), rtol=1e-4)
    drawn = batch.logits(noise * (0.3 * batch.lengths() / noise.detach().flatten(1).norm(dim=1)[:, None, None]))
    assert float(batch.apart(plain, batch.logits(shift))) > 2 * float(batch.apart(plain, drawn)) > 0


def test_the_averaged_weights_follow_and_are_what_the_model_is_held_to(passes: Any) -> None:
    batch = passes()
    defending = smoothing(batch, epsilon=1e-9, proximal=1.0, momentum=0.9)
    first = [parameter.detach().clone() for parameter in batch.fit.trained]
    with torch.no_grad():
        for parameter in batch.fit.trained:
            parameter.add_(0.05)
    [loss] = defending.losses(batch)
    with torch.no_grad(), defending.training.with_weights(first):
        old = batch.logits()
    plain = batch.logits()
    assert float(loss - batch.loss(plain)) == pytest.approx(float(batch.apart(plain, old)), rel=1e-3)
    assert float(batch.apart(plain, old)) > 0
    defending.after(1)
    for average, begun in zip(defending.averaged, first, strict=True):
        assert torch.allclose(average, begun + 0.1 * 0.05, atol=1e-6)


def test_looking_at_other_weights_leaves_the_model_as_it_is(passes: Any, gradients: Any) -> None:
    batch = passes()
    before = [parameter.detach().clone() for parameter in batch.fit.trained]
    found = gradients(batch.fit, smoothing(batch).losses(batch))
    assert all(torch.equal(one, other) for one, other in zip(before, batch.fit.trained, strict=True))
    assert float(found.norm()) > 0


def test_its_answers_change_less_near_a_row(make_fit: Any) -> None:
    found, unsure = [], ["no", "yes", "yes", "no"] * 10  # half of either kind: answers that stay open can change most
    for settings in ({}, {"defence": "smart", "defence_epsilon": 0.3, "smart_weight": 10.0, "smart_proximal": 0.0}):
        fit = make_fit(epochs=8, folder=str(len(found)), learning_rate=5e-3, targets=unsure, **settings)
        fit.run(resume=False)
        fit.model.eval()
        batch = Passes(fit, np.arange(40))
        judge = smoothing(batch, epsilon=0.3)
        plain = batch.logits().detach()
        torch.manual_seed(0)
        found.append(float(batch.apart(plain, batch.logits(judge.worst(batch, plain, judge.noise(batch))))))
    assert found[1] < 0.5 * found[0], found
