"""AdaLoRA: ranks really move, the budget is met, its singular vectors stay near orthogonal, and a kill changes nothing."""

from __future__ import annotations

import signal
from typing import Any

import pytest
import torch

from beside.core.errors import BadOption
from beside.core.recipe import Recipe
from beside.core.registry import load
from beside.engine.fit import Fit
from beside.methods.adalora import Budget

KNOBS = {
    "method": "adalora",
    "adalora_rank": 3,
    "adalora_initial_rank": 6,
    "learning_rate": 2e-2,
    "batch_size": 5,
    "label_names": False,
}


@pytest.fixture
def budgets(monkeypatch: pytest.MonkeyPatch) -> list[Budget]:
    """The guides of the trainings that follow."""
    made: list[Budget] = []
    start = Budget.__init__
    monkeypatch.setattr(Budget, "__init__", lambda self, *given: (made.append(self), start(self, *given))[1])
    return made


def test_ranks_move_between_matrices_and_their_sum_is_the_budget(train: Any, budgets: list[Budget]) -> None:
    trained, heard, _ = train(epochs=4, **KNOBS)
    ranks = budgets[0].ranks()
    assert len(ranks) == 2 * 6 and sum(ranks.values()) == 3 * 12
    assert len(set(ranks.values())) > 1, "some matrices have more ranks than others"
    assert f"Ranks: 36 of 72 kept, the budget is 36; from {min(ranks.values())} to {max(ranks.values())} in a matrix." in heard.said
    assert trained.scores["accuracy"] > 1 / 3


def test_what_was_taken_away_stays_away(train: Any, budgets: list[Budget], monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[int] = []
    after = Budget.after

    def noted(self: Budget, step: int) -> None:
        after(self, step)
        values = [value for name, value in self.tuner.model.named_parameters() if ".lora_E" in name]
        left.append(sum(int((value != 0).sum()) for value in values))

    monkeypatch.setattr(Budget, "after", noted)
    train(epochs=4, **KNOBS)
    end, steps = budgets[0].end, len(left)
    assert steps == 36 and end == 36 - 14
    assert left[2] == 72 and set(left[end - 1 :]) == {36}, "all of them at first, the budget at the end"
    assert left[2] >= left[10] >= left[end - 1]


def test_only_weights_within_the_budget_are_kept(train: Any, budgets: list[Budget]) -> None:
    trained, heard, _ = train(epochs=3, patience=1, **KNOBS)
    kept = next(said for said in heard.said if said.startswith("Kept epoch"))
    assert len(trained.history) >= 2 and "Kept epoch 1 " not in kept
    assert not budgets[0].settled(9) and budgets[0].settled(18)


@pytest.mark.parametrize("stop_at", [2, 8, 15, 18, 26])
def test_killed_and_gone_on_it_ends_with_the_same_weights(train: Any, monkeypatch: pytest.MonkeyPatch, stop_at: int) -> None:
    given = {"epochs": 3, "dropout": 0.2, "lora_dropout": 0.1, **KNOBS}
    whole = train(name="whole", **given)
    step = Fit.one_step

    def interrupted(fit: Fit, group: Any) -> float:
        if fit.step == stop_at:
            signal.raise_signal(signal.SIGINT)
        return step(fit, group)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Fit, "one_step", interrupted)
        train(name="part", **given)
    gone_on = train(name="part", resume=True, **given)
    assert any(said.startswith("Resumed at step") for said in gone_on[1].said)
    assert (gone_on[2] / "model.safetensors").read_bytes() == (whole[2] / "model.safetensors").read_bytes()
    assert gone_on[0].history == whole[0].history


def test_the_penalty_is_nothing_for_orthogonal_vectors_and_drives_others_there(make_model: Any) -> None:
    model = make_model()
    method = load("methods", "adalora").configured(Recipe())
    method.attach(model)
    guide = method.guide(10)
    first = float(guide.penalty().detach())
    assert first > 0
    factors = [value for name, value in model.named_parameters() if ".lora_A" in name or ".lora_B" in name]
    optimizer = torch.optim.Adam(factors, lr=0.02)
    for _ in range(60):
        optimizer.zero_grad()
        guide.penalty().backward()
        optimizer.step()
    assert float(guide.penalty().detach()) < 0.8 * first
    with torch.no_grad():
        for value in factors:
            value.copy_(torch.linalg.qr(value.T)[0].T if value.shape[0] < value.shape[1] else torch.linalg.qr(value)[0])
    assert float(guide.penalty().detach()) == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_training_of_few_steps_meets_the_budget_too(make_model: Any, batch: Any, steps: int) -> None:
    model = make_model()
    method = load("methods", "adalora").configured(Recipe())
    method.attach(model)
    guide = method.guide(steps)
    for step in range(1, steps + 1):
        model(*batch).sum().backward()
        guide.after(step)
    assert guide.settled(steps) and 0 <= sum(guide.ranks().values()) <= 8 * 12


def test_a_budget_that_takes_nothing_away_is_refused(make_model: Any) -> None:
    with pytest.raises(BadOption, match="adalora_rank=12 is not below adalora_initial_rank=12") as refused:
        load("methods", "adalora").configured(Recipe(adalora_rank=12)).attach(make_model())
    assert "--method lora" in refused.value.hint
