"""Losses for rare and for wrong labels, and what of it goes together."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from beside.core.errors import BadOption
from beside.core.recipe import Recipe
from beside.core.registry import load
from beside.engine.fit import Fit
from beside.engine.losses import Criterion, divergence, focal, generalized, must_agree, must_have_effect

Make = Callable[..., Fit]
CLASSIFY = load("tasks", "classify")


def batch(rows: int = 64, labels: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    rng = torch.Generator().manual_seed(0)
    return 3 * torch.randn(rows, labels, generator=rng), torch.randint(0, labels, (rows,), generator=rng)


def cost(logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None = None, **settings: Any) -> torch.Tensor:
    return Criterion(CLASSIFY, Recipe(**settings), weights)(logits, targets)


@pytest.mark.parametrize("weights", [None, torch.tensor([0.5, 1.0, 2.0, 0.1, 3.0])])
def test_focal_loss_without_its_power_is_cross_entropy_with_its_gradient(weights: torch.Tensor | None) -> None:
    logits, targets = batch()
    found = []
    for settings in ({}, {"loss": "focal", "focal_gamma": 0.0}):
        scores = logits.clone().requires_grad_()
        loss = cost(scores, targets, weights, **settings)
        found.append((loss, *torch.autograd.grad(loss, scores)))
    torch.testing.assert_close(found[0], found[1])


def test_generalised_cross_entropy_lies_between_cross_entropy_and_the_absolute_error() -> None:
    logits, targets = batch()
    near_zero = cost(logits.double(), targets, loss="generalized_cross_entropy", gce_q=1e-7)
    assert float(near_zero) == pytest.approx(float(cross_entropy(logits.double(), targets)), rel=1e-5)
    right = logits.softmax(dim=1)[torch.arange(len(targets)), targets]
    assert float(cost(logits, targets, loss="generalized_cross_entropy", gce_q=1.0)) == pytest.approx(
        float((1 - right).mean()), rel=1e-5
    )


@pytest.mark.parametrize("p", [1e-6, 0.1, 0.5, 0.9, 1 - 1e-6])
def test_losses_are_those_of_the_papers(p: float) -> None:
    right = torch.tensor([p], dtype=torch.float64).log()
    assert float(focal(right, 2.0)) == pytest.approx(-np.log(p) * (1 - p) ** 2, rel=1e-6)
    assert float(generalized(right, 0.7)) == pytest.approx((1 - p**0.7) / 0.7, rel=1e-6)


@pytest.mark.parametrize(
    "settings", [{"loss": "focal", "focal_gamma": 0.5}, {"loss": "focal"}, {"loss": "generalized_cross_entropy"}]
)
@pytest.mark.parametrize("sure", [200.0, -200.0])
def test_no_answer_is_too_sure_for_a_gradient(settings: dict[str, Any], sure: float) -> None:
    logits = torch.tensor([[sure, 0.0]], requires_grad=True)
    loss = cost(logits, torch.tensor([0]), **settings)
    loss.backward()
    assert torch.isfinite(loss) and torch.isfinite(logits.grad).all()


def test_the_divergence_is_the_mean_of_both_kullback_leiblers() -> None:
    first, second = batch()[0].log_softmax(dim=1), batch(64)[0].flip(0).log_softmax(dim=1)
    p, q = first.exp().numpy(), second.exp().numpy()
    both = ((p * np.log(p / q)).sum(1) + (q * np.log(q / p)).sum(1)) / 2
    assert float(divergence(first, second)) == pytest.approx(float(both.mean()), rel=1e-4)
    assert float(divergence(first, first)) == 0.0


def learned(loss: dict[str, Any], flipped: float) -> float:
    """Accuracy on clean rows of a small network that learned rows of which a share carries another label."""
    rng = np.random.default_rng(0)
    middles = rng.normal(0, 1, (4, 20))
    answers = np.arange(800) % 4
    vectors = torch.tensor(middles[answers] + rng.normal(0, 1.2, (800, 20)), dtype=torch.float32)
    told = np.where(rng.random(800) < flipped, (answers + rng.integers(1, 4, 800)) % 4, answers)
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(20, 64), torch.nn.ReLU(), torch.nn.Linear(64, 4))
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2)
    for _ in range(200):
        optimizer.zero_grad()
        Criterion(CLASSIFY, Recipe(**loss), None)(network(vectors[:400]), torch.tensor(told[:400])).backward()
        optimizer.step()
    return float((network(vectors[400:]).argmax(dim=1) == torch.tensor(answers[400:])).float().mean())


def test_with_two_labels_in_five_wrong_the_robust_loss_is_far_ahead_and_without_it_is_not() -> None:
    robust = {"loss": "generalized_cross_entropy"}
    assert learned(robust, 0.4) > learned({}, 0.4) + 0.1
    assert abs(learned(robust, 0.0) - learned({}, 0.0)) < 0.03


def test_balanced_sampling_learns_the_rare_label(make_fit: Make) -> None:
    rare = ["no"] * 36 + ["yes"] * 4
    said = []
    for sampling in ("none", "balanced"):
        fit = make_fit(targets=rare, epochs=3, sampling=sampling, folder=sampling)
        fit.run(resume=False)
        fit.model.eval()
        with torch.no_grad():
            said.append(float(fit.rows.feed.logits(np.arange(40)).softmax(dim=1)[:, 1].mean()))
    assert said[1] > said[0] + 0.1


def test_every_epoch_shows_each_label_equally_often_and_has_as_many_steps(make_fit: Make) -> None:
    fit = make_fit(targets=["no"] * 33 + ["yes"] * 7, sampling="balanced", epochs=3, folder="one")
    plans = [fit.plan(epoch) for epoch in range(3)]
    for plan in plans:
        shown = np.concatenate(plan)
        assert np.bincount([fit.rows.targets[row] == "yes" for row in shown]).tolist() == [33, 33]
        assert len(plan) == fit.steps_per_epoch == 9
    again = make_fit(targets=["no"] * 33 + ["yes"] * 7, sampling="balanced", epochs=3, folder="two").plan(1)
    assert all(np.array_equal(one, two) for one, two in zip(plans[1], again, strict=True))
    assert not np.array_equal(np.concatenate(plans[0]), np.concatenate(plans[1]))


SETTINGS = [
    {"loss": "focal", "sampling": "balanced"},
    {"loss": "generalized_cross_entropy", "defence": "rdrop", "rdrop_weight": 2.0},
    {"defence": "rdrop", "sampling": "balanced", "accumulation": 2},
]


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("stop_at", [1, 4, 5])
def test_stopped_and_gone_on_it_ends_with_the_same_weights(make_fit: Make, settings: dict[str, Any], stop_at: int) -> None:
    given = {"rows": 40, "dropout": 0.3, "targets": ["no"] * 30 + ["yes"] * 10, **settings}
    whole = make_fit(folder="whole", **given)
    whole.run(resume=False)
    first = make_fit(**given)
    tell = first.tell
    first.tell = lambda: (tell(), signal.raise_signal(signal.SIGINT) if first.step == stop_at else None)
    with pytest.raises(KeyboardInterrupt):
        first.run(resume=False)
    second = make_fit(**given)
    torch.manual_seed(99)
    second.run(resume=True)
    expected = whole.model.state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in second.model.state_dict().items())


@pytest.mark.parametrize(
    "settings, said",
    [
        ({"loss": "focal", "label_smoothing": 0.1}, "label_smoothing=0.1 with loss=focal"),
        ({"sampling": "balanced", "class_weights": "balanced"}, "count twice"),
        ({"focal_gamma": 1.0}, "focal_gamma has no effect with loss=cross_entropy"),
        ({"gce_q": 0.5, "loss": "focal"}, "gce_q has no effect with loss=focal"),
    ],
)
def test_knobs_that_do_not_go_together_are_refused_with_what_to_do(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(BadOption, match=said) as refused:
        must_agree(Recipe(**settings))
    assert "Set" in refused.value.hint or "Choose" in refused.value.hint


@pytest.mark.parametrize(
    "settings, steps, dropout, said",
    [
        ({"loss": "focal"}, False, True, "loss has no effect with method=probe"),
        ({"defence": "rdrop"}, True, False, "nothing that learns has dropout"),
    ],
)
def test_a_knob_without_effect_is_refused(settings: dict[str, Any], steps: bool, dropout: bool, said: str) -> None:
    with pytest.raises(BadOption, match=said):
        must_have_effect(Recipe(method="probe", **settings), steps, dropout)
    must_have_effect(Recipe(method="lpft", **settings), steps=True, dropout=True)


@pytest.mark.parametrize("settings", [{"loss": "focal"}, {"sampling": "balanced"}])
def test_a_task_without_probabilities_says_so(settings: dict[str, Any]) -> None:
    class Grade:
        """A task whose answers are numbers."""

    with pytest.raises(BadOption, match=r"for the task 'grade'"):
        Criterion(Grade(), Recipe(**settings), None)  # type: ignore[arg-type]
