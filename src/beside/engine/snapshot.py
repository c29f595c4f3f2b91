"""One training as a checkpoint holds it: what decides its rest, as tensors and plain numbers, and the way back."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from torch import Tensor

from beside.engine.checkpoint import State
from beside.engine.devices import put_random_state_back, random_state

if TYPE_CHECKING:
    from beside.engine.fit import Fit


@dataclass
class Fitted:
    """How a training went; the model holds the kept weights."""

    history: list[dict[str, float]] = field(default_factory=list)
    kept_epoch: int = 0
    seconds_before: float = 0.0  # spent before the kill that this process resumed from
    spent: dict[str, Any] | None = None  # of privacy: epsilon, delta, unit, accountant and what they follow from


def taken(fit: Fit) -> State:
    """Everything that decides the rest of a training."""
    tensors = {f"model.{name}": tensor for name, tensor in fit.model.state_dict().items()}
    tensors |= {f"best.{name}": tensor for name, tensor in (fit.best or {}).items()}
    moments = fit.optimizer.state_dict()["state"]
    tensors |= {
        f"moment.{index}.{name}": tensor for index, state in moments.items() for name, tensor in state.items() if tensor is not None
    }
    tensors |= {f"guide.{name}": tensor for name, tensor in (fit.guide.state() if fit.guide else {}).items()}
    tensors |= {f"defence.{name}": tensor for name, tensor in fit.defences.state().items()}
    tensors = {name: tensor.cpu() for name, tensor in tensors.items()} | random_state(fit.device)
    spent = fit.fitted.seconds_before + time.perf_counter() - fit.since
    facts: dict[str, Any] = {
        "step": fit.step,
        "steps": fit.steps,
        "epoch": fit.epoch,
        "step_in_epoch": fit.step_in_epoch,
        "loss_sum": fit.loss_sum,
        "best_score": list(fit.best_score) if fit.best else None,
        "threads": fit.recipe.threads,  # sums depend on it
        "scaler": fit.scaler.state_dict(),  # empty unless precision=fp16
        "fitted": {"history": fit.fitted.history, "kept_epoch": fit.fitted.kept_epoch, "seconds_before": spent},
    }
    return State(tensors=tensors, facts=facts)


def put_back(fit: Fit, state: State) -> None:
    """The state of this training from what `taken` made of it.

    Raises:
        KeyError, TypeError, ValueError, RuntimeError: it is that of another training.
    """
    facts, tensors = state.facts, state.tensors
    if facts["steps"] != fit.steps:
        raise ValueError(f"it has {facts['steps']} steps, this one {fit.steps}.")
    fit.model.load_state_dict(part(tensors, "model."))
    fit.best = part(tensors, "best.") or None
    moments: dict[int, dict[str, Tensor]] = {}
    for name, tensor in part(tensors, "moment.").items():
        index, _, key = name.partition(".")
        moments.setdefault(int(index), {})[key] = tensor
    fit.optimizer.load_state_dict({**fit.optimizer.state_dict(), "state": moments})
    if fit.guide is not None:
        fit.guide.put_back({name: tensor.to(fit.device) for name, tensor in part(tensors, "guide.").items()})
    fit.defences.put_back({name: tensor.to(fit.device) for name, tensor in part(tensors, "defence.").items()})
    put_random_state_back(fit.device, tensors)
    if facts.get("scaler"):
        fit.scaler.load_state_dict(facts["scaler"])
    fit.epoch, fit.step_in_epoch, fit.loss_sum = facts["epoch"], facts["step_in_epoch"], facts["loss_sum"]
    if facts["best_score"]:
        fit.best_score = (facts["best_score"][0], facts["best_score"][1])
    fit.fitted = Fitted(**facts["fitted"])
    fit.first = fit.step


def part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors under a prefix, without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
