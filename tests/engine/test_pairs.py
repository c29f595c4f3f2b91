"""Rows that are compared with each other: who meets whom, what it costs, and that nothing grows with the number of pairs."""

from __future__ import annotations

import signal
import tracemalloc
from collections import Counter
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from beside.core.interfaces import Silent
from beside.core.registry import load
from beside.engine.checkpoint import Checkpoint
from beside.engine.model import Model
from beside.engine.pairs import TEMPERATURE, PairFit, contrast, paired
from beside.engine.team import Alone, Team

LABELS = ("no", "yes")


@given(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=120), st.integers(1, 40), st.integers(0, 5))
def test_every_row_meets_one_of_its_class(classes: list[str], size: int, seed: int) -> None:
    batches = paired(classes, size, np.random.default_rng(seed))
    shown, own = Counter(np.concatenate(batches).tolist()), Counter(classes)
    assert set(shown) == set(range(len(classes))), "every row comes"
    for name, count in own.items():
        assert sum(shown[row] for row, one in enumerate(classes) if one == name) == count + count % 2
    for batch in batches:
        assert len(batch) <= max(2, size) and len(batch) % 2 == 0
        for first, second in batch.reshape(-1, 2):
            assert classes[first] == classes[second] and (first != second or own[classes[first]] == 1)


def test_the_same_luck_gives_the_same_batches_and_as_many_in_every_epoch() -> None:
    classes = ["a"] * 31 + ["b"] * 14 + ["c"]
    one, again, other = (paired(classes, 8, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert all(np.array_equal(first, second) for first, second in zip(one, again, strict=True))
    assert len(one) == len(other) and not all(np.array_equal(first, second) for first, second in zip(one, other, strict=True))


def test_forty_thousand_rows_take_memory_for_rows_and_not_for_pairs() -> None:
    classes = np.random.default_rng(0).integers(0, 10, 40_000)
    tracemalloc.start()
    began = perf_counter()
    batches = paired(classes, 16, np.random.default_rng(0))
    seconds, (_, peak) = perf_counter() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 << 20, "eight hundred million pairs would take gigabytes"
    assert seconds < 3 and 2_500 <= len(batches) <= 2_510


def by_hand(vectors: np.ndarray, targets: list[int]) -> float:
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    alike = np.exp(unit @ unit.T / TEMPERATURE)
    rows = []
    for i, own in enumerate(targets):
        friends = [j for j, other in enumerate(targets) if other == own and j != i]
        if friends:
            among = alike[i].sum() - alike[i, i]
            rows.append(-np.mean([np.log(alike[i, j] / among) for j in friends]))
    return float(np.mean(rows))


def test_the_loss_is_that_of_the_paper() -> None:
    vectors, targets = np.random.default_rng(0).normal(size=(7, 5)), [0, 0, 1, 1, 1, 0, 2]
    assert float(contrast(torch.tensor(vectors), torch.tensor(targets))) == pytest.approx(by_hand(vectors, targets), rel=1e-6)


def test_a_batch_without_two_of_a_class_costs_nothing_and_harms_nothing() -> None:
    vectors = torch.randn(3, 4, requires_grad=True)
    loss = contrast(vectors, torch.tensor([0, 1, 2]))
    loss.backward()
    assert float(loss.detach()) == 0.0 and torch.isfinite(vectors.grad).all()


@pytest.fixture
def pair_fit(make_fit: Callable[..., Any], tmp_path: Any) -> Callable[..., PairFit]:
    """A training by pairs of the same tiny model and rows as `make_fit`."""

    def made(folder: str = "pairs", **settings: Any) -> PairFit:
        plain = make_fit(folder=folder, **settings)
        names = load("methods", "contrastive").attach(plain.model)
        given = {"task": plain.task, "labels": LABELS, "weights_K": None, "evaluate": None, "progress": Silent()}
        torch.manual_seed(2)
        return PairFit(plain.model, names, plain.rows, recipe=plain.recipe, checkpoint=Checkpoint(tmp_path / folder), **given)

    return made


def closeness(model: Model, fit: PairFit) -> float:
    """Mean cosine of rows of one label minus that of rows of different labels."""
    vectors = fit.rows.feed.embeddings()
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    same = np.equal.outer(fit.rows.targets, fit.rows.targets)
    alike = unit @ unit.T
    return float(alike[same].mean() - alike[~same].mean())


def test_rows_of_a_label_come_closer_than_others_and_the_head_stays(pair_fit: Callable[..., PairFit]) -> None:
    fit = pair_fit(rows=40, epochs=4, learning_rate=3e-3)
    before, head = closeness(fit.model, fit), fit.model.head.weight.clone()
    fit.run(resume=False)
    assert closeness(fit.model, fit) > before + 0.5
    assert torch.equal(fit.model.head.weight, head)


class Share(Team):
    """One process of several; what adding up gives is known beforehand."""

    def __init__(self, rank: int, size: int, whole_BH: torch.Tensor) -> None:
        self.rank, self.size, self.whole_BH = rank, size, whole_BH

    def sum(self, tensor: torch.Tensor) -> torch.Tensor:
        return self.whole_BH


@pytest.mark.parametrize("size", [2, 3, 11])  # of eleven processes three have no row of the batch
def test_the_shares_of_several_processes_add_up_to_the_whole(pair_fit: Callable[..., PairFit], size: int) -> None:
    fit, batch = pair_fit(rows=20), np.array([0, 2, 1, 3, 4, 6, 5, 7])

    def gradients(team: Alone) -> tuple[float, list[torch.Tensor]]:
        fit.team = team
        fit.model.zero_grad(set_to_none=False)
        loss = fit.part_of(batch)
        if loss.requires_grad:  # not where a process has no row
            loss.backward()
        return float(loss.detach()), [torch.zeros_like(one) if one.grad is None else one.grad.clone() for one in fit.trained]

    loss, whole = gradients(Alone())
    with torch.no_grad():
        vectors_BH = fit.rows.feed.vectors(batch)
    losses, shares = zip(*(gradients(Share(rank, size, vectors_BH)) for rank in range(size)), strict=True)
    assert sum(losses) == pytest.approx(loss, rel=1e-5) and loss > 0.1
    largest = max(float(one.abs().max()) for one in whole)
    for expected, *parts in zip(whole, *shares, strict=True):
        assert float((torch.stack(parts).sum(0) - expected).abs().max()) <= 1e-4 * largest


def test_balanced_sampling_shows_each_label_equally_often(pair_fit: Callable[..., PairFit]) -> None:
    fit = pair_fit(rows=40, targets=["no"] * 30 + ["yes"] * 10, sampling="balanced")
    shown = np.concatenate(fit.plan(0))
    assert Counter(fit.rows.targets[row] for row in shown) == {"no": 30, "yes": 30}


@pytest.mark.parametrize("stop_at", [1, 5, 6])
def test_stopped_and_gone_on_it_ends_with_the_same_weights(pair_fit: Callable[..., PairFit], stop_at: int) -> None:
    given = {"rows": 40, "epochs": 2, "dropout": 0.3}
    whole = pair_fit(folder="whole", **given)
    whole.run(resume=False)
    first = pair_fit(**given)
    tell = first.tell
    first.tell = lambda: (tell(), signal.raise_signal(signal.SIGINT) if first.step == stop_at else None)  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        first.run(resume=False)
    second = pair_fit(**given)
    torch.manual_seed(99)
    second.run(resume=True)
    expected = whole.model.state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in second.model.state_dict().items())
