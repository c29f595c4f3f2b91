"""Mixup: a whole share of one text is that text."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from beside.defences.mixup import Mixup, mixed


def test_a_share_of_one_is_the_plain_loss(passes: Any) -> None:
    batch = passes()
    order = torch.tensor([1, 0, 3, 2, 5, 4, 7, 6])
    plain = batch.loss(batch.logits())
    assert float(mixed(batch, 1.0, order)) == pytest.approx(float(plain), rel=1e-5)
    assert float(mixed(batch, 0.0, order)) == pytest.approx(float(plain), rel=1e-5), "all of the partner, which is a row as well"
    assert float(mixed(batch, 0.5, order)) != pytest.approx(float(plain), rel=1e-5)


def test_a_mixture_has_both_answers_in_their_shares(passes: Any) -> None:
    batch = passes()
    order = torch.roll(torch.arange(8), 1)  # every row meets one of the other label
    vectors = batch.vectors()
    scores = batch.scores(0.3 * vectors + 0.7 * vectors[order]).log_softmax(dim=1)
    own, other = batch.targets, batch.targets[order]
    expected = -(0.3 * scores.gather(1, own[:, None]) + 0.7 * scores.gather(1, other[:, None])).mean()
    assert float(mixed(batch, 0.3, order)) == pytest.approx(float(expected), rel=1e-5)


def test_shares_are_drawn_as_alpha_says(passes: Any) -> None:
    batch, seen = passes(), []
    scores = batch.scores
    batch.vectors = lambda: torch.arange(8.0)[:, None]
    batch.scores = lambda vectors: (seen.append(vectors), scores(torch.zeros(8, 16)))[1]
    for _ in range(200):
        list(Mixup(alpha=0.05).losses(batch))
    whole = sum(bool((mixture - mixture.round()).abs().max() < 0.35) for mixture in seen)
    assert whole > 150, "with a small alpha nearly every mixture is nearly one text"


def test_a_batch_of_one_row_is_itself(passes: Any) -> None:
    batch = passes(count=1)
    [loss] = Mixup().losses(batch)
    assert float(loss) == pytest.approx(float(batch.loss(batch.logits())), rel=1e-5)
