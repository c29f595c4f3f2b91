"""Where a private training starts from: a head made of the labels' names, which are no secret, instead of one fitted on rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from beside.core.interfaces import Progress
from beside.core.recipe import Recipe
from beside.engine.automatic import is_spoken, spoken
from beside.engine.feed import Vectors
from beside.engine.fit import Rows
from beside.engine.model import HEAD
from beside.engine.probe import PROTOTYPE_SCALE
from beside.engine.runtime import TorchSubject


def started(subject: TorchSubject, names: Sequence[str], rows: Rows, recipe: Recipe, progress: Progress) -> Rows:
    """Makes the head ready, and the rows: where the head alone learns, what the encoder makes of them is computed once.

    A sentence encoder knows something of what a label is called. Where it does not, the head starts at zero: a random one would be
    one more noise to unlearn.
    """
    with torch.no_grad():
        subject.model.head.weight.zero_()
        subject.model.head.bias.zero_()
        if subject.model.pooling == "unit" and subject.task.single and all(is_spoken(label) for label in subject.labels):
            vectors_KH = subject.embed([spoken(label) for label in subject.labels])
            subject.model.head.weight.copy_(torch.from_numpy(PROTOTYPE_SCALE * (vectors_KH - vectors_KH.mean(axis=0))))
            progress.say(f"The head starts from what the base {recipe.base} makes of the labels' names.")
    return replace(rows, feed=Vectors(rows.feed)) if only_head(names) else rows


def only_head(names: Sequence[str]) -> bool:
    """Whether the head is all that learns."""
    return set(names) == set(HEAD)
