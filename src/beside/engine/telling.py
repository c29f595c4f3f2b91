"""What a training says: how much learns, a line after each epoch, and at the end whose weights were kept."""

from __future__ import annotations

from collections.abc import Callable

import torch

from beside.core.interfaces import Progress
from beside.core.recipe import Recipe
from beside.engine.devices import peak_of
from beside.engine.fit import Fitted
from beside.engine.model import Model


def announcing(
    progress: Progress, write: Callable[[dict[str, float]], None] | None, watch: Callable[[dict[str, float]], None] | None = None
) -> Callable[[dict[str, float]], None]:
    """What happens after each epoch: a line for the person, numbers for TensorBoard and for whoever watches."""

    def on_epoch(row: dict[str, float]) -> None:
        nonlocal write
        progress.say("  ".join(f"{name} {value:.4g}" for name, value in row.items()))
        try:
            if write:
                write(row)
        except OSError as error:  # curves are a convenience: no training ends for want of them
            progress.say(f"The curves for TensorBoard cannot be written: {error}. The training goes on without.")
            write = None
        if watch:
            watch(row)

    return on_epoch


def kept_rule(fitted: Fitted, recipe: Recipe, has_tune: bool) -> str:
    """Which epoch's weights were kept, and by which rule."""
    if not has_tune:
        return f"Kept epoch {fitted.kept_epoch}, the last: there are no tune scores to choose by."
    patience = f"stop after {recipe.patience} epochs without a better one" if recipe.patience else "no early stop"
    kept = f"Kept epoch {fitted.kept_epoch} of {len(fitted.history)}"
    return f"{kept}: best score on the tune split, ties to the lower loss; {patience}."


def report_trainable(model: Model, names: list[str], probe_first: bool, progress: Progress) -> None:
    """Says how much of the model learns: nothing is frozen silently."""
    trained, total = trainable(model, names), sum(parameter.numel() for parameter in model.parameters())
    first = "; the head is fitted on frozen embeddings first" if probe_first and names else ""
    progress.say(f"Trainable {trained / 1e6:.2f} M of {total / 1e6:.2f} M parameters{first}.")


def report_peak(device: torch.device, progress: Progress) -> None:
    """Says how much of a graphics processor's memory was in use at most; the process's own is measured by who stores the run."""
    peak = peak_of(device)
    if peak is not None:
        progress.say(f"Peak memory of {device}: {peak / 2**30:.2f} GiB.")


def trainable(model: Model, names: list[str]) -> int:
    """Parameters that learn: by gradient steps, or the head alone by the probe."""
    learning = set(names) or {"head.weight", "head.bias"}
    return sum(parameter.numel() for name, parameter in model.named_parameters() if name in learning)
