"""Private steps: true gradients, noise and sampling of the promised size, and after a kill the same steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from beside.core.errors import BadOption, GateClosed
from beside.core.recipe import Recipe
from beside.engine import ghost, private
from beside.engine.accountants import epsilon_of
from beside.engine.private import PrivateFit
from beside.engine.private_proof import exact, one_by_one, prove_gradients
from beside.engine.private_rules import delta_of

LABELS = ("no", "yes")
Make = Callable[..., PrivateFit]


class Centred(torch.nn.Module):
    """Takes the mean over the rows of a batch away."""

    def forward(self, vectors_BH: Tensor) -> Tensor:
        return vectors_BH - 0.5 * vectors_BH.mean(dim=0)


def weights(fit: PrivateFit) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in fit.model.state_dict().items()}


def sums(fit: PrivateFit, rows: list[int], clip: float) -> list[Tensor]:
    """The clipped sum of the gradients of rows that are units of their own."""
    with ghost.recording(list(fit.layers)) as fit.tape:
        return fit.clipped(np.array(rows), torch.arange(len(rows)), len(rows), clip)[0]


@pytest.mark.parametrize(
    "method, kind, frozen",
    [
        ("full", "bert", 0),
        ("full", "bert", 1),
        ("full", "roberta", 0),
        ("full", "electra", 0),
        ("lora", "bert", 0),
        ("lora", "roberta", 1),
        ("adapter", "bert", 0),
        ("adapter", "roberta", 1),
        ("probe", "bert", 0),
    ],
)
def test_clipped_gradients_are_those_of_rows_one_by_one(make_private: Make, method: str, kind: str, frozen: int) -> None:
    fit = make_private(method=method, kind=kind, frozen=frozen)
    before = weights(fit)
    prove_gradients(fit)  # what every training asks of itself
    assert all(tensor.equal(before[name]) for name, tensor in fit.model.state_dict().items())
    rows = list(range(12))
    with exact(fit):
        found = sums(fit, rows, 0.05)
        slow = [one_by_one(fit, np.array([row])) for row in rows]
    lengths = [float(torch.stack([part.norm() for part in own]).norm()) for own in slow]
    assert min(lengths) > 0.05  # every row is clipped
    for place, part in enumerate(found):
        wanted = sum(own[place] * 0.05 / length for own, length in zip(slow, lengths, strict=True))
        assert float((part - wanted).norm()) < 0.05 * 1e-3
    assert len(found) == sum(len(names) for names in fit.layers.values())


def test_a_proof_that_fails_ends_the_training_before_it_begins(make_private: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = ghost.squared_norms
    monkeypatch.setattr(ghost, "squared_norms", lambda layer, *rest: honest(layer, *rest) * 0.5)
    fit = make_private()
    with pytest.raises(BadOption, match="differ by"):
        fit.run(resume=False)
    assert fit.step == 0 and fit.checkpoint.facts() is None


def test_rows_that_see_each_other_are_found_out(make_private: Make) -> None:
    fit = make_private()
    fit.model.dropout = Centred()
    with pytest.raises(BadOption, match="differ by"):
        prove_gradients(fit)


@pytest.mark.parametrize(
    "settings", [{"defence": "rdrop"}, {"loss": "focal"}, {"label_smoothing": 0.1}, {"loss": "generalized_cross_entropy"}]
)
def test_every_loss_is_clipped_row_by_row(make_private: Make, settings: dict[str, Any]) -> None:
    fit = make_private(dropout=0.2, **settings)
    prove_gradients(fit)
    assert fit.together


def test_recomputed_activations_and_bf16_give_nearly_the_same_sums(make_private: Make) -> None:
    rows, plain = list(range(10)), make_private()
    expected = torch.cat([part.flatten() for part in sums(plain, rows, 0.05)])
    again = make_private(gradient_checkpointing=True)
    with private_economy(again):
        recomputed = torch.cat([part.flatten() for part in sums(again, rows, 0.05)])
    torch.testing.assert_close(recomputed, expected, rtol=1e-4, atol=1e-7)
    fast = torch.cat([part.flatten() for part in sums(make_private(precision="bf16"), rows, 0.05)])
    assert 0 < float((fast - expected).norm()) < 0.1 * float(expected.norm())
    assert float(fast.norm()) <= 10 * 0.05


def private_economy(fit: PrivateFit) -> Any:
    from beside.engine.recomputing import economical

    fit.model.train()
    return economical(fit.model, fit.recipe, False)


def test_one_row_more_moves_the_sum_by_the_clip_at_most(make_private: Make) -> None:
    fit, clip = make_private(dropout=0.0), 0.03
    with_, without = sums(fit, [0, 1, 2, 3, 4], clip), sums(fit, [0, 1, 3, 4], clip)
    moved = float(torch.stack([(one - other).norm() for one, other in zip(with_, without, strict=True)]).norm())
    assert 0.5 * clip < moved <= clip * (1 + 1e-5)


def gradients_of_a_step(fit: PrivateFit, drawn: np.ndarray) -> Tensor:
    """What the optimiser is given."""
    seen: list[Tensor] = []
    fit.optimizer.step = lambda: seen.append(torch.cat([parameter.grad.flatten() for parameter in fit.parameters]).clone())  # type: ignore[method-assign]
    with ghost.recording(list(fit.layers)) as fit.tape:
        fit.one_step([drawn])
    return seen[0]


def test_noise_has_the_promised_size_and_is_there_when_nobody_is_drawn(make_private: Make) -> None:
    fit = make_private(clip=1e-3)
    drawn = gradients_of_a_step(fit, np.array([], dtype=np.int64))
    spread = fit.noise * 1e-3 / fit.expected
    assert float(drawn.std()) == pytest.approx(spread, rel=0.03) and len(drawn) > 5000
    assert abs(float(drawn.mean())) < 5 * spread / np.sqrt(len(drawn))
    again = gradients_of_a_step(fit, np.array([], dtype=np.int64))
    assert again.equal(drawn)  # a pure function of key and step: a step taken again tells nothing new
    fit.step_in_epoch = 1
    assert not gradients_of_a_step(fit, np.array([], dtype=np.int64)).equal(drawn)


def test_the_sum_is_divided_by_the_expected_number_of_rows(make_private: Make) -> None:
    fit = make_private(clip=1e3, epsilon=100.0)
    fit.noise = 0.0
    rows = np.arange(5)
    found = gradients_of_a_step(fit, rows)
    expected = torch.cat([part.flatten() for part in sums(fit, rows.tolist(), 1e3)]) / 8  # batch_size, not the five drawn
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


def test_every_row_joins_steps_with_its_rate(make_private: Make) -> None:
    fit = make_private(rows=60, batch_size=6, epochs=40)
    counts = [len(units) for epoch in range(40) for units in fit.plan(epoch)]
    assert len(counts) == fit.steps == 400 and fit.rate == 0.1
    assert np.mean(counts) == pytest.approx(6, abs=5 * np.sqrt(60 * 0.1 * 0.9 / 400))
    assert len(set(counts)) > 5
    joined = np.bincount(np.concatenate([units for epoch in range(40) for units in fit.plan(epoch)]), minlength=60)
    assert joined.min() > 10 and joined.max() < 90


def test_what_is_spent_is_what_the_accountant_says_of_all_planned_steps(make_private: Make) -> None:
    scores = iter([0.9, 0.1, 0.1, 0.1, 0.1])
    fit = make_private(epochs=5, patience=1, evaluate=lambda model: {"macro_f1": next(scores), "loss": 1.0}, delta=1e-3)
    fitted = fit.run(resume=False)
    spent = fitted.spent
    assert spent is not None and len(fitted.history) < 5  # it stopped early, and the promise stays that of five passes
    known = {"rate": 8 / 40, "noise": spent["noise"], "steps": 25, "delta": 1e-3}
    assert spent["epsilon"] == epsilon_of("pld", **known) <= 4.0
    assert (spent["unit"], spent["accountant"], spent["units"], spent["steps"], spent["clip"]) == ("row", "pld", 40, 25, 0.1)
    assert all("loss" not in row for row in fitted.history)


def test_delta_is_below_a_tenth_of_a_units_share(make_private: Make) -> None:
    assert make_private(rows=40).delta == 1e-5
    assert make_private(rows=40, delta=1e-7).delta == 1e-7
    assert delta_of(Recipe(), 10**5) == 1e-6


def test_only_what_learns_changes(make_private: Make) -> None:
    fit = make_private(method="lora")
    before = weights(fit)
    fit.run(resume=False)
    learned = {name for names in fit.layers.values() for name in names}
    assert {name for name, tensor in fit.model.state_dict().items() if not tensor.equal(before[name])} == learned


def test_weights_that_changed_though_they_should_not_are_found(make_private: Make) -> None:
    fit = make_private(method="lora")
    step = fit.optimizer.step

    def corrupting() -> None:
        step()
        with torch.no_grad():
            next(tensor for name, tensor in fit.model.named_parameters() if "base_layer.weight" in name)[0, 0] += 1.0

    fit.optimizer.step = corrupting  # type: ignore[method-assign]
    with pytest.raises(GateClosed, match="changed that were not to learn"):
        fit.run(resume=False)


def test_a_person_with_many_rows_gives_no_more_than_one_with_a_single_row(make_private: Make) -> None:
    persons: list[str | None] = ["often"] * 25 + [f"once-{place}" for place in range(15)]
    fit = make_private(persons=persons, privacy_unit="person", clip=0.02)
    assert len(fit.units) == 16 and fit.rate == 0.5 and fit.spent["unit"] == "person"
    prove_gradients(fit)
    fit.noise = 0.0
    found = gradients_of_a_step(fit, np.array([0]))
    assert 0.5 * 0.02 < float(found.norm()) * fit.expected <= 0.02
    [(rows, units_B, count)] = list(fit.passes(np.array([0])))
    assert len(rows) == private.MOST_ROWS and count == 1 and set(units_B.tolist()) == {0}
    fit = make_private(persons=persons, privacy_unit="person")
    assert fit.run(resume=False).spent["units"] == 16  # type: ignore[index]


def test_passes_hold_whole_units_and_every_row_once(make_private: Make) -> None:
    persons: list[str | None] = [f"p{place // 3}" for place in range(40)]
    fit = make_private(persons=persons, privacy_unit="person")
    passes = list(fit.passes(np.arange(len(fit.units))))
    assert sorted(np.concatenate([rows for rows, _, _ in passes]).tolist()) == list(range(40))
    assert len(passes) > 1 and all(len(rows) <= private.ROWS_PER_PASS for rows, _, _ in passes)
    for rows, units_B, count in passes:
        owners = [{persons[row] for row in rows[units_B.numpy() == unit]} for unit in range(count)]
        assert all(len(own) == 1 for own in owners) and len(set.union(*owners)) == count
