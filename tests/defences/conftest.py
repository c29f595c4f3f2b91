"""A tiny training to defend: random weights, rows that a glance tells apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from beside.core.interfaces import Silent
from beside.core.recipe import Recipe
from beside.core.registry import load
from beside.engine.checkpoint import Checkpoint
from beside.engine.defending import Passes
from beside.engine.feed import Feed
from beside.engine.fit import Fit, Rows
from beside.engine.model import Model, drop_unused

LABELS = ("no", "yes")
GIVEN = {"epochs": 2, "batch_size": 8, "learning_rate": 1e-3, "head_learning_rate": 1e-2, "threads": 1}


@pytest.fixture
def make_fit(tmp_path: Path) -> Callable[..., Fit]:
    """`make_fit(rows=, frozen=, dropout=, targets=, folder=, recipe settings...)`: a training before its first step."""

    def made(
        rows: int = 40, frozen: int = 0, dropout: float = 0.0, targets: list[str] | None = None, folder: str = "c", **settings: Any
    ) -> Fit:
        torch.manual_seed(0)
        size = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32, "vocab_size": 60}
        drops = {"hidden_dropout_prob": dropout, "attention_probs_dropout_prob": dropout}
        encoder = BertModel(BertConfig(max_position_embeddings=40, **size, **drops))
        drop_unused(encoder)
        model, rng = Model(encoder, 2, "mean", frozen), np.random.default_rng(3)
        with torch.no_grad():
            model.head.weight.mul_(5)  # so that answers differ enough for gradients to have a direction
        ids = [
            rng.integers(40 if place % 2 else 10, 60 if place % 2 else 30, rng.integers(4, 13)).astype(np.int32)
            for place in range(rows)
        ]
        torch.manual_seed(2)
        return Fit(
            model,
            load("methods", "full").attach(model),
            Rows(feed=Feed(model, ids, 0), targets=targets or [LABELS[place % 2] for place in range(rows)]),
            task=load("tasks", "classify"),
            labels=LABELS,
            weights_K=None,
            evaluate=None,
            recipe=Recipe(**{**GIVEN, **settings}),
            checkpoint=Checkpoint(tmp_path / folder),
            progress=Silent(),
        )

    return made


@pytest.fixture
def passes(make_fit: Callable[..., Fit]) -> Callable[..., Passes]:
    """`passes(count, training...)`: the first rows of a training as a defence sees them."""

    def made(count: int = 8, **settings: Any) -> Passes:
        fit = make_fit(**settings)
        fit.model.train()
        return Passes(fit, np.arange(count))

    return made


@pytest.fixture
def gradients() -> Callable[..., torch.Tensor]:
    """`gradients(fit, losses)`: what a batch's summands add up to, each backpropagated before the next; one long tensor."""

    def found(fit: Fit, losses: Any) -> torch.Tensor:
        for parameter in fit.trained:
            parameter.grad = None
        for loss in losses:
            loss.backward()
        return torch.cat([torch.zeros_like(p).flatten() if p.grad is None else p.grad.flatten() for p in fit.trained])

    return found
