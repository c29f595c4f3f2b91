"""Where a training keeps its state and who is told of it: what every verb that trains hands through to the loop."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from beside.core.interfaces import Progress
from beside.core.recipe import Recipe
from beside.engine.checkpoint import Checkpoint


class Watch(Protocol):
    """Told after each epoch."""

    def __call__(self, row: dict[str, float], recipe: Recipe) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Keeping:
    """What goes with a training and changes nothing of the model.

    Args:
        checkpoint: where its state is saved, and found after a kill.
        resume: go on from that state, when there is one.
        boards: folder of TensorBoard files, or None for none.
        progress: the person who waits.
        watch: told each epoch's numbers and the recipe with every knob filled in; what it raises ends the training.
    """

    checkpoint: Checkpoint
    progress: Progress
    resume: bool = False
    boards: Path | None = None
    watch: Watch | None = None


def continued(recipe: Recipe, keeping: Keeping) -> tuple[Recipe, Keeping]:
    """The recipe of what goes on, and whether it does: `resume` of the keeping says it, as `begun` found it."""
    before = begun(keeping.checkpoint, keeping.resume, keeping.progress)
    if before is None:
        return recipe, replace(keeping, resume=False)
    return recipe.model_copy(update={"threads": before["threads"]}), replace(keeping, resume=True)  # sums depend on threads


def begun(checkpoint: Checkpoint, resume: bool, progress: Progress) -> dict[str, Any] | None:
    """Where to go on from, or None for the beginning; what that means for earlier work is said."""
    before = checkpoint.facts() if resume else None
    if resume and before is None:
        progress.say("No step of this training was saved yet: it starts from the beginning.")
    if not resume and checkpoint.index.exists():
        progress.say("This very training was cut short before. It starts from the beginning; with --resume it would have gone on.")
    return before
