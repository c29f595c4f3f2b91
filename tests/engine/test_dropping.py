"""Dropout and attention that drops mean what torch's own mean, whatever it takes to draw them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import dropout, scaled_dot_product_attention

from beside.engine.dropping import light_dropout

CPU = torch.device("cpu")


@given(share=st.floats(0.01, 0.9), shape=st.lists(st.integers(1, 9), min_size=1, max_size=3))
def test_what_stays_is_scaled_so_that_the_mean_stays(share: float, shape: list[int]) -> None:
    with light_dropout(CPU):
        dropped = dropout(torch.ones(shape), share)
    assert dropped.shape == torch.Size(shape)
    assert {round(float(value), 3) for value in dropped.flatten()} <= {0.0, round(1 / (1 - share), 3)} | near(share)


def near(share: float) -> set[float]:
    """What stays, with the share to the nearest 1/65536."""
    return {round(1 / (1 - round(share * 65536) / 65536), 3)}


@pytest.mark.parametrize("share", [0.05, 0.1, 0.5, 0.9])
def test_the_share_dropped_is_the_one_asked_for(share: float) -> None:
    torch.manual_seed(0)
    with light_dropout(CPU):
        dropped = dropout(torch.ones(1_000_003), share)
    assert abs(float((dropped == 0).double().mean()) - share) < 0.003  # six standard deviations at one half
    assert abs(float(dropped.double().mean()) - 1) < 0.02


def test_neighbours_are_dropped_independently() -> None:
    torch.manual_seed(0)
    with light_dropout(CPU):
        gone = (dropout(torch.ones(1_000_000), 0.5) == 0).double() - 0.5
    for apart in (1, 2, 3, 4, 8):
        assert abs(float((gone[apart:] * gone[:-apart]).mean())) < 0.0015


def test_the_seed_decides_and_the_generator_goes_on() -> None:
    drawn = []
    with light_dropout(CPU):
        for _ in range(2):
            torch.manual_seed(5)
            drawn.append([dropout(torch.ones(100), 0.3) for _ in range(2)])
    assert torch.equal(drawn[0][0], drawn[1][0])
    assert torch.equal(drawn[0][1], drawn[1][1])
    assert not torch.equal(drawn[0][0], drawn[0][1])


def test_the_gradient_is_dropped_where_the_number_was() -> None:
    given = torch.ones(1000, requires_grad=True)
    with light_dropout(CPU):
        made = dropout(given, 0.4)
    made.sum().backward()
    assert given.grad is not None
    assert torch.equal(given.grad, made.detach())


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_out_of_training_nothing_is_dropped(kind: torch.dtype) -> None:
    given = torch.randn(50).to(kind)
    with light_dropout(CPU):
        assert torch.equal(dropout(given, 0.4, training=False), given)
        assert torch.equal(dropout(given, 0.0), given)
        assert not dropout(given, 1.0).any()


@pytest.mark.parametrize("masked", [False, True])
def test_attention_that_drops_is_on_average_attention(masked: bool) -> None:
    torch.manual_seed(1)
    query, key, value = (torch.randn(2, 3, 5, 8) for _ in range(3))
    mask = torch.ones(2, 1, 1, 5, dtype=torch.bool)
    mask[0, ..., 3:] = not masked
    expected = scaled_dot_product_attention(query, key, value, attn_mask=mask)
    with light_dropout(CPU):
        drawn = torch.stack([scaled_dot_product_attention(query, key, value, attn_mask=mask, dropout_p=0.2) for _ in range(4000)])
        assert torch.equal(scaled_dot_product_attention(query, key, value, attn_mask=mask), expected)
    error = drawn.std(dim=0) / 4000**0.5
    assert ((drawn.mean(dim=0) - expected).abs() < 5 * error + 1e-4).all()


def test_attention_drops_the_same_weights_as_torch_would_for_the_same_mask() -> None:
    torch.manual_seed(2)
    query, key, value = (torch.randn(1, 2, 4, 8) for _ in range(3))
    with light_dropout(CPU):
        torch.manual_seed(7)
        ours = scaled_dot_product_attention(query, key, value, dropout_p=0.5)
        torch.manual_seed(7)
        stays = dropout(torch.ones(1, 2, 4, 4), 0.5) > 0
    theirs = torch.ops.aten._scaled_dot_product_attention_math(query, key, value, dropout_p=0.5, dropout_mask=stays)[0]
    assert torch.allclose(ours, theirs, atol=1e-5)


def test_a_training_drops_the_light_way(make_fit: Callable[..., Any], make_model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    from beside.engine import dropping

    before = dropping.kept
    monkeypatch.setattr(dropping, "kept", lambda like, p: (asked.append(p), before(like, p))[1])
    make_fit(model=make_model(dropout=0.3)).run(resume=False)
    assert asked
