"""Training curves for TensorBoard and for trackers, beside what the store keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from beside.core import registry
from beside.core.interfaces import Progress, Tracker, Tracking
from beside.core.recipe import Recipe


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


class Trackings:
    """The trackers of one training: told each epoch, and at the end what is kept. A tracker that fails ends no training.

    Args:
        names: of trackers, as in `trackers/`.
        home: folder where local ones keep what they are told.
        run: name of the run.
        about: what is known of it beforehand.

    Raises:
        UnknownName: there is no such tracker.
        BadOption: its package is not installed.
    """

    def __init__(self, names: Sequence[str], home: Path, run: str, about: Mapping[str, Any], progress: Progress) -> None:
        self.progress, self.epochs = progress, set[float]()
        known: dict[str, Tracker] = {name: registry.load("trackers", name) for name in dict.fromkeys(names)}
        self.open: dict[str, Tracking] = {name: tracker.open(home, run, about) for name, tracker in known.items()}

    def watch(self, row: dict[str, float], recipe: Recipe) -> None:
        """One epoch's numbers, as `train_model` tells them."""
        self.epochs.add(row["epoch"])
        self.each(lambda tracking: tracking.epoch(row))

    def end(self, recipe: Recipe, scores: Mapping[str, float], history: Sequence[dict[str, float]]) -> None:
        """The training ended well; epochs of before a kill are told now."""
        for row in history:
            if row["epoch"] not in self.epochs:
                self.watch(row, recipe)
        self.each(lambda tracking: tracking.end(recipe.model_dump(), scores))
        self.open = {}

    def __enter__(self) -> Trackings:
        return self

    def __exit__(self, *error: object) -> None:
        self.each(lambda tracking: tracking.fail())

    def each(self, tell: Callable[[Tracking], None]) -> None:
        """Tells every tracker; one that fails is told no more."""
        for name, tracking in list(self.open.items()):
            try:
                tell(tracking)
            except Exception as error:  # the libraries raise all kinds
                self.progress.say(f"The tracker {name} failed: {error}. The training goes on without it.")
                del self.open[name]
