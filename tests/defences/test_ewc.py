"""Elastic weight consolidation: nothing to pay where it began, and what old rows depend on moves less."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from beside.core.errors import BadOption
from beside.defences.ewc import Ewc
from beside.engine.defending import Held
from beside.engine.feed import Feed
from beside.engine.fit import Fit
from beside.engine.losses import divergence

Make = Callable[..., Fit]


def old_rows(fit: Fit, count: int = 30) -> Feed:
    """Rows of other words than those of the training."""
    rng = np.random.default_rng(8)
    return Feed(fit.model, [rng.integers(5, 60, rng.integers(4, 13)).astype(np.int32) for _ in range(count)], 0)


def updating(make_fit: Make, **settings: Any) -> Fit:
    fit = make_fit(**settings)
    fit.old = old_rows(fit)
    return fit


def test_it_is_nothing_where_the_weights_began_and_grows_with_their_distance(make_fit: Make) -> None:
    fit = updating(make_fit)
    ewc = Ewc(strength=10.0, count=20).begin(Held(fit))
    assert float(ewc.penalty().detach()) == 0.0
    found = []
    for _ in range(2):
        with torch.no_grad():
            for parameter in fit.trained:
                parameter.add_(0.01)
        found.append(float(ewc.penalty().detach()))
    assert found[0] > 0 and found[1] == pytest.approx(4 * found[0], rel=1e-3), "by the square"


def test_the_information_is_the_mean_square_of_each_rows_gradient(make_fit: Make) -> None:
    """Of the head's bias it is known: for row n the variance of its own answer, p (1 - p) on average over what is drawn."""
    fit = updating(make_fit)
    fit.old = old_rows(fit, 400)
    ewc = Ewc(count=400).begin(Held(fit))
    ewc.penalty()
    place = next(at for at, parameter in enumerate(fit.trained) if parameter is fit.model.head.bias)
    fit.model.eval()
    with torch.no_grad():
        p = fit.old.logits(np.arange(400)).softmax(dim=1)
    assert torch.allclose(ewc.matters[place], (p * (1 - p)).mean(dim=0), rtol=0.1)
    assert all(bool((matters >= 0).all()) for matters in ewc.matters)


def test_dropout_is_on_again_after_measuring_and_no_gradient_is_left(make_fit: Make) -> None:
    fit = updating(make_fit, dropout=0.3)
    fit.model.train()
    Ewc(count=5).begin(Held(fit)).penalty()
    assert fit.model.training and all(parameter.grad is None for parameter in fit.trained)


def moved(fit: Fit) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    before = [parameter.detach().clone() for parameter in fit.trained]
    fit.run(resume=False)
    return before, [(now.detach() - old).abs() for now, old in zip(fit.trained, before, strict=True)]


def test_weights_that_matter_to_old_rows_move_less(make_fit: Make) -> None:
    given = {"epochs": 4, "learning_rate": 5e-3, "optimizer": "sgd", "weight_decay": 0.0}
    _, plain = moved(updating(make_fit, folder="plain", **given))
    held = updating(make_fit, folder="held", defence="ewc", ewc_strength=200.0, ewc_rows=30, **given)
    _, less = moved(held)
    matters = torch.cat([one.flatten() for one in held.defences.members["ewc"].matters])
    one, other = (torch.cat([part.flatten() for part in parts]) for parts in (plain, less))
    # of the movement that is left, far less is where it matters
    shares = [float((matters * far**2).sum() / (far**2).sum()) for far in (one, other)]
    assert shares[1] < 0.5 * shares[0] and float(other.norm()) > 0.1 * float(one.norm()), shares


def answers(fit: Fit) -> torch.Tensor:
    fit.model.eval()
    with torch.no_grad():
        return fit.old.logits(np.arange(30)).log_softmax(dim=1)


def test_old_answers_change_less(make_fit: Make) -> None:
    """The same update with and without it, measured on the old rows: how far the answers went."""
    found = []
    for settings in ({}, {"defence": "ewc", "ewc_strength": 1000.0, "ewc_rows": 30}):
        fit = updating(make_fit, folder=str(len(found)), epochs=4, learning_rate=5e-3, **settings)
        before = answers(fit)
        fit.run(resume=False)
        found.append(float(divergence(before, answers(fit))))
    assert found[1] < 0.5 * found[0], found


@pytest.mark.parametrize("stop_at", [1, 6])
def test_stopped_and_gone_on_it_ends_with_the_same_weights(make_fit: Make, stop_at: int) -> None:
    given = {"dropout": 0.3, "defence": "ewc", "ewc_rows": 10, "ewc_strength": 50.0}
    whole = updating(make_fit, folder="whole", **given)
    whole.run(resume=False)
    first = updating(make_fit, **given)
    tell = first.tell
    first.tell = lambda: (tell(), signal.raise_signal(signal.SIGINT) if first.step == stop_at else None)
    with pytest.raises(KeyboardInterrupt):
        first.run(resume=False)
    second = updating(make_fit, **given)
    torch.manual_seed(99)
    second.run(resume=True)
    expected = whole.model.state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in second.model.state_dict().items())


def test_without_old_rows_it_says_what_it_needs(make_fit: Make) -> None:
    with pytest.raises(BadOption, match="needs the rows of an earlier run") as refused:
        make_fit(defence="ewc").run(resume=False)
    assert "--base" in refused.value.hint
