"""Train every weight, starting from a fresh head."""

from __future__ import annotations

from torch import nn


class Full:
    """Fine-tuning as BERT proposed it (Devlin et al. 2019)."""

    probe_first = False

    def attach(self, model: nn.Module) -> list[str]:
        """All parameters learn."""
        return [name for name, _ in model.named_parameters()]


method = Full()
