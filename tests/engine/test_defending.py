"""Defences in the one training loop: the same with gradients added up, activations recomputed, layers frozen, after a kill."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from beside.core.registry import names
from beside.engine.defending import Passes
from beside.engine.fit import Fit
from beside.engine.model import Model
from beside.engine.recomputing import economical
from beside.engine.used_rows import used_rows_only

Make = Callable[..., Fit]
OF_LOSS = ["fgm", "freelb", "mixup", "pgd", "rdrop", "smart"]
OF_WORDS = ["near_words"]  # exchanges words of texts, and the rows here have none: tests/defences/test_near_words.py


def weights(fit: Fit) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in fit.model.state_dict().items()}


def differ(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    return max(float((one[name] - other[name]).abs().max()) for name in one)


@pytest.mark.parametrize("defence", OF_LOSS)
@pytest.mark.parametrize("stop_at", [1, 5, 7])
def test_stopped_and_gone_on_it_ends_with_the_same_weights_bit_for_bit(make_fit: Make, defence: str, stop_at: int) -> None:
    given = {"rows": 40, "dropout": 0.3, "batch_size": 10, "defence": defence}
    whole = make_fit(folder="whole", **given)
    whole.run(resume=False)
    first = make_fit(**given)
    tell = first.tell
    first.tell = lambda: (tell(), signal.raise_signal(signal.SIGINT) if first.step == stop_at else None)
    with pytest.raises(KeyboardInterrupt):
        first.run(resume=False)
    second = make_fit(**given)
    torch.manual_seed(99)  # whatever another process drew before
    second.run(resume=True)
    assert differ(weights(second), weights(whole)) == 0.0


@pytest.mark.parametrize("defence", ["fgm", "rdrop", "smart"])
def test_adding_up_gradients_equals_a_larger_batch(make_fit: Make, defence: str) -> None:
    given = {"epochs": 1, "defence": defence, "smart_momentum": 0.5} if defence == "smart" else {"epochs": 1, "defence": defence}
    small, large = make_fit(batch_size=5, accumulation=4, **given), make_fit(batch_size=20, **given)
    large.plan = lambda epoch: [np.arange(start, start + 20) for start in range(0, 40, 20)]
    small.plan = lambda epoch: [np.arange(start, start + 5) for start in range(0, 40, 5)]
    noise = torch.randn(40, 12, 16)
    for fit in (small, large):
        if defence == "smart":  # the same first move for a row, whatever batch it comes in
            smart = fit.defences.members["smart"]
            smart.noise = lambda batch: 1e-3 * noise[batch.rows, : batch.still().shape[1]] * batch.real()  # type: ignore[attr-defined]
        fit.run(resume=False)
    assert differ(weights(small), weights(large)) < 5e-5
    assert small.fitted.history[0]["loss"] == pytest.approx(large.fitted.history[0]["loss"], abs=1e-4)


@pytest.mark.parametrize("defence", OF_LOSS)
def test_it_learns_and_tells_the_loss_that_it_lowers(make_fit: Make, mean_loss: Callable[[Fit], float], defence: str) -> None:
    fit = make_fit(defence=defence, dropout=0.1, epochs=4, learning_rate=5e-3)
    before = mean_loss(fit)
    fitted = fit.run(resume=False)
    assert mean_loss(fit) < 0.8 * before
    assert fitted.history[-1]["loss"] < fitted.history[0]["loss"]


@pytest.mark.parametrize("defence", ["fgm", "freelb", "smart"])
def test_recomputed_activations_give_the_same_gradients(make_fit: Make, defence: str) -> None:
    found = []
    for recomputed in (False, True):
        fit = make_fit(defence=defence, dropout=0.2, folder=str(recomputed), gradient_checkpointing=recomputed, clip_norm=0.0)
        fit.model.train()
        torch.manual_seed(6)
        with economical(fit.model, fit.recipe, compiled=False):
            fit.defences.start()
            fit.one_step([np.arange(8)])
        found.append(torch.cat([p.grad.flatten() for p in fit.trained if p.grad is not None]))
    torch.testing.assert_close(*found, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("precision", ["bf16", "fp32"])
@pytest.mark.parametrize("frozen", [0, 1, 2])
def test_what_is_frozen_stays_and_the_rest_moves(make_fit: Make, make_model: Any, frozen: int, precision: str) -> None:
    model: Model = make_model(frozen=frozen)
    fit = make_fit(model=model, defence="pgd", defence_steps=2, precision=precision, epochs=1)
    before = weights(fit)
    fit.run(resume=False)
    moved = {name for name, tensor in weights(fit).items() if not torch.equal(tensor, before[name])}
    assert moved and not moved & model.frozen_names()
    assert bool(moved & {name for name in before if "embeddings.word" in name}) == (frozen == 0)


def test_frozen_states_that_are_not_kept_give_the_same(make_fit: Make, make_model: Any) -> None:
    found = []
    for kept in (True, False):
        fit = make_fit(model=make_model(frozen=1), defence="fgm", folder=str(kept))
        if not kept:
            fit.rows.feed.states_TH = None
        fit.run(resume=False)
        found.append(weights(fit))
    assert differ(*found) < 1e-5


def test_vectors_of_a_table_of_which_only_used_rows_learn_are_moved_alike(make_fit: Make) -> None:
    fit = make_fit(defence="fgm")
    fit.model.eval()
    batch = Passes(fit, np.arange(8))
    shift = torch.randn_like(batch.still()) * batch.real()
    expected = batch.logits(shift)
    with used_rows_only(fit.model, ["encoder.embeddings.word_embeddings.weight"], fit.rows.feed.ids, 0) as used:
        assert used and torch.allclose(Passes(fit, np.arange(8)).logits(shift), expected, atol=1e-6)


@pytest.mark.parametrize("kind", ["bert", "roberta", "electra"])
@pytest.mark.parametrize("frozen", [0, 1])
def test_a_shift_of_nothing_changes_nothing_whatever_the_encoder(make_fit: Make, make_model: Any, kind: str, frozen: int) -> None:
    fit = make_fit(model=make_model(kind, frozen=0 if kind == "electra" else frozen))
    fit.model.eval()
    batch = Passes(fit, np.arange(10))
    assert torch.allclose(batch.logits(batch.still()), batch.logits(), atol=1e-6)
    assert not torch.allclose(batch.logits(torch.randn_like(batch.still()) * batch.real()), batch.logits(), atol=1e-3)


def test_every_defence_of_the_loss_is_tested_here() -> None:
    from beside.core.registry import load

    assert [name for name in names("defences") if load("defences", name).touches == "loss"] == sorted([*OF_LOSS, *OF_WORDS])
