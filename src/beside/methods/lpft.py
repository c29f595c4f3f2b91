"""Fit the head on the frozen encoder first, then train every weight from there (LP-FT)."""

from __future__ import annotations

from torch import nn


class LinearProbeThenFineTune:
    """A random head would distort good features in its first steps; a fitted one does not (Kumar et al. 2022)."""

    probe_first = True

    def attach(self, model: nn.Module) -> list[str]:
        """All parameters learn."""
        return [name for name, _ in model.named_parameters()]


method = LinearProbeThenFineTune()
