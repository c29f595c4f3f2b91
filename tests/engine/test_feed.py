"""Frozen layers are run once; what comes out is what the whole model would have said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from beside.engine import feed as feeding
from beside.engine.feed import Feed
from beside.engine.rows import collate


def ids_of(lengths: list[int]) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(5, 60, length).astype(np.int32) for length in lengths]


LENGTHS = [7, 3, 12, 3, 9, 1, 12, 5]


def whole(model: Any, ids: list[np.ndarray], batch: np.ndarray, pad_id: int = 0) -> torch.Tensor:
    """What the model says when nothing is kept: all layers, all rows."""
    return model.embed(*collate([ids[place] for place in batch], pad_id))


@pytest.mark.parametrize("pooling", ["mean", "unit", "cls"])
@pytest.mark.parametrize("kind", ["bert", "roberta", "electra"])
@pytest.mark.parametrize("frozen", [1, 3])
def test_what_is_kept_gives_what_the_whole_model_gives(
    make_model: Callable[..., Any], kind: str, pooling: str, frozen: int
) -> None:
    padding = {"pad_token_id": 1} if kind == "roberta" else {}
    model, ids = make_model(kind, pooling=pooling, frozen=frozen, **padding), ids_of(LENGTHS)
    pad_id = 1 if kind == "roberta" else 0
    feed = Feed(model.eval(), ids, pad_id)
    assert feed.states_TH is not None
    for batch in (np.arange(8), np.array([2, 6]), np.array([5]), np.array([1, 0])):
        torch.testing.assert_close(feed.vectors(batch), whole(model, ids, batch, pad_id), atol=1e-5, rtol=0)
    expected = torch.cat([whole(model, ids, np.array([place]), pad_id) for place in range(8)])
    torch.testing.assert_close(torch.from_numpy(feed.embeddings()), expected.detach(), atol=1e-5, rtol=0)


def test_rows_too_many_to_keep_are_run_anew_with_the_same_result(make_model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    model, ids = make_model(frozen=2), ids_of(LENGTHS)
    kept = Feed(model, ids, 0)
    monkeypatch.setattr(feeding, "KEPT_BYTES", 0)
    anew = Feed(model, ids, 0)
    assert anew.states_TH is None
    model.eval()
    torch.testing.assert_close(anew.logits(np.arange(8)), kept.logits(np.arange(8)), atol=1e-5, rtol=0)


@pytest.mark.parametrize("limit", [0, 1 << 30])
def test_frozen_layers_drop_nothing_kept_or_not(make_model: Any, monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    monkeypatch.setattr(feeding, "KEPT_BYTES", limit)
    model, ids = make_model(frozen=3, dropout=0.5), ids_of(LENGTHS)
    model.dropout.p = 0.0  # all layers are frozen: nothing else is left to chance
    feed = Feed(model, ids, 0)
    model.train()
    torch.testing.assert_close(feed.logits(np.arange(8)), feed.logits(np.arange(8)), atol=1e-6, rtol=0)
    assert model.training and not model.encoder.embeddings.training


def test_gradients_reach_the_upper_layers_and_no_others(make_model: Any) -> None:
    model = make_model(frozen=1)
    feed = Feed(model, ids_of(LENGTHS), 0)
    feed.logits(np.arange(8)).sum().backward()
    reached = {name for name, parameter in model.named_parameters() if parameter.grad is not None}
    assert reached == {name for name, _ in model.named_parameters()} - model.frozen_names()


def test_it_says_how_far_it_is(make_model: Any) -> None:
    told: list[tuple[str, int, int]] = []

    class Told:
        def say(self, text: str) -> None: ...

        def step(self, stage: str, done: int, total: int, note: str = "") -> None:
            told.append((stage, done, total))

    Feed(make_model(frozen=1), ids_of(LENGTHS), 0, Told()).embeddings()
    assert ("frozen", 8, 8) in told and told[-1] == ("head", 8, 8)


def test_what_an_encoder_keeps_outside_its_layers_is_not_split(make_encoder: Any) -> None:
    from transformers import AutoModel, MPNetConfig

    from beside.engine.model import layers_of

    size = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16, "vocab_size": 50}
    assert len(layers_of(AutoModel.from_config(MPNetConfig(**size)))) == 0  # its position bias is made above the layers
    assert len(layers_of(make_encoder("electra", embedding_size=8))) == 0  # as is the projection here
    assert len(layers_of(make_encoder("electra"))) == 3
