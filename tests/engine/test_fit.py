"""The one training loop does what its knobs say."""

from __future__ import annotations

import math
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from beside.core.errors import BadInput
from beside.core.recipe import Recipe
from beside.engine import fit as fitting
from beside.engine.descending import class_weights
from beside.engine.fit import Fit
from beside.engine.optimizer import schedule

Make = Callable[..., Fit]


def weights(fit: Fit) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in fit.model.state_dict().items()}


def differ(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> float:
    return max(float((first[name] - second[name]).abs().max()) for name in first)


def told(scores: list[float], losses: list[float] | None = None) -> Callable[[Any], dict[str, float]]:
    """An evaluation that gives these scores, epoch by epoch."""
    values: Iterator[tuple[float, float]] = iter(zip(scores, losses or [1.0] * len(scores), strict=True))

    def evaluate(model: Any) -> dict[str, float]:
        score, loss = next(values)
        return {"macro_f1": score, "loss": loss}

    return evaluate


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_the_loss_falls(make_fit: Make, mean_loss: Callable[[Fit], float], optimizer: str) -> None:
    rate = 1e-2 if optimizer == "adamw" else 1e-1
    fit = make_fit(optimizer=optimizer, epochs=4, learning_rate=rate, head_learning_rate=rate)
    before = mean_loss(fit)
    fitted = fit.run(resume=False)
    assert mean_loss(fit) < 0.7 * before
    assert [row["epoch"] for row in fitted.history] == [1, 2, 3, 4]
    assert fitted.history[-1]["loss"] < fitted.history[0]["loss"]


def test_bf16_products_give_nearly_the_weights_of_fp32_which_stay_fp32(make_fit: Make) -> None:
    exact, fast = make_fit(folder="exact", precision="fp32"), make_fit(folder="fast", precision="bf16")
    before = weights(exact)
    exact.run(resume=False)
    fast.run(resume=False)
    moved = differ(weights(exact), before)
    assert 0 < differ(weights(fast), weights(exact)) < moved
    assert {tensor.dtype for tensor in fast.model.state_dict().values() if tensor.is_floating_point()} == {torch.float32}


def test_the_two_optimizers_are_two(make_fit: Make) -> None:
    assert type(make_fit(optimizer="sgd").optimizer) is torch.optim.SGD
    assert type(make_fit(optimizer="adamw").optimizer) is torch.optim.AdamW


def test_biases_norms_and_the_head_do_not_decay(make_fit: Make) -> None:
    groups = make_fit(weight_decay=0.5, learning_rate=0.01, head_learning_rate=0.02).optimizer.param_groups
    decays = {(group["lr"], group["weight_decay"], all(p.ndim > 1 for p in group["params"])) for group in groups}
    assert decays == {(0.01, 0.5, True), (0.01, 0.0, False), (0.02, 0.0, True), (0.02, 0.0, False)}


@pytest.mark.parametrize("warmup, warm", [(0.0, 1), (0.1, 2), (0.5, 10), (1.0, 20)])
def test_the_rate_warms_up_then_decays_to_nothing(warmup: float, warm: int) -> None:
    factors = [schedule(Recipe(warmup=warmup), 20)(step) for step in range(21)]
    assert factors[:warm] == pytest.approx([(step + 1) / warm for step in range(warm)])
    assert factors[warm - 1] == 1.0
    assert all(later < earlier for earlier, later in zip(factors[warm:], factors[warm + 1 :], strict=False))
    assert factors[20] == 0.0 and all(0 < factor <= 1 for factor in factors[:20])


def test_a_constant_rate_stays_after_the_warm_up() -> None:
    factor = schedule(Recipe(warmup=0.2, schedule="constant"), 10)
    assert [factor(step) for step in (0, 1, 2, 9, 10)] == [0.5, 1, 1, 1, 1]


def test_the_rate_of_each_step_is_the_one_that_was_planned(make_fit: Make) -> None:
    fit = make_fit(epochs=2, rows=40, batch_size=8, learning_rate=0.01, head_learning_rate=0.1)
    seen, step = [], fit.optimizer.step

    def noted(*given: Any) -> Any:
        seen.append({round(group["lr"] / rate, 12) for group, rate in zip(fit.optimizer.param_groups, fit.rates, strict=True)})
        return step(*given)

    fit.optimizer.step = noted
    fit.run(resume=False)
    factor = schedule(fit.recipe, 10)
    assert seen == [{round(factor(place), 12)} for place in range(10)]


@pytest.mark.parametrize("weighted", [False, True])
def test_adding_up_gradients_equals_a_larger_batch(make_fit: Make, weighted: bool) -> None:
    given = {"epochs": 1, "clip_norm": 1.0, "weights_K": torch.tensor([0.5, 2.0]) if weighted else None}
    small, large = make_fit(batch_size=5, accumulation=4, **given), make_fit(batch_size=20, **given)
    # the same rows in each step, whatever batches they come in
    large.plan = lambda epoch: [torch.arange(start, start + 20).numpy() for start in range(0, 40, 20)]
    small.plan = lambda epoch: [torch.arange(start, start + 5).numpy() for start in range(0, 40, 5)]
    assert small.steps_per_epoch == large.steps_per_epoch == 2
    small.run(resume=False)
    large.run(resume=False)
    assert differ(weights(small), weights(large)) < 2e-5
    assert small.fitted.history[0]["loss"] == pytest.approx(large.fitted.history[0]["loss"], abs=1e-5)


def test_class_weights_change_what_is_learned(make_fit: Make) -> None:
    rare = ["no"] * 36 + ["yes"] * 4
    plain = make_fit(targets=rare, epochs=3)
    balanced = make_fit(targets=rare, epochs=3, weights_K=class_weights(torch.tensor([36, 4]).numpy()))
    said = []
    for fit in (plain, balanced):
        fit.run(resume=False)
        fit.model.eval()
        with torch.no_grad():
            said.append(float(fit.rows.feed.logits(torch.arange(40).numpy()).softmax(dim=1)[:, 1].mean()))
    assert said[1] > said[0] + 0.1, "the rare label weighs more"


def test_weights_are_inverse_frequencies_with_mean_one_over_the_rows() -> None:
    counts = torch.tensor([30, 10]).numpy()
    found = class_weights(counts)
    assert found.tolist() == pytest.approx([2 / 3, 2.0])
    assert float((found * torch.from_numpy(counts)).sum() / 40) == pytest.approx(1.0)


def test_label_smoothing_keeps_the_model_less_sure(make_fit: Make) -> None:
    sure = []
    for smoothing in (0.0, 0.3):
        fit = make_fit(epochs=8, label_smoothing=smoothing, learning_rate=1e-2)
        fit.run(resume=False)
        fit.model.eval()
        with torch.no_grad():
            sure.append(float(fit.rows.feed.logits(torch.arange(40).numpy()).softmax(dim=1).amax(dim=1).mean()))
    assert sure[1] < sure[0] - 0.05


def test_clipping_bounds_the_gradient_of_a_step(make_fit: Make) -> None:
    norms = []
    for clip in (0.0, 0.01):
        fit = make_fit(clip_norm=clip, optimizer="sgd")
        fit.one_step([torch.arange(8).numpy()])
        norms.append(math.sqrt(sum(float(p.grad.norm()) ** 2 for p in fit.trained if p.grad is not None)))
    assert norms[0] > 0.02 and norms[1] == pytest.approx(0.01, rel=1e-3)


def test_the_best_epoch_is_kept_and_equal_scores_go_to_the_lower_loss(make_fit: Make) -> None:
    fit = make_fit(epochs=4, evaluate=told([0.5, 0.8, 0.8, 0.6], [1.0, 0.9, 0.7, 0.1]))
    after: list[dict[str, torch.Tensor]] = []
    fit.on_epoch = lambda row: after.append(weights(fit))
    assert fit.run(resume=False).kept_epoch == 3
    assert differ(weights(fit), after[2]) == 0.0 < differ(after[2], after[3])


def test_without_a_tune_split_the_last_epoch_is_kept(make_fit: Make) -> None:
    assert make_fit(epochs=3).run(resume=False).kept_epoch == 3


@pytest.mark.parametrize("scores, epochs", [([0.9, 0.5, 0.5, 0.9], 3), ([0.1, 0.2, 0.2, 0.3], 4), ([0.5, 0.4, 0.6, 0.5], 4)])
def test_patience_ends_a_training_after_so_many_epochs_without_a_better_one(
    make_fit: Make, scores: list[float], epochs: int
) -> None:
    fitted = make_fit(epochs=4, patience=2, evaluate=told(scores)).run(resume=False)
    assert len(fitted.history) == epochs
    assert fitted.kept_epoch == scores.index(max(scores)) + 1


def test_no_patience_is_no_early_stop(make_fit: Make) -> None:
    assert len(make_fit(epochs=4, evaluate=told([0.9, 0.1, 0.1, 0.1])).run(resume=False).history) == 4


def test_a_loss_that_is_no_number_is_refused_with_what_to_do(make_fit: Make) -> None:
    fit = make_fit(model=None)
    with torch.no_grad():
        fit.model.head.bias[0] = float("nan")
    with pytest.raises(BadInput, match="nan in epoch 1") as refused:
        fit.run(resume=False)
    assert "learning_rate" in refused.value.hint


def test_progress_tells_the_epoch_the_loss_and_the_time_left(make_fit: Make) -> None:
    fit, notes = make_fit(epochs=2, rows=16), []
    fit.progress = type("Told", (), {"step": lambda _, *told: notes.append(told), "say": print})()
    fit.run(resume=False)
    assert [note[1:3] for note in notes] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert notes[2][3].startswith("epoch 2/2, loss 0.") and notes[2][3].endswith(" s left")


@pytest.mark.parametrize("stop_at", [1, 3, 4, 5, 8])
@pytest.mark.parametrize(("optimizer", "precision"), [("adamw", "fp32"), ("sgd", "fp32"), ("adamw", "bf16")])
def test_stopped_and_gone_on_it_ends_with_the_same_weights_bit_for_bit(
    make_fit: Make, stop_at: int, optimizer: str, precision: str
) -> None:
    given = {"epochs": 2, "rows": 40, "dropout": 0.3, "optimizer": optimizer, "precision": precision, "batch_size": 10}
    whole = make_fit(folder="whole", evaluate=told([0.5, 0.4]), **given)
    expected = whole.run(resume=False)
    first = make_fit(evaluate=told([0.5, 0.4]), **given)
    tell = first.tell
    first.tell = lambda: (tell(), signal.raise_signal(signal.SIGINT) if first.step == stop_at else None)
    with pytest.raises(KeyboardInterrupt):
        first.run(resume=False)
    second = make_fit(evaluate=told([0.5, 0.4][stop_at // 4 :]), **given)
    torch.manual_seed(99)  # whatever another process drew before
    found = second.run(resume=True)
    assert differ(weights(second), weights(whole)) == 0.0
    assert (found.history, found.kept_epoch) == (expected.history, expected.kept_epoch)


def test_ctrl_c_waits_for_the_end_of_the_step(make_fit: Make) -> None:
    fit, ended = make_fit(), []
    step = fit.optimizer.step
    fit.optimizer.step = lambda: (signal.raise_signal(signal.SIGINT), step(), ended.append(fit.step))
    with pytest.raises(KeyboardInterrupt):
        fit.run(resume=False)
    assert ended == [0] and fit.step == 1
    assert (fit.checkpoint.facts() or {})["step"] == 1
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_ctrl_c_does_not_wait(make_fit: Make) -> None:
    fit = make_fit()
    fit.optimizer.step = lambda: [signal.raise_signal(signal.SIGINT) for _ in range(2)]
    with pytest.raises(KeyboardInterrupt):
        fit.run(resume=False)
    assert fit.step == 0 and fit.checkpoint.facts() is None


def test_it_saves_when_so_many_seconds_have_passed(make_fit: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = []
    for seconds in (0.0, 1000.0):
        monkeypatch.setattr(fitting, "CHECKPOINT_SECONDS", seconds)
        fit, saves = make_fit(epochs=2, rows=40), []
        save = fit.save
        fit.save = lambda save=save, saves=saves: (saves.append(1), save())
        fit.run(resume=False)
        counts.append(len(saves))
    assert counts == [10, 0]


def test_a_checkpoint_of_another_training_is_refused(make_fit: Make) -> None:
    fit = make_fit(epochs=2)
    fit.one_epoch()
    fit.save()
    with pytest.raises(BadInput, match="does not fit this training: it has 10 steps, this one 15"):
        make_fit(epochs=3).run(resume=True)
    with pytest.raises(BadInput, match="does not fit"):
        other = make_fit(epochs=2)
        other.model.head = torch.nn.Linear(16, 5)
        other.run(resume=True)
