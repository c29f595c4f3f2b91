"""R-Drop: what different dropout makes of a row shall agree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from beside.core.recipe import Recipe
from beside.defences.rdrop import RDrop
from beside.engine.fit import Fit
from beside.engine.losses import divergence

Make = Callable[..., Fit]


@pytest.mark.parametrize("weight", [0.5, 100.0])
def test_without_dropout_it_adds_nothing(passes: Any, weight: float) -> None:
    batch = passes()
    [loss] = RDrop(weight).losses(batch)
    assert float(loss) == pytest.approx(float(batch.loss(batch.logits())), rel=1e-6)


def test_with_dropout_it_adds_what_both_passes_differ_by(passes: Any) -> None:
    losses = []
    for weight in (1.0, 3.0):
        batch = passes(dropout=0.3)
        torch.manual_seed(4)
        losses.extend(float(loss) for loss in RDrop(weight).losses(batch))
    torch.manual_seed(4)
    batch = passes(dropout=0.3)
    torch.manual_seed(4)
    apart = float(batch.apart(batch.logits(), batch.logits()))
    assert apart > 0 and losses[1] - losses[0] == pytest.approx(2 * apart, rel=1e-4)


def apart(fit: Fit) -> float:
    """Divergence of two passes with different dropout, mean of 20 pairs."""
    fit.model.train()
    rows, found = np.arange(40), []
    with torch.no_grad():
        for _ in range(20):
            first, second = (fit.rows.feed.logits(rows).log_softmax(dim=1) for _ in range(2))
            found.append(float(divergence(first, second)))
    return float(np.mean(found))


def test_r_drop_brings_passes_with_different_dropout_together(make_fit: Make) -> None:
    found, unsure = [], ["no", "yes", "yes", "no"] * 10  # half of either kind: answers that stay open can differ most
    for weight in (0.0, 5.0):
        fit = make_fit(epochs=10, dropout=0.3, **weighed(weight), learning_rate=1e-2, targets=unsure, folder=str(weight))
        fit.run(resume=False)
        found.append(apart(fit))
    assert found[1] < 0.6 * found[0]


def weighed(weight: float) -> dict[str, Any]:
    return {"defence": "rdrop", "rdrop_weight": weight} if weight else {}


@pytest.mark.parametrize("stored, read", [(0.0, (None, 1.0)), (2.5, ("rdrop", 2.5))])
def test_recipes_from_before_it_was_a_defence_are_read(stored: float, read: tuple[str | None, float]) -> None:
    recipe = Recipe(r_drop=stored)  # type: ignore[call-arg]
    assert (recipe.defence, recipe.rdrop_weight) == read
    assert "r_drop" not in recipe.model_dump()
