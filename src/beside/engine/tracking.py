"""Training curves for TensorBoard, beside what the store keeps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def tensorboard(folder: Path) -> Callable[[dict[str, float]], None]:
    """A function that writes one epoch's numbers as TensorBoard scalars under `folder`."""
    from torch.utils.tensorboard import SummaryWriter  # slow to import: only when a training starts

    writer = SummaryWriter(str(folder))

    def write(row: dict[str, float]) -> None:
        for name, value in row.items():
            if name != "epoch":
                writer.add_scalar(name, value, int(row["epoch"]))
        writer.flush()

    return write
