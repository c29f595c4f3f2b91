"""Activations that are computed again give the same training, dropout included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from beside.core.errors import BadOption
from beside.engine.devices import device_of


@pytest.mark.parametrize("method", ["full", "lora", "adapter", "prefix"])
@pytest.mark.parametrize("frozen", [0, 1])
def test_recomputed_activations_give_the_same_weights(
    make_fit: Callable[..., Any], make_model: Any, method: str, frozen: int
) -> None:
    found = []
    for again in (False, True):
        given = {"method": method, "gradient_checkpointing": again, "folder": str(again)}
        fit = make_fit(model=make_model(dropout=0.3, frozen=frozen), **given)
        fit.run(resume=False)
        found.append(fit.model.state_dict())
    assert max(float((found[0][name] - found[1][name]).abs().max()) for name in found[0]) <= 1e-6


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(BadOption, match="device=cuda"):
        device_of("cuda")
