"""Fit the head on the frozen encoder first, then train every weight from there (LP-FT)."""

from __future__ import annotations

from beside.core.interfaces import Trainable


class LinearProbeThenFineTune:
    """A random head would distort good features in its first steps; a fitted one does not (Kumar et al. 2022)."""

    probe_first = True
    for_few = True

    def attach(self, model: Trainable) -> list[str]:
        """Everything learns but the layers that the recipe froze."""
        frozen = model.frozen_names()
        return [name for name, _ in model.named_parameters() if name not in frozen]


method = LinearProbeThenFineTune()
