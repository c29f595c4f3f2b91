"""What a training says while it goes on: a line after each epoch, and at the end whose weights were kept."""

from __future__ import annotations

from collections.abc import Callable

from beside.core.interfaces import Progress
from beside.core.recipe import Recipe
from beside.engine.fit import Fitted


def announcing(progress: Progress, write: Callable[[dict[str, float]], None] | None) -> Callable[[dict[str, float]], None]:
    """What happens after each epoch: a line for the person, numbers for TensorBoard."""

    def on_epoch(row: dict[str, float]) -> None:
        nonlocal write
        progress.say("  ".join(f"{name} {value:.4g}" for name, value in row.items()))
        try:
            if write:
                write(row)
        except OSError as error:  # curves are a convenience: no training ends for want of them
            progress.say(f"The curves for TensorBoard cannot be written: {error}. The training goes on without.")
            write = None

    return on_epoch


def kept_rule(fitted: Fitted, recipe: Recipe, has_tune: bool) -> str:
    """Which epoch's weights were kept, and by which rule."""
    if not has_tune:
        return f"Kept epoch {fitted.kept_epoch}, the last: there is no tune split to choose by."
    patience = f"stop after {recipe.patience} epochs without a better one" if recipe.patience else "no early stop"
    kept = f"Kept epoch {fitted.kept_epoch} of {len(fitted.history)}"
    return f"{kept}: best score on the tune split, ties to the lower loss; {patience}."
