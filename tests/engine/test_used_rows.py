"""Leaving unused word vectors out of the training changes nothing but the time that it takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from beside.engine.used_rows import used_rows_only

ROWS = [np.array([5, 7, 9, 7]), np.array([5, 11, 2])]
TABLE = "encoder.embeddings.word_embeddings.weight"


def names_of(model: Any) -> list[str]:
    return [name for name, _ in model.named_parameters()]


def steps(model: Any, weight_decay: float = 0.0, count: int = 4) -> None:
    """A few steps of AdamW on the two rows, on a copy of the optimiser that knows nothing of tables."""
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=weight_decay)
    for _ in range(count):
        optimizer.zero_grad()
        loss = sum(
            torch.nn.functional.cross_entropy(model(torch.from_numpy(row)[None], None), torch.tensor([place]))
            for place, row in enumerate(ROWS)
        )
        loss.backward()  # type: ignore[union-attr]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()


@pytest.mark.parametrize("kind", ["bert", "roberta", "electra"])
def test_the_weights_are_those_of_a_training_that_carries_the_whole_table(make_model: Callable[..., Any], kind: str) -> None:
    whole, part = make_model(kind), make_model(kind)
    before = part.state_dict()[TABLE].clone()
    steps(whole)
    with used_rows_only(part, names_of(part), ROWS, pad_id=0) as used:
        steps(part)
    assert used == 6
    assert not torch.equal(part.state_dict()[TABLE], before)
    for name, tensor in whole.state_dict().items():
        assert torch.allclose(tensor, part.state_dict()[name], atol=1e-6), name


def test_decay_leaves_words_alone_that_the_rows_do_not_use(make_model: Callable[..., Any]) -> None:
    model = make_model()
    before = model.state_dict()[TABLE].clone()
    with used_rows_only(model, names_of(model), ROWS, pad_id=0):
        steps(model, weight_decay=0.5)
    changed = (model.state_dict()[TABLE] != before).any(dim=1)
    assert {2, 5, 7, 9, 11} <= set(changed.nonzero().flatten().tolist()) <= {0, 2, 5, 7, 9, 11}


def test_words_that_only_other_rows_hold_can_be_asked_for_meanwhile(make_model: Callable[..., Any]) -> None:
    model = make_model().eval()
    ids = torch.tensor([[5, 30, 7, 59]])
    before = model(ids, None)
    with used_rows_only(model, names_of(model), ROWS, pad_id=0):
        assert torch.equal(model(ids, None), before)
    assert torch.equal(model(ids, None), before)


def test_moments_and_gradients_have_the_size_of_what_is_used(make_model: Callable[..., Any]) -> None:
    model = make_model()
    with used_rows_only(model, names_of(model), ROWS, pad_id=0):
        assert dict(model.named_parameters())[TABLE].shape[0] == 6
    assert dict(model.named_parameters())[TABLE].shape[0] == 60


def test_a_table_that_does_not_learn_is_left_alone(make_model: Callable[..., Any]) -> None:
    model = make_model()
    table = model.encoder.get_input_embeddings()
    with used_rows_only(model, ["head.weight"], ROWS, pad_id=0) as used:
        assert used == 0
        assert model.encoder.get_input_embeddings() is table


def test_what_was_learned_is_put_back_when_the_training_is_broken_off(make_model: Callable[..., Any]) -> None:
    model = make_model()
    before = model.state_dict()[TABLE].clone()
    with pytest.raises(KeyboardInterrupt), used_rows_only(model, names_of(model), ROWS, pad_id=0):
        steps(model)
        raise KeyboardInterrupt
    assert not torch.equal(model.state_dict()[TABLE], before)
