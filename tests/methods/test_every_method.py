"""What every method promises: it names parameters that exist, keeps what is frozen, and what it trains learns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from beside.core import registry
from beside.core.errors import BadOption
from beside.core.interfaces import Silent
from beside.core.recipe import Recipe
from beside.engine.attaching import by_pairs
from beside.engine.checkpoint import Checkpoint
from beside.engine.feed import Feed
from beside.engine.fit import Fit, Rows
from beside.engine.model import Model, drop_unused
from beside.engine.pairs import PairFit
from beside.engine.probe import probe
from beside.engine.telling import trainable

METHODS = registry.names("methods")
LABELS = ("calm", "loud")


@pytest.fixture(params=METHODS)
def method(request: pytest.FixtureRequest) -> Any:
    return registry.load("methods", request.param)


def model_with(frozen: int) -> Model:
    torch.manual_seed(0)
    size = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
    encoder = BertModel(BertConfig(vocab_size=50, max_position_embeddings=16, **size))
    drop_unused(encoder)
    return Model(encoder, 2, "mean", frozen)


def rows_for(model: Model) -> Rows:
    """The worked example: rows of high numbers are loud."""
    rng = np.random.default_rng(0)
    ids = [rng.integers(30 if place % 2 else 5, 45 if place % 2 else 20, 6).astype(np.int32) for place in range(20)]
    return Rows(feed=Feed(model, ids, 0), targets=[LABELS[place % 2] for place in range(20)])


@pytest.mark.parametrize("name", METHODS)
def test_it_says_in_one_line_what_it_trains(name: str) -> None:
    assert 10 < len(registry.summary("methods", name)) < 140


@pytest.mark.parametrize("frozen", [0, 1, 2])
def test_it_names_parameters_that_exist_and_none_that_are_frozen(method: Any, frozen: int) -> None:
    model = model_with(frozen)
    if frozen == 2 and hasattr(method, "finish"):  # it adapts layers, and there is none left
        with pytest.raises(BadOption, match="every layer is frozen") as refused:
            method.attach(model)
        assert "frozen_layers to 0..1" in refused.value.hint
        return
    names = method.attach(model)
    there = {name for name, _ in model.named_parameters()}
    assert len(names) == len(set(names)) and set(names) <= there
    assert not set(names) & model.frozen_names()
    assert isinstance(method.probe_first, bool)
    assert names or method.probe_first, "something must learn"
    assert 0 < trainable(model, names) <= sum(parameter.numel() for parameter in model.parameters())


def loss_on(model: Model, rows: Rows) -> float:
    model.eval()
    task = registry.load("tasks", "classify")
    with torch.no_grad():
        return float(task.loss(rows.feed.logits(np.arange(len(rows.targets))), task.encode(rows.targets, LABELS), None, 0.0))


@pytest.mark.parametrize("frozen", [0, 1])
def test_what_it_trains_lowers_the_loss_and_nothing_else_moves(method: Any, frozen: int, tmp_path: Any) -> None:
    model = model_with(frozen)
    names = method.attach(model)
    rows = rows_for(model)
    before, start = {name: tensor.clone() for name, tensor in model.state_dict().items()}, loss_on(model, rows)
    recipe = Recipe(batch_size=4, epochs=2, learning_rate=1e-2, head_learning_rate=5e-2, head_start="logistic", threads=1)
    if method.probe_first:
        probe(model, rows, LABELS, recipe, Silent())
    if names:
        task = registry.load("tasks", "classify")
        given = {"task": task, "labels": LABELS, "weights_K": None, "evaluate": None, "recipe": recipe, "progress": Silent()}
        fit = (PairFit if by_pairs(method) else Fit)(model, names, rows, checkpoint=Checkpoint(tmp_path), **given)
        assert fit.run(resume=False).kept_epoch == 2 and fit.step == 10
    if by_pairs(method):
        probe(model, rows, LABELS, recipe, Silent())
    assert loss_on(model, rows) < 0.8 * start
    moved = {name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert moved <= {*names, "head.weight", "head.bias"} and moved
