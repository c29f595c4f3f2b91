"""What defences share: every promise of `core.defending`, kept as by one that does nothing; and moves within a ball.

Tensor suffixes: B batch, L sequence length, H hidden size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from beside.core.defending import Batch, Training
from beside.core.interfaces import Progress, Task
from beside.core.recipe import Recipe
from beside.core.types import Example

if TYPE_CHECKING:  # torch takes seconds to load, and lists need none
    from torch import Tensor


USUAL = 2.5  # radii that all steps of an ascent together could go: the edge is reached from any start (Madry et al. 2018)


class Base:
    """A defence and, for one that remembers nothing, what it does in a training. Members override what differs."""

    zh: ClassVar[str] = ""
    touches: ClassVar[Literal["loss", "weights", "rows"]] = "loss"
    row_by_row: ClassVar[int] = 0
    of_old: ClassVar[bool] = False
    of_head: ClassVar[bool] = False
    attacks: ClassVar[bool] = False
    local: ClassVar[bool] = True

    def configured(self, recipe: Recipe) -> Any:
        """No knob is its own."""
        return self

    def why_not(self, task: Task, recipe: Recipe) -> str | None:
        """It suits every task."""
        return None

    def rows(
        self, new: Sequence[Example], old: Sequence[Example], labels: Sequence[str], task: Task, progress: Progress
    ) -> list[Example]:
        """The rows as they are."""
        return list(new)

    def begin(self, training: Training) -> Any:
        """It remembers nothing."""
        return self

    def start(self) -> None:
        """Nothing is to be made ready."""

    def losses(self, batch: Batch) -> Iterator[Tensor]:
        """The plain loss."""
        yield batch.loss(batch.logits())

    def penalty(self) -> Tensor | None:
        """Nothing is added."""
        return None

    def after(self, step: int) -> None:
        """Nothing is done between steps."""

    def state(self) -> dict[str, Tensor]:
        """Nothing to keep."""
        return {}

    def put_back(self, tensors: dict[str, Tensor]) -> None:
        """Nothing was kept."""


def why_no_distance(task: Task) -> str | None:
    """Why two answers of a task have no divergence, a clause; None when they have one."""
    return None if hasattr(task, "log_probabilities") else "answers that are no choice among labels have no divergence"


def directed(gradient_BLH: Tensor) -> Tensor:
    """The gradient at length 1 for each row, (B, L, H); zero where it has no direction or is no number."""
    lengths_B11 = gradient_BLH.flatten(1).norm(dim=1)[:, None, None]
    sound_B11 = lengths_B11.isfinite() & (lengths_B11 > 0)
    return (gradient_BLH / lengths_B11.where(sound_B11, lengths_B11.new_ones(()))).where(sound_B11, gradient_BLH.new_zeros(()))


def within(shift_BLH: Tensor, radius_B11: Tensor) -> Tensor:
    """The nearest shift whose length is at most the radius, row by row."""
    lengths_B11 = shift_BLH.flatten(1).norm(dim=1)[:, None, None]
    return shift_BLH * (radius_B11 / lengths_B11.clamp_min(1e-12)).clamp_max(1.0)


def anywhere(batch: Batch, radius_B11: Tensor) -> Tensor:
    """A shift drawn evenly from each real number's range, of a length around the radius / sqrt(3), never beyond it; (B, L, H)."""
    import torch

    shift_BLH, real_BL1 = batch.still().detach(), batch.real()
    numbers_B11 = real_BL1.sum(dim=1, keepdim=True) * shift_BLH.shape[-1]
    drawn_BLH = (2 * torch.rand(shift_BLH.shape, device="cpu").to(shift_BLH.device) - 1) * real_BL1
    return drawn_BLH * (radius_B11 / numbers_B11.sqrt())
