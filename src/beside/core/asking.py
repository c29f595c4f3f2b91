"""What may be asked beside the answer itself: the training rows near a text, and what an edit of it changes."""

from __future__ import annotations

from pydantic import computed_field

from beside.core.types import Prediction, Value


class Neighbour(Value):
    """A training row that lies near a text."""

    id: str
    text: str
    label: str | None
    similarity: float  # cosine of the embeddings, -1..1


class Neighbours(Value):
    """The training rows nearest to a text, nearest first."""

    rows: tuple[Neighbour, ...]
    of: int  # rows that were compared
    total: int  # training rows of the corpus


class WhatIf(Value):
    """What an edit changes: the answers to a text and to its edited copy."""

    before: Prediction
    after: Prediction

    @computed_field  # type: ignore[prop-decorator]
    @property
    def change(self) -> dict[str, float]:
        """Label -> its probability after minus before."""
        return {label: self.after.probabilities[label] - share for label, share in self.before.probabilities.items()}
